"""The size of a hidden population from the order in which its people were recruited, by degree."""
