"""Tests of imputation."""
