"""Results: the final model on the test set, read once (deck section 5), and the deck's open questions (section 6)."""

import streamlit as st

from artifacts import deck
from artifacts.contract import ConfirmSummary, FinalSummary, ImprovementsSummary
from portal.analysis import final_figures, vault
from portal.analysis.confusion import cell_images, cells, confusion_frame
from portal.charts import results, seeds
from portal.core import navigation
from portal.ui import elements
from portal.ui import results as results_ui

elements.opening(
    "How accurate is the final model on images that influenced no choice?",
    look="The accuracy of each seed: its spread is the smallest difference worth discussing.",
    act="Click a cell of the confusion matrix and look at the images behind it.",
)
final = elements.document(FinalSummary)
improvements, manifest = elements.optional(ImprovementsSummary), elements.current_run().manifest
sections = ("By class", "Confusion matrix", "The reading of the test set", "Open questions")
elements.contents(*(sections if improvements else sections[:-1]))
elements.beside_deck(final_figures.beside_deck(final, elements.optional(ConfirmSummary)))
elements.provenance(split="test", images=final.test_images, seeds=len(final.seeds))
see = "A difference smaller than the spread between seeds means nothing. The deck's figure is one seed."
elements.chart(results.accuracy_by_seed(final, deck.TEST_ACCURACY if elements.with_deck() else None), see=see)

st.subheader("By class")
see = "Classes on the left are hard. Precision and recall show how they fail."
elements.chart(results.class_scores(final), see=see)
elements.table(results.class_table(final), alt="Scores by class")

st.subheader("Confusion matrix")
frame = confusion_frame(final.confusion, manifest.classes)
cell = st.selectbox("Cell: true → predicted", cells(frame), key="results_cell", bind="query-params")
elements.chart(
    results.confusion_matrix(frame, cell),
    see="Rows are true classes, columns are predictions. Click a cell, or choose it above, to see its images.",
    key="results_matrix",
    on_select=elements.follow_click("results_matrix", "cell", "results_cell"),
)
test, answers = elements.arrays("data/test.npz"), elements.arrays("final/test.npz")["probabilities"]
numbers = cell_images(test["labels"], answers.argmax(axis=1), frame[frame["cell"] == cell].iloc[0])
results_ui.cell_gallery(cell, numbers, test["images"], answers)
elements.link(navigation.named("epochs"), "The same matrix, epoch by epoch")

st.subheader("The reading of the test set")
st.markdown(vault.reading_sentence(manifest, final))
elements.link(navigation.named("vault"), "What was fixed before, and the record of every reading")

if improvements:
    st.subheader("Open questions")
    for question in improvements.questions:
        st.markdown(f"**{question.text}**")
        see = " ".join(seeds.verdict(each) for each in question.comparisons)
        elements.chart(seeds.question_chart(question), see=see)
elements.takeaway(final_figures.takeaway(final))
