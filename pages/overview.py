"""The study in one screen."""

from __future__ import annotations

import streamlit as st

from artifacts import contract as c
from portal import overview_ui, ui
from portal.charts import overview

manifest = ui.current_run().manifest
side, classes = manifest.image_size, manifest.classes
ui.opening(
    f"How well do small networks, trained from scratch, sort {side} x {side} pixel images into {len(classes)} classes, "
    "and which choices help?"
)
study = overview.Study(
    eda=ui.optional(c.EdaSummary),
    outliers=ui.optional(c.OutliersSummary),
    architectures=ui.optional(c.ArchitecturesSummary),
    augmentations=ui.optional(c.AugmentationsSummary),
    coarse=ui.optional(c.SearchSummary, c.SearchSummary.path("coarse")),
    fine=ui.optional(c.SearchSummary, c.SearchSummary.path("fine")),
    final=ui.optional(c.FinalSummary),
    errors=ui.optional(c.ErrorsSummary),
    feature_maps=ui.optional(c.FeatureMapsSummary),
    labels=ui.optional(c.LabelsSummary),
    champion=ui.optional(c.ChampionSummary),
    test_reads=len(manifest.test_reads),
)
with_deck = ui.with_deck()
st.markdown(overview.introduction(study, with_deck=with_deck))
overview_ui.invitations()
if pictures := ui.optional_arrays("eda/images.npz"):
    ui.gallery(pictures["samples"][:, 0], classes, columns=len(classes), scale=2.5)
with st.container(horizontal=True, gap="xsmall"):
    for metric in overview.metrics(study, manifest, with_deck=with_deck):
        overview_ui.metric(metric)
overview_ui.conditions(manifest)

st.subheader("The steps of the study")
overview_ui.steps(overview.findings(study, classes))

frame = overview.journey_frame(study, with_deck=with_deck)
if len(frame):
    ui.chart(overview.journey(frame), see=overview.journey_sentence(frame))
if study.final:
    st.subheader("Beside the deck" if with_deck else "The figures")
    ui.beside_deck(overview.headline(study))
    ui.provenance(split="test", images=study.final.test_images, seeds=len(study.final.seeds))
ui.takeaway(
    "Choices were made on validation images; the test images come at the end, and every reading of them is on record. "
    "Every figure says how many images and seeds stand behind it."
)
