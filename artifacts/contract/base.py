"""What all documents of the contract share."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

SCHEMA = 1

Accuracy = Annotated[float, Field(ge=0.0, le=1.0)]
Counts = tuple[int, ...]


class ArtifactError(ValueError):
    """A run, document or array that is missing, damaged or of another schema; the text is one sentence for a person."""


class Document:
    """Base of all documents: unknown fields and numbers that are not finite are refused when one is decoded."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", allow_inf_nan=False)
