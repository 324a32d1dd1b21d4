"""Figures that offices and papers published, from the files they were made of."""
