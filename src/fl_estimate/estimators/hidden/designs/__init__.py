"""Samples of places, clusters, frames, reports and phases, put together with their own weights."""
