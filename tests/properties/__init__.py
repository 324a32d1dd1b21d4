"""Properties that hold on random input."""
