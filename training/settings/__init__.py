"""Every setting of the entries, a file for each matter; each class checks its own."""
