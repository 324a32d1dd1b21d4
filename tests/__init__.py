"""Tests: one folder a kind; tests/README.md says what each file proves."""
