"""Network scale-up: how many people of hidden groups are known to those who are asked, by design and by models."""
