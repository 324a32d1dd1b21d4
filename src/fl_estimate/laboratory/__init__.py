"""The coverage laboratory: does the interval of a method cover in a given survey? Drawn, estimated and counted."""
