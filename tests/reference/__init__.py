"""Values of peers, stored with where they came from."""
