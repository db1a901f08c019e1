"""The networks, the autoencoder, and their sizes."""
