"""Unit tests of published figures computed again."""
