"""Files that older versions saved, and what made them."""
