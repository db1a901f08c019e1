"""A photo's bytes to a 28x28 image as Fashion-MNIST has them, every step inspectable."""

from artifacts.photo.decode import KINDS, MAX_BYTES, UploadError, decode
from artifacts.photo.prepare import GROUNDS, INVERTS, Choices, Facts, Preparation, Step, around, prepare, uneven, views

__all__ = [
    "GROUNDS",
    "INVERTS",
    "KINDS",
    "MAX_BYTES",
    "Choices",
    "Facts",
    "Preparation",
    "Step",
    "UploadError",
    "around",
    "decode",
    "prepare",
    "uneven",
    "views",
]
