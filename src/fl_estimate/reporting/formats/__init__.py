"""One file for each output format, found by walking this folder: each registers itself with `reporting.renderers.renders`."""
