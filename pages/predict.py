"""Predict: your own pictures, prepared step by step, answered by the network for photos, and why it answers so."""

from __future__ import annotations

import streamlit as st

from portal import photo_ui, ui
from portal.charts import predict
from portal.networks import inference
from portal.networks_ui import exported_networks
from portal.predict import cached, explain

run = ui.current_run()
classes = run.manifest.classes
ui.opening("What do the networks see in your own picture?")
models = exported_networks()
sent = photo_ui.received()
above = st.container()  # the answer stands above the wishes that it depends on
wishes = photo_ui.choices()
with above:
    results = photo_ui.answered(sent, wishes)
    if not results:
        st.stop()
    shown = photo_ui.picked(results)
    photo_ui.verdict(shown)
    photo_ui.strip(shown.preparation)
answer, preparation = shown.answer, shown.preparation

st.subheader("Why this answer")
network = inference.by_name(models, answer.network)
hidden = ui.or_stop("models", lambda run: cached.occlusion(run, network, preparation.image, classes.index(answer.top)))
bars, parts = st.columns(2)
with bars:
    see = "The bars say which class fits best, not that any does: they add up to 100 % for a cat too."
    ui.chart(predict.probability_bars(answer), see=see)
with parts, st.container(width=predict.HEAT_EDGE + 10):
    ui.chart(predict.occlusion_chart(hidden, preparation.image), see=explain.occlusion_sentence(hidden, answer.top))

st.subheader("The most similar training garments")
embedding = ui.arrays("final/embedding.npz")
near = ui.or_stop(
    "models", lambda run: cached.nearest(run, inference.final_model(models), embedding, preparation.image)
)
ui.gallery(near.images, [classes[label] for label in near.labels], columns=6, scale=4)
st.caption(f"By the cosine in the final model's embedding, among {len(embedding['gallery']):,} training images.")

st.subheader("What the study's networks say")
votes = ui.or_stop("models", lambda run: cached.votes(run, models, preparation.image))
ui.chart(predict.vote_chart(votes, classes), see=predict.vote_sentence(votes, classes))
ui.takeaway(
    "A network knows only what it was trained on: the less your picture is like that, the less its answer says."
)
