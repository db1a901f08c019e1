"""Outliers: training images with the highest autoencoder reconstruction error."""

import streamlit as st

from artifacts.contract import OutliersSummary
from portal.charts import outliers
from portal.core.text import count
from portal.ui import elements

classes = elements.current_run().manifest.classes
elements.opening(
    "Which training images are unlike all others: wrong labels, rare garments, or just hard to reconstruct?",
    look="The image with the highest reconstruction error of each class.",
    act="Move the slider and see which class gains the most images above the threshold.",
)
summary = elements.document(OutliersSummary)
errors = elements.arrays("outliers/errors.npz")
worst = elements.arrays("outliers/worst.npz")
st.markdown(
    f"A convolutional autoencoder ({summary.parameters:,} parameters, {count(summary.epochs, 'epoch')}) compresses "
    "every image through a bottleneck and reconstructs it. It reconstructs rare images badly, so a high error marks an "
    "outlier."
)

share = st.slider(
    "Share of images to look at (%)", 0.1, 5.0, 1.0, 0.1, format="%.1f", key="outliers_share", bind="query-params"
)
limit = outliers.limit_of(errors["error"], share / 100)
above = outliers.above_frame(errors["error"], errors["label"], limit, classes)
left, right = st.columns(2, gap="medium")
with left:
    see = f"{share:.1f} % of the images have an error above {limit:.4f}. The logarithmic axis makes them visible."
    elements.chart(outliers.histogram(outliers.histogram_frame(summary), summary.images, limit), see=see)
with right:
    most = above.loc[above["images"].idxmax()]
    see = f"{most['class']} leads with {most['images']:,}: detailed images are hard to reconstruct, not wrong."
    elements.chart(outliers.above_by_class(above), see=see)

st.subheader("The highest error of each class")
first = outliers.pairs(worst["images"][:, 0], worst["reconstructions"][:, 0])
captions = [f"{name}, {error:.3f}" for name, error in zip(classes, worst["error"][:, 0], strict=True)]
elements.gallery(first, captions, columns=5, scale=2.5)
st.caption("Left: image. Right: reconstruction. The number is the reconstruction error.")

st.subheader("More of one class")
name = st.selectbox("Class", classes, key="outliers_class", bind="query-params", width=280)
number = classes.index(name) if name in classes else 0
found = outliers.pairs(worst["images"][number], worst["reconstructions"][number])
entries = zip(worst["index"][number], worst["error"][number], strict=True)
elements.gallery(found, [f"#{index}, {error:.3f}" for index, error in entries], columns=5, scale=2.5)
st.caption(
    f"The {len(found)} highest errors of {name}; # is the number in the training file. Mean error of the class: "
    f"{summary.class_mean_error[number]:.4f}."
)

elements.takeaway("A high error means unusual, not wrong. Look before you delete.")
elements.provenance(split="training and validation", images=summary.images)
