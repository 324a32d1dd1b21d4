"""Tests of designs for hidden populations."""
