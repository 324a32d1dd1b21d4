"""The family network: people told of by relatives, each with the number of those who could have told of them."""
