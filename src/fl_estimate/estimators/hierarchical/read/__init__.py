"""What an area or unit model is given: direct estimates, covariates, neighbours and panels, read and checked at the door."""
