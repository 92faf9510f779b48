"""What a trained model adds to the evidence: loading, predicting, contributions, calibration.

Invariants: nothing here needs LightGBM, a model is read from its text; a model never lowers what
the evidence says by itself; its contributions are exact and spread over evidence families, and the
safety rules apply to them as to any evidence. Learning is in ``zhenzan.training``.
"""
