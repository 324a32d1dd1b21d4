"""Unit tests of what is published and how it is shown."""
