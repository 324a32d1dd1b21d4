"""Unit tests of the coverage laboratory."""
