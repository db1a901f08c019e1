"""What the pipeline writes and the portal reads: the only thing that both know."""
