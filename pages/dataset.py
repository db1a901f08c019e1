"""The data set: classes and split, average images, samples, pixel values."""

import streamlit as st

from artifacts import deck
from artifacts.contract import EdaSummary
from portal.charts import dataset
from portal.core.text import percent
from portal.ui import elements

classes = elements.current_run().manifest.classes
elements.opening(
    "What do the images look like, and how are they split into training, validation, and test sets?",
    look="The average images: classes with similar averages are hard to tell apart.",
    act="Choose a class and look for two images that differ more than you expected.",
)
summary = elements.document(EdaSummary)
pictures = elements.arrays("eda/images.npz")
train_images = sum(summary.counts["train"])

elements.contents("The average image of each class", "Samples of one class", "Pixels")
frame = dataset.distribution_frame(summary, classes)
elements.chart(dataset.distribution(frame), see=dataset.balance(frame))
elements.beside_deck(dataset.split_rows(summary))
st.caption(deck.CONTRADICTIONS["split"])

st.subheader("The average image of each class")
elements.gallery(pictures["average"], classes, columns=10, scale=2.5)
st.caption("Each pixel is the mean over the training images of the class. A sharp average means that they look alike.")

st.subheader("Samples of one class")
name = st.selectbox("Class", classes, key="dataset_class", bind="query-params", width=280)
number = classes.index(name) if name in classes else 0
samples, indices = pictures["samples"][number], pictures["sample_index"][number]
elements.strip(samples[:12], alt=f"Images of class {name} at actual size", scale=1)  # twelve fit on a phone unshrunk
st.caption(
    f"Actual size: {samples.shape[1]} x {samples.shape[2]} pixels, all a network sees. Below, enlarged four times:"
)
elements.gallery(samples, [f"#{index}" for index in indices], columns=10)

st.subheader("Pixels")
left, right = st.columns(2, gap="medium")
with left:
    see = (
        f"{percent(summary.zero_share, 0)} of all pixels are black; mean {summary.pixel_mean:.1f}, standard deviation "
    )
    see += f"{summary.pixel_std:.1f} on the scale 0 to 255, which min-max scaling maps to 0 to 1."
    elements.chart(dataset.pixel_histogram(dataset.pixel_frame(summary), train_images), see=see)
with right:
    see = "Classes that fill the image equally cannot be told apart by size, only by shape."
    elements.chart(dataset.coverage(dataset.class_frame(summary, classes), train_images), see=see)

elements.takeaway(
    "Choices are made on the validation set; the test set is read once, at the end. No network trains on either before."
)
elements.provenance(split="train", images=train_images)
