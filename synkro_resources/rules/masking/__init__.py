"""Personal data leave as tokens: what is found in a text, how it is named, how it is found back (docs/analysis.md).

Pure functions and one object per episode; nothing here knows the database or a vendor.
"""

MASKER_VERSION = "k2"
"""Part of every analysis key: whatever changes a masked text raises it."""
