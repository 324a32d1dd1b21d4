"""Unit tests of words: which languages there are, and how numbers and days are written."""
