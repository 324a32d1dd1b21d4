"""Pictures: estimates with their intervals, maps, case lists, models and weights. matplotlib is known here."""
