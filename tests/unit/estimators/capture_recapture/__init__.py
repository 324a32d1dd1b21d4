"""Unit tests of capture-recapture."""
