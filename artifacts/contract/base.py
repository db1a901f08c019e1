"""Base class and error of all documents."""

from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

SCHEMA = 1

Accuracy = Annotated[float, Field(ge=0.0, le=1.0)]
Counts = tuple[int, ...]


class ArtifactError(ValueError):
    """A run, document, or array is missing, damaged, or of another schema; the message is one sentence for people."""


class Document:
    """Base class of all documents. Decoding refuses unknown fields and numbers that are not finite."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", allow_inf_nan=False)
