"""The disclosure audit: what can be worked out from what is printed, and which further cells go."""
