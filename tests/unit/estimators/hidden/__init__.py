"""Designs for hidden populations."""
