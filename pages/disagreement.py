"""Disagreement: the images that split the networks, and what a vote makes of it."""

from __future__ import annotations

import streamlit as st

from artifacts.contract import ArchitecturesSummary
from portal import disagreement_ui, ui
from portal.analysis import disagreement
from portal.charts import disagreement as charts
from portal.networks_ui import validation_networks

ui.opening("Which images split the networks, and do they know more together than the best of them alone?")
summary = ui.document(ArchitecturesSummary)
networks = validation_networks(summary)
validation, classes = ui.arrays("data/validation.npz"), ui.current_run().manifest.classes
images = len(validation["labels"])
votes = disagreement.votes(networks, validation["labels"])
st.markdown(disagreement.vote_sentence(votes))
st.caption("The best network was picked on these same images, which flatters it a little; the vote picks nobody.")

left, right = st.columns(2, gap="medium")
with left:
    see = "The upper two rows are all networks together: by majority, and by the mean of their probabilities."
    ui.chart(charts.accuracy_chart(disagreement.accuracy_frame(votes), images), see=see)
with right:
    agreement = disagreement.agreement_frame(votes)
    ui.chart(charts.agreement_chart(agreement, images), see=disagreement.agreement_sentence(agreement))

ui.part("images", lambda: disagreement_ui.images(votes, networks, validation))

ui.takeaway(disagreement.takeaway(votes))
ui.provenance(split="validation", images=images)
