"""Unit tests of synthesis."""
