"""The networks, the autoencoder, and their sizes."""

from pipeline.models.autoencoder import ConvAutoencoder
from pipeline.models.base import ImageClassifier, Taps
from pipeline.models.registry import ARCHITECTURES, Architecture, build

__all__ = ["ARCHITECTURES", "Architecture", "ConvAutoencoder", "ImageClassifier", "Taps", "build"]
