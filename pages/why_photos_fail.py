"""Why photos fail: domain shift, measured step by step on photographs that are not part of the project."""

import streamlit as st

from artifacts.contract import ExportSummary, PhotoTraining
from portal.charts import photos
from portal.core import pictures
from portal.core.navigation import named
from portal.networks import inference
from portal.predict import cached
from portal.ui import elements, photo

classes = elements.current_run().manifest.classes
elements.opening(
    "Why does a network that does so well on its test images fail on a photo taken at home?",
    look="The same images, inverted: dark and light exchanged, nothing else.",
    act="Choose a step and compare its bars with those of the last step.",
)
models, test = elements.document(ExportSummary).models, elements.arrays("data/test.npz")

st.subheader("The same garments on a light background")
chosen = pictures.first_of_each(test["labels"], len(classes))
plain, labels = test["images"][chosen], test["labels"][chosen]
light = photos.light_ground(plain)
final = elements.or_stop("models", lambda run: inference.final_model(models))
answers = [
    elements.or_stop("models", lambda run: cached.classes(run, final, images))  # noqa: B023 - called at once
    for images in (plain, light)
]
for images, given in zip((plain, light), answers, strict=True):
    elements.gallery(images, [classes[number] for number in given], columns=len(chosen), scale=2.5)
st.caption(f"Top: test images. Below: inverted. Captions: predictions. {photos.ground_sentence(labels, *answers)}")

figures = photo.figures()
frame = photos.step_frame(figures)
st.subheader("Preparation, step by step")
elements.chart(photos.step_chart(frame, figures), see=photos.step_sentence(figures))
st.markdown(photos.lost_sentence(figures))
st.markdown("\n".join(f"{row.step} ({row.network}): {row.what}" for row in frame.itertuples()))

st.subheader("One step in detail")
steps = dict(zip(frame["step"], figures.steps, strict=True))
step = steps[st.selectbox("Step", steps, len(steps) - 1, key="why_photos_fail_step", bind="query-params", width=360)]
bars, cells = st.columns(2, gap="medium")
with bars:
    elements.chart(photos.label_chart(step, figures), see=step.what)
with cells:
    elements.chart(photos.answer_chart(step, figures), see=photos.answer_sentence(step, figures.classes))
st.markdown(photos.rejection_sentence(figures))
st.caption(f"{photos.provenance(figures)} {photos.trained_on(elements.optional(PhotoTraining))}")
if not photos.same_networks(figures, photo.network_sums(models)):
    st.info("These figures were measured with other networks than those of this run.", icon=":material/info:")
elements.link(named("predict"), "Try a photo of your own")
elements.takeaway(
    "A network also learns background, shade, pose, and lighting of its training images. Make new pictures look like "
    "them, or train on images like the new ones. A better test score does neither."
)
