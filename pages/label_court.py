"""Label court: labels that the networks doubt, and outliers, judged by the visitor first."""

import streamlit as st

from artifacts.contract import ArchitecturesSummary, LabelsSummary
from portal.analysis import label_court
from portal.charts import label_court as charts
from portal.ui import elements
from portal.ui import label_court as label_court_ui
from portal.ui.networks import validation_networks

elements.opening(
    "Are some labels wrong, and would you agree if you saw the image?",
    look="The estimate of how many labels are wrong.",
    act="Judge three images before you look at the answer.",
)
summary = elements.document(LabelsSummary)
classes = elements.current_run().manifest.classes
errors, worst = elements.optional_arrays("outliers/errors.npz"), elements.optional_arrays("outliers/worst.npz")
error = errors["error"] if errors else None
suspected = label_court.suspects(elements.arrays("labels/suspects.npz"), error)
odd = label_court.outliers(worst, error, suspected) if worst else []
st.markdown(label_court.estimate_sentence(summary))

st.subheader("Your verdict")
if cases := label_court.docket(suspected, odd):
    st.caption("Labels that cleanlab suspects, mixed with badly reconstructed images. Verdicts stay in this session.")
    label_court_ui.hearing(cases, classes, summary.images)
    votes = label_court_ui.verdicts(cases)
    st.markdown(label_court.tally_sentence(cases, votes))
    if votes:
        elements.small_table(label_court.tally(cases, votes), name="Verdicts of this session", hide_index=True)
else:
    st.markdown("No label is suspected and no outlier is recorded: there is nothing to judge.")

st.subheader("With and without the suspects")
st.markdown(label_court.ceiling_sentence(summary))
rows = elements.arrays("labels/issues.npz")["in_validation"]
if architectures := elements.optional(ArchitecturesSummary):
    labels = elements.arrays("data/validation.npz")["labels"]
    scores = label_court.score_table(validation_networks(architectures), labels, rows)
    elements.table(scores, dict.fromkeys(scores.columns[1:], "%.2f"), alt="Accuracy with and without suspects (%)")
    st.caption(
        f"Accuracy (%) on {len(labels):,} validation images, {len(rows):,} of them suspects. These networks did not "
        "raise the suspicion, but they share many mistakes with those that did."
    )

st.subheader("The suspects")
see = "Suspects concentrate on similar classes, the same pairs as the mistakes."
elements.chart(charts.pairs_chart(summary, classes), see=see)
if error is not None:
    elements.chart(charts.ranks_chart(suspected), see=label_court.rank_sentence(suspected))
with st.expander("Suspected labels and badly reconstructed images side by side (look after your verdicts)"):
    label_court_ui.side_by_side(suspected, odd, classes)
elements.takeaway("A label is an opinion too. Before you blame the network, look at the image and ask someone else.")
st.caption(f"Method: {summary.method}, on out-of-fold probabilities.")
elements.provenance(split="training and validation", images=summary.images)
