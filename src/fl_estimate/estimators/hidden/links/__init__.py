"""Link tracing: who is linked with whom in a sample, and how many people there must be."""
