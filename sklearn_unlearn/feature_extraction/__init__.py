"""Features of documents that unlearn."""
