"""Respondent-driven sampling: chains of recruitment, their weights, bootstraps and diagnostics."""
