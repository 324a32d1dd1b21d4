"""How the models are computed: exact integrals and importance sampling first, Markov chains where these fail."""
