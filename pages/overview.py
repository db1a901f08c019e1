"""Overview: the study on one page."""

import streamlit as st

from artifacts import contract as c
from portal.charts import overview
from portal.ui import elements
from portal.ui import overview as overview_ui

manifest = elements.current_run().manifest
side, classes = manifest.image_size, manifest.classes
elements.opening(
    f"How well do small networks, trained from scratch, sort {side} x {side} pixel images into {len(classes)} classes, "
    "and which choices help?"
)
study = overview.Study(
    eda=elements.optional(c.EdaSummary),
    outliers=elements.optional(c.OutliersSummary),
    architectures=elements.optional(c.ArchitecturesSummary),
    augmentations=elements.optional(c.AugmentationsSummary),
    coarse=elements.optional(c.SearchSummary, c.SearchSummary.path("coarse")),
    fine=elements.optional(c.SearchSummary, c.SearchSummary.path("fine")),
    final=elements.optional(c.FinalSummary),
    errors=elements.optional(c.ErrorsSummary),
    feature_maps=elements.optional(c.FeatureMapsSummary),
    labels=elements.optional(c.LabelsSummary),
    champion=elements.optional(c.ChampionSummary),
    test_reads=len(manifest.test_reads),
)
with_deck = elements.with_deck()
st.markdown(overview.introduction(study, with_deck=with_deck))
frame = overview.journey_frame(study, with_deck=with_deck)
if len(frame):
    elements.chart(overview.journey(frame), see=overview.journey_sentence(frame))
if study.final:
    elements.provenance(split="test", images=study.final.test_images, seeds=len(study.final.seeds))

st.subheader("Try next")
overview_ui.invitations()
if pictures := elements.optional_arrays("eda/images.npz"):
    elements.gallery(pictures["samples"][:, 0], classes, columns=len(classes), scale=2.5)

st.subheader("The steps of the study")
overview_ui.steps(overview.findings(study, classes))

if study.final:
    st.subheader("Compared with the deck" if with_deck else "The figures")
    elements.beside_deck(overview.headline(study))
overview_ui.conditions(manifest)
elements.takeaway(
    "Choices are made on validation images. The test images come last, and each reading of them is on record."
)
