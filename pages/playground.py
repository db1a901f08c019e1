"""Playground: change one garment with sliders and watch the predictions, next to measured robustness."""

import numpy as np
import streamlit as st

from artifacts.contract import AugmentationsSummary, RobustnessSummary
from portal.charts import playground, robustness
from portal.core.runs import command_for
from portal.predict import cached
from portal.ui import elements
from portal.ui import garment as garment_ui
from portal.ui import playground as playground_ui
from portal.ui.networks import exported_networks

elements.opening(
    "How far can you change a garment before the networks fail?",
    look="The predictions of all networks for the unchanged image.",
    act="Rotate the garment and find the angle at which most networks fail.",
)
models, classes = exported_networks(), elements.current_run().manifest.classes
garment = garment_ui.pick("playground")
mode = playground_ui.mode()
answers, sliders = st.columns([3, 2], gap="medium")
strengths: dict[str, float] = {}
with sliders:
    if mode == playground_ui.CORRUPT:
        changed, strengths = playground_ui.corrupted(garment.image)
    else:
        changed = playground_ui.augmented(garment.image)
before_after = np.stack([garment.image, changed])
given = elements.or_stop("models", lambda run: cached.ask_all(run, models, before_after))
target = playground.target_of(given, garment.label)
frame = playground.answers(given, target, classes)
with answers:
    elements.gallery(before_after, [f"Before: {garment.name}", "Changed"], columns=2, scale=5)
    see = playground.still_right(frame, classes[target], labelled=garment.label is not None)
    elements.chart(playground.answers_chart(frame, classes[target]), see=see)

if mode == playground_ui.CORRUPT:
    st.subheader("Measured on validation images")
    measured, trainsets = elements.optional(RobustnessSummary), elements.optional(AugmentationsSummary)
    if measured is None:
        st.caption(f"This run has no such curves yet: make them with `{command_for(RobustnessSummary.PATH)}`.")
    else:
        corruption, kind = playground_ui.shown_corruption(), playground_ui.compared()
        called, at = robustness.names(measured, trainsets), strengths[corruption.name]
        curve_frame = robustness.curve_frame(measured, corruption.name, kind, called)
        chart = robustness.curves(curve_frame, corruption, measured.validation_images, at)
        elements.chart(chart, see=robustness.sentence(curve_frame, corruption))
        if kind == "trainset" and trainsets and (verdict := robustness.practice(measured, corruption, trainsets)):
            st.markdown(verdict)
        middle = curve_frame["accuracy"].median() / 100
        elements.provenance(split="validation", images=measured.validation_images, accuracies_near=middle)
elements.takeaway(
    "Networks are reliable on images like those they were trained on. Rotated, blurred, or occluded garments can fool "
    "them, and the predicted probability does not always show it."
)
