"""Recovery of hidden populations: each design drawn many times from a population whose size is known. One module a design."""
