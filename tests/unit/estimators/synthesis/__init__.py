"""Unit tests of the hierarchical models."""
