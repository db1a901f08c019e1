"""Predict: prepare your own pictures step by step, classify them, and explain the prediction."""

import streamlit as st

from portal.charts import predict
from portal.networks import inference
from portal.predict import cached, explain
from portal.ui import elements, photo
from portal.ui.networks import exported_networks

run = elements.current_run()
classes = run.manifest.classes
elements.opening(
    "What do the networks see in your own photo?",
    look="The prediction and, next to it, the 28 x 28 image that the network saw.",
    act="Send a photo of one garment on a plain background.",
)
models = exported_networks()
sent = photo.received()
above = st.container()  # the answer stands above the wishes that it depends on
wishes = photo.choices()
with above:
    results = photo.answered(sent, wishes)
    if not results:
        st.stop()
    shown = photo.picked(results)
    photo.verdict(shown)
    photo.strip(shown.preparation)
answer, preparation = shown.answer, shown.preparation

st.subheader("Why this prediction")
network = inference.by_name(models, answer.network)
hidden = elements.or_stop(
    "models", lambda run: cached.occlusion(run, network, preparation.image, classes.index(answer.top))
)
bars, parts = st.columns(2)
with bars:
    see = "The bars show which class fits best, not whether any fits. They add up to 100 % for a cat, too."
    elements.chart(predict.probability_bars(answer), see=see)
with parts, st.container(width=predict.HEAT_EDGE + 10):
    see = explain.occlusion_sentence(hidden, answer.top)
    elements.chart(predict.occlusion_chart(hidden, preparation.image), see=see)

st.subheader("The most similar training garments")
embedding = elements.arrays("final/embedding.npz")
near = elements.or_stop(
    "models", lambda run: cached.nearest(run, inference.final_model(models), embedding, preparation.image)
)
elements.gallery(near.images, [classes[label] for label in near.labels], columns=6, scale=4)
st.caption(f"By cosine similarity in the final model's embedding, among {len(embedding['gallery']):,} training images.")

st.subheader("What the other networks predict")
votes = elements.or_stop("models", lambda run: cached.votes(run, models, preparation.image))
elements.chart(predict.vote_chart(votes, classes), see=predict.vote_sentence(votes, classes))
elements.takeaway(
    "A network knows only its training images. The less your photo resembles them, the less its prediction means."
)
