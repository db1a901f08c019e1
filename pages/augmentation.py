"""Augmentation: what each operation does to an image, and whether training on the copies helps."""

import streamlit as st

from artifacts.contract import AugmentationsSummary
from portal.charts import augmentation
from portal.core.navigation import named
from portal.core.text import count
from portal.ui import elements

manifest = elements.current_run().manifest
elements.opening(
    "Does training on flipped, rotated, distorted, or partly erased copies improve the network?",
    look="The chart: intervals that overlap show no clear difference.",
    act="Choose a trainset and check whether you would still recognize each image.",
)
summary = elements.document(AugmentationsSummary)
pictures = elements.arrays("augmentations/pictures.npz")

st.subheader("Before and after")
garments = ", ".join(manifest.classes[label] for label in pictures["label"])
rows = [("Original", "as in the data set", pictures["before"])]
for op, after in zip(summary.ops, pictures["after"], strict=True):
    rows.append((*augmentation.OPS.get(op, (op, "")), after))
for name, text, images in rows:
    left, right = st.columns([1, 3], vertical_alignment="center")
    left.markdown(f"**{name}**  \n{text}")
    with right:
        elements.strip(images, alt=f"{name}: {garments}")

elements.link(named("playground"), "Try it on any garment")

st.subheader("Does it help?")
with_deck = elements.with_deck()
elements.chart(augmentation.trainsets(summary, with_deck=with_deck), see=augmentation.verdict(summary))
elements.table(augmentation.table(summary, with_deck=with_deck), alt="The six trainsets")
recipe = summary.recipe
budget = f"{recipe.architecture}, at most {count(recipe.epochs, 'epoch')}, batch {recipe.batch_size}"
st.caption(
    f"Trainsets 2 to 6 add one augmented copy of each image. ± is the standard deviation over n seeds. {budget}."
)

st.subheader("What the network trains on")
sets = {augmentation.short_title(each): each for each in summary.sets if each.id > 1}
picked = st.selectbox("Trainset", list(sets), key="augmentation_set", bind="query-params", width=280)
chosen = sets.get(picked) or next(iter(sets.values()))
elements.strip(pictures["before"], alt=f"Original: {garments}")
elements.strip(pictures["sets"][chosen.id - 2], alt=f"One sample of trainset {chosen.id}: {garments}")
st.caption(f"Top: originals. Bottom: one sample of trainset {chosen.id}, {chosen.title}. The network trains on both.")

elements.takeaway(
    "A mean without its spread proves nothing. Only where intervals do not overlap is one trainset clearly better."
)
elements.provenance(
    split="validation", images=summary.validation_images, seeds=min(each.val_accuracy.n for each in summary.sets)
)
