"""Augmentation: what each operation does, and whether training on its pictures helps."""

from __future__ import annotations

import streamlit as st

from artifacts.contract import AugmentationsSummary
from portal import ui
from portal.charts import augmentation
from portal.pictures import png, strip
from portal.runs import is_deck_data

manifest = ui.current_run().manifest
ui.opening("Does training on flipped, turned, distorted or partly erased copies make the network better?")
summary = ui.document(AugmentationsSummary)
pictures = ui.arrays("augmentations/pictures.npz")

st.subheader("Before and after")
shown = pictures["before"][:8]
names = [manifest.classes[label] for label in pictures["label"][:8]]
st.image(png(strip(shown), 3), alt=f"Before: {', '.join(names)}", caption="Before", width="content")
for name, after in zip(summary.ops, pictures["after"], strict=True):
    text = augmentation.OPS.get(name, name)
    st.image(png(strip(after[:8]), 3), alt=f"{text}, on the same garments", caption=text, width="content")

st.subheader("Does it help?")
with_deck = is_deck_data(manifest)
ui.chart(augmentation.trainsets(summary, with_deck=with_deck), see=augmentation.verdict(summary))
st.dataframe(augmentation.table(summary, with_deck=with_deck), hide_index=True, alt="The six trainsets")
st.caption(
    f"Sets 2 to 6 are the original images plus one augmented copy of each. {summary.recipe.architecture}, at most "
    f"{summary.recipe.epochs} epochs, batch {summary.recipe.batch_size}; ± is the standard deviation over seeds."
)

st.subheader("What the network is trained on")
number = st.segmented_control(
    "Trainset",
    [each.id for each in summary.sets if each.id > 1],
    default=2,
    key="augmentation_set",
    bind="query-params",
)
chosen = next((each for each in summary.sets if each.id == number and each.id > 1), summary.sets[1])
st.image(png(strip(shown), 3), alt="Original images", caption="Original", width="content")
drawn = png(strip(pictures["sets"][chosen.id - 2][:8]), 3)
st.image(drawn, alt=f"One draw of trainset {chosen.id}", caption=f"Set {chosen.id}: {chosen.title}", width="content")

ui.takeaway(f"A mean without its spread proves nothing. {augmentation.verdict(summary)}")
ui.provenance(split="validation", seeds=min(each.val_accuracy.n for each in summary.sets))
