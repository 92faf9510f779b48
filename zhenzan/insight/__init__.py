"""The report: what the outputs say, for people, in English and Chinese.

This folder reads the files of an output folder and writes ``report.html`` beside them, nothing
else. It decides nothing: every number is read or summed, never scored again. Thresholds are
kept out of every text (design rule 8, T16). Entry point: ``write_report``.
"""

from zhenzan.insight.report import write_report

__all__ = ["write_report"]
