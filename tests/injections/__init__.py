"""What hostile texts do where they come out: texts, a study made of them, and readers that would obey."""
