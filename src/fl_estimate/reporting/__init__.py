"""What may be printed, and how: publication rules, words in three languages, tables, pictures, maps, reports."""
