"""Tests of whole files: damaged ones, and those of other readers' test suites."""
