"""Errors: the mistakes on the test set, ranked by confidence (deck section 5)."""

import streamlit as st

from artifacts.contract import ErrorsSummary, FinalSummary
from portal.analysis import forgiveness
from portal.charts import errors
from portal.ui import elements
from portal.ui import errors as errors_ui

SHOWN = 24
ALL = "All pairs"

elements.opening(
    "Which images does the final model get wrong, how confident is it, and which mistakes are acceptable?",
    look="The most confused pairs.",
    act="Choose which mistakes to forgive and see whether the ranking of the networks changes.",
)
summary = elements.document(ErrorsSummary)
elements.contents("Costs of mistakes", "The mistakes, the most confident first", "Why this prediction")
final = elements.document(FinalSummary)
test, classes = elements.arrays("data/test.npz"), elements.current_run().manifest.classes
every = mistakes = errors.mistakes_frame(elements.arrays("errors/mistakes.npz"), classes)
elements.beside_deck(errors.f1_beside_deck(final, summary))

left, right = st.columns(2, gap="medium")
with left:
    elements.chart(errors.confused_pairs(mistakes, summary.images), see=errors.pairs_sentence(mistakes))
with right:
    elements.chart(errors.confidence_histogram(mistakes, summary), see=errors.confidence_sentence(mistakes))

st.subheader("Costs of mistakes")
answers = elements.arrays("final/test.npz")["probabilities"].argmax(axis=1)
costs = errors_ui.forgiveness_dial(test["labels"], answers, classes)

st.subheader("The mistakes, the most confident first")
if st.toggle("Only mistakes that still count", value=True, key="errors_stay", bind="query-params"):
    mistakes = forgiveness.that_stay(mistakes, costs, classes)
pair = st.selectbox(
    "True → predicted", [ALL, *errors.pair_names(mistakes)], key="errors_pair", bind="query-params", width=360
)
chosen = mistakes if pair == ALL else mistakes[mistakes["pair"] == pair]
page = 1
if len(chosen) > SHOWN:
    page = st.pagination(-(-len(chosen) // SHOWN), key="errors_page", bind="query-params")
shown = chosen[(page - 1) * SHOWN : page * SHOWN]
elements.gallery(test["images"][shown["index"]], errors.captions(shown), columns=6, scale=4)
st.caption(
    f"{len(chosen):,} mistakes. Below each image: true class, prediction, its probability, and the image's "
    "number in the test set. Would you have known? Some of them show only a dark shape."
)

errors_ui.why(shown, test["images"], classes)
elements.takeaway(errors.takeaway(every))
elements.provenance(split="test", images=summary.images)
