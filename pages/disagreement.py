"""Disagreement: the images on which the networks disagree, and the accuracy of a vote."""

import streamlit as st

from artifacts.contract import ArchitecturesSummary
from portal.analysis import disagreement
from portal.charts import disagreement as charts
from portal.ui import disagreement as disagreement_ui
from portal.ui import elements
from portal.ui.networks import validation_networks

elements.opening(
    "On which images do the networks disagree, and do they know more together than the best one alone?",
    look="The two top rows: all networks combined against each one alone.",
    act="Set the slider to 0 and decide whether the networks or the labels are wrong.",
)
elements.contents("The images", "One image")
summary = elements.document(ArchitecturesSummary)
networks = validation_networks(summary)
validation, classes = elements.arrays("data/validation.npz"), elements.current_run().manifest.classes
images = len(validation["labels"])
votes = disagreement.votes(networks, validation["labels"])
st.markdown(disagreement.vote_sentence(votes))
st.caption(
    "The best network was selected on these images, so its figure is slightly optimistic. The vote selects nothing."
)

left, right = st.columns(2, gap="medium")
with left:
    see = "The two top rows combine all networks: by majority vote and by mean probability."
    elements.chart(charts.accuracy_chart(disagreement.accuracy_frame(votes), images), see=see)
with right:
    agreement = disagreement.agreement_frame(votes)
    elements.chart(charts.agreement_chart(agreement, images), see=disagreement.agreement_sentence(agreement))

elements.part("images", lambda: disagreement_ui.images(votes, networks, validation))

elements.takeaway(disagreement.takeaway(votes))
elements.provenance(split="validation", images=images)
