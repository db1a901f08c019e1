"""The networks that the pages compare: the study's seven, the champion if there is one, and own networks."""

import numpy as np
import streamlit as st

from artifacts.contract import ArchitecturesSummary, ChampionSummary, ExportedModel, ExportSummary
from portal.analysis import champion
from portal.networks import inference, own
from portal.ui import elements


def compared(summary: ArchitecturesSummary) -> ArchitecturesSummary:
    """The seven networks, and after them the champion of a run that has one."""
    return champion.beside(summary, elements.optional(ChampionSummary))


def validation_networks(summary: ArchitecturesSummary) -> dict[str, np.ndarray]:
    """Each network's probabilities, float16 or float32 (N, C), of the images in data/validation.npz, by its name.

    The study's are of each network's best epoch, trained on the train part alone (the exported champion was trained on
    these images too); own networks are asked once. What is missing, damaged or of other images (while a run is made
    again with another split) stops the page with one sentence.
    """
    images = len(elements.arrays("data/validation.npz")["labels"])
    study = {
        result.name: elements.arrays(champion.arrays_of(result.name))["val_probabilities"]
        for result in compared(summary).results
    }
    for name, probabilities in study.items():
        if len(probabilities) != images:
            elements.stop_with(
                f"{name} answered {len(probabilities):,} validation images and this run has {images:,}: "
                "it is not finished, so start `python -m pipeline run-all` again."
            )
    return study | elements.or_stop(own.VALIDATION, own.validation_answers)


def exported_networks() -> tuple[ExportedModel, ...]:
    """The networks that can be asked live: the exported ones, and after them the champion of a run that has one.

    A champion whose file is missing or damaged is left out, with a sentence if it is damaged.
    """
    models, summary = elements.document(ExportSummary).models, elements.optional(ChampionSummary)
    if summary is None:
        return models
    model = champion.named(summary.model)
    return (
        models if elements.or_none(model.file, lambda run: inference.network(run, model)) is None else (*models, model)
    )


def say_own_networks() -> None:
    """In the sidebar, for the entrypoint: which own networks take part, and which folders hold one that cannot."""
    found = own.own_networks(elements.current_run())
    for network in found.networks:
        author = f", by {network.author}" if network.author else ""
        st.sidebar.text(f"{network.name}: {network.parameters:,} parameters{author}")
    for fault in found.faults:
        st.sidebar.text(fault)
