"""Predict: your own picture, prepared step by step, then asked of every exported network."""

from __future__ import annotations

import hashlib

import numpy as np
import streamlit as st

from artifacts.contract import ExportSummary
from portal import inference, photo, ui
from portal.charts import predict

UPLOAD, CAMERA, TEST = "Upload", "Camera", "Test image"


@st.cache_data(max_entries=64, show_spinner=False)
def prepared(sha256: str, size: int, _data: bytes) -> photo.Preparation:
    """Keyed on the picture's sum, so that its bytes are kept nowhere; UploadError is a sentence for the person."""
    return photo.prepare(photo.decode(_data), size=size)


run = ui.current_run()
classes, size = run.manifest.classes, run.manifest.image_size
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
    sent = st.camera_input(label, key="predict_camera") if source == CAMERA else st.file_uploader(label, key="predict_file")
    if sent is None:
        ui.stop_with("Send a picture to see what the networks answer, or choose a test image.")
    data = sent.getvalue()
    try:
        preparation = prepared(hashlib.sha256(data).hexdigest(), size, data)
    except photo.UploadError as error:
        ui.stop_with(str(error))

votes = {model.name: inference.network(run, model).predict(preparation.image[None]).probabilities[0] for model in models}
final = next(model.name for model in models if model.role == "final")
top = int(votes[final].argmax())
st.metric("The final model's answer", classes[top], f"{votes[final][top]:.1%} sure", delta_color="off", delta_arrow="off")

st.subheader("How the picture was prepared")
with st.container(horizontal=True):
    for step in preparation.steps:
        st.image(predict.enlarged(step.image), caption=f"{step.name}. {step.caption}", width=168, alt=step.name)

ui.chart(predict.probability_bars(votes[final], classes), see="The bars say which class fits best, not that any does: they add up to 100 % for a cat too.")
ui.chart(predict.vote_chart(votes, classes), see=predict.vote_sentence(votes, classes))
ui.takeaway(
    "A network knows only what it was trained on: the closer your picture comes to a bright garment on black, "
    "28 x 28 pixels small, the more its answer is worth."
)
