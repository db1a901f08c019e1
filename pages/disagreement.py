"""Disagreement: the images that split the networks, and what a vote makes of it."""

from __future__ import annotations

import streamlit as st

from artifacts.contract import ArchitecturesSummary
from portal import disagreement, ui
from portal.charts import disagreement as charts
from portal.charts.predict import vote_chart
from portal.networks_ui import validation_networks

SHOWN = 24
ANYBODY = "whoever"

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

st.subheader("The images")
left, right = st.columns(2, gap="medium")
with left:
    number = st.select_slider(
        "Networks that are right", range(len(networks) + 1), value=1, key="disagreement_right", bind="query-params"
    )
with right:
    alone = ANYBODY
    if number == 1:
        options = [ANYBODY, *networks]
        alone = st.selectbox("Who is right alone", options, key="disagreement_alone", bind="query-params")
ui.chart(charts.split_chart(disagreement.split_frame(votes), number, images), see=disagreement.split_sentence(votes))
found = disagreement.chosen_images(votes, number, alone)
page = 1
if len(found) > SHOWN:
    page = st.pagination(-(-len(found) // SHOWN), key="disagreement_page", bind="query-params")
shown = found[(page - 1) * SHOWN : page * SHOWN]
captions = [f"#{n} {classes[validation['labels'][n]]}: {disagreement.tally(votes, n, classes)}" for n in shown]
ui.gallery(validation["images"][shown], captions, columns=6, scale=4)
st.caption(f"{len(found):,} images, the most divided first; under each its row, its label and the networks' answers.")
if len(shown):
    st.subheader("One image")
    names = [f"#{n}" for n in shown]
    picked = st.selectbox("One of the images above", names, key="disagreement_image", bind="query-params", width=280)
    one = int(shown[names.index(picked) if picked in names else 0])
    answers = {name: probabilities[one] for name, probabilities in networks.items()}
    ui.chart(vote_chart(answers, classes), see=disagreement.image_sentence(votes, one, classes))

ui.takeaway(disagreement.takeaway(votes))
ui.provenance(split="validation", images=images)
