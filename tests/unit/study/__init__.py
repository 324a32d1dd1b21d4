"""Unit tests of study files, result folders and runs."""
