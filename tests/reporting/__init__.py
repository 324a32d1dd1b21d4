"""Tests of whole reports: what stands in them, and what must not."""
