"""What is measured: features declared once, as data, and compiled to a plan that engines run.

Entry points: ``zhenzan.features.library.FEATURES`` (what is built in) and
``zhenzan.features.compile.compile_features`` (declarations to plan).
"""
