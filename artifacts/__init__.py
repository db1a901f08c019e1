"""What the pipeline writes and the portal reads, and how photos are prepared: the only thing that both know."""
