"""Tests of the designs for hidden populations."""
