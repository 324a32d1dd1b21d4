"""Unit tests of designs for hidden populations."""
