"""The limits of the report: each has a name, so that its size and its time stay bounded."""

from __future__ import annotations

from typing import Final

ITEM_CARDS_MAX: Final = 12
"""Most affected items that get reasons, a raster and a funnel."""

GROUP_CARDS_MAX: Final = 8
"""Groups that get a claim, a raster, a matrix and a graph; all others are rows of the table."""

BENIGN_CARDS_MAX: Final = 4
"""The same for groups in benign lockstep, which are listed apart."""

GROUP_ROWS_MAX: Final = 500
"""Rows of the table of groups, and of that of benign lockstep."""

GROUP_PAIRS_SHOWN: Final = 3
"""Pairs of accounts named under a group's claim."""

GROUP_NAMES_SHOWN: Final = 10
"""Members and targets of a group that are named; the output files name all."""

POOL_ROWS_MAX: Final = 20
"""Pools of accounts that are listed with the groups they serve."""

GROUP_MEMBERS_DRAWN: Final = 120
"""Members (rows) in the raster of a group, those with most evidence."""

MATRIX_MEMBERS_MAX: Final = 48
"""Members (columns) in the matrix of a group."""

MATRIX_TARGETS_MAX: Final = 36
"""Targets (rows) in the matrix of a group."""

MATRIX_OTHERS_MAX: Final = 12
"""Other items of the members beside the targets, to show that they are left alone."""

GRAPH_MEMBERS_MAX: Final = 60
"""Members in the graph of a group."""

GRAPH_TARGETS_MAX: Final = 24
"""Targets in the graph of a group."""

GRAPH_LIKES_MAX: Final = 700
"""Likes drawn as lines in the graph of a group; more are thinned evenly, all of them pull."""

GRAPH_PAIRS_MAX: Final = 60
"""Pairs of members drawn as strong lines in the graph of a group."""

RASTER_ACCOUNTS_MAX: Final = 160
"""Accounts (rows) drawn in one raster; more are sampled evenly and the report says so."""

RASTER_MARKS_MAX: Final = 4_000
"""Likes (marks) drawn in one raster; the item's own likes come first."""

RASTER_COLUMNS: Final = 800
"""Steps into which a raster's time axis is cut; marks in one step become one mark."""

RASTER_LIKES_SCANNED_MAX: Final = 400_000
"""Likes of the drawn accounts that are read for all rasters together."""

TABLE_ROWS_MAX: Final = 50
"""Rows of the tables of items, accounts and merchants."""

REJECT_SAMPLES_MAX: Final = 3
"""Rejected rows shown for each reason."""

REJECT_REASONS_MAX: Final = 40
"""Different reasons for rejection that are listed."""

TIMELINE_BARS_MAX: Final = 96
"""Bars of the chart over time; longer logs get wider bars."""

ID_CHARS_MAX: Final = 40
"""Characters of an id that are shown; the middle of a longer one is left out."""

RAW_CHARS_MAX: Final = 240
"""Characters of a rejected row, of its detail and of a reason's text that are shown."""

CATEGORY_ITEMS_MIN: Final = 5
"""Items that a category needs to say what is usual; smaller ones use the whole log."""

BURST_LIKES_MIN: Final = 30
"""Likes in one hour from which a rise is looked at in the honest-protection panel."""

BURST_RATIO_MIN: Final = 6.0
"""How many times its other hours' mean an item's highest hour must be to be called a rise."""

KEPT_SHARE_MIN: Final = 0.9
"""Part of its likes that an item must keep to be listed among rises that kept their likes."""

SETTINGS_ROWS_MAX: Final = 60
"""Rows listed under "how it was computed"."""

MEMORY_LIMIT: Final = "1GB"
"""Memory that the queries may use; beyond it they spill to disk."""
