"""An invented company in both vendors' own shapes, and the truth that was planted in it."""
