"""Predict: your own picture, prepared step by step, then asked of every exported network."""

from __future__ import annotations

import hashlib

import numpy as np
import streamlit as st

from artifacts.contract import ExportSummary
from portal import inference, photo, ui
from portal.charts import predict
from portal.text import percent

UPLOAD, CAMERA, TEST = "Upload", "Camera", "Test image"


@st.cache_data(max_entries=64, show_spinner=False)
def prepared(sha256: str, size: int, _data: bytes) -> photo.Preparation:
    """Keyed on the picture's sum: what is kept are the small pictures of the steps, never the upload itself."""
    return photo.prepare(photo.decode(_data), size=size)


manifest = ui.current_run().manifest
classes, size = manifest.classes, manifest.image_size
ui.opening("What do the networks see in your own picture?")
models = ui.document(ExportSummary).models
source = st.segmented_control(
    "Picture from", [UPLOAD, CAMERA, TEST], default=UPLOAD, key="predict_source", bind="query-params", required=True
)
if source == TEST:
    images = ui.arrays("data/test.npz")["images"]
    last = len(images) - 1
    number = st.number_input(f"Number, 0 to {last}", 0, last, 0, key="predict_index", bind="query-params", width=280)
    preparation = photo.prepare(np.repeat(images[number][..., None], 3, axis=2), size=size)
else:
    label = "One garment on a plain ground works best; the picture stays in memory and is never saved."
    widget = st.camera_input if source == CAMERA else st.file_uploader
    sent = widget(label, key=f"predict_{source.lower()}")
    if sent is None:
        ui.stop_with("Send a picture to see what the networks answer, or choose a test image.")
    data = sent.getvalue()
    try:
        preparation = prepared(hashlib.sha256(data).hexdigest(), size, data)
    except photo.UploadError as error:
        ui.stop_with(str(error))

votes = ui.or_stop("models", lambda run: inference.votes(run, models, preparation.image))
answer = votes[inference.final_model(models).name]
sure = f"{percent(answer.max(), 1)} sure"
st.metric("The final model's answer", classes[answer.argmax()], sure, delta_color="off", delta_arrow="off")

st.subheader("How the picture was prepared")
with st.container(horizontal=True):
    for step in preparation.steps:
        caption = f"{step.name}. {step.caption}"
        st.image(predict.enlarged(step.image), caption=caption, width=predict.STEP_WIDTH, alt=step.name)

see = "The bars say which class fits best, not that any does: they add up to 100 % for a cat too."
ui.chart(predict.probability_bars(answer, classes), see=see)
ui.chart(predict.vote_chart(votes, classes), see=predict.vote_sentence(votes, classes))
ui.takeaway(
    "A network knows only what it was trained on: the less your picture is like that, the less its answer says."
)
