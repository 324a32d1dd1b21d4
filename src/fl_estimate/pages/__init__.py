"""Pages that stand alone: the base that all share, its style, and the one place where a template is filled in."""
