"""Beyond the deck: the champion on the test set, the changes of its recipe, and their effects."""

import streamlit as st

from artifacts import deck
from artifacts.contract import AblationSummary, ArchitecturesSummary, ChampionSummary, FinalSummary
from portal.analysis import champion
from portal.charts import architectures
from portal.charts import champion as charts
from portal.ui import architectures as architectures_ui
from portal.ui import champion as champion_ui
from portal.ui import elements

elements.opening(
    "How accurate can a network under three million parameters get with a better recipe than the deck's?",
    look="The first chart: the champion's seeds against those of the final model.",
    act="Find a change whose interval contains 0 and say what it proves.",
)
summary = elements.document(ChampionSummary)
final, compared = elements.optional(FinalSummary), elements.optional(ArchitecturesSummary)
with_deck = elements.with_deck()
elements.contents("What the recipe changes", "Test-time augmentation and ensemble", "Learning curves")
st.markdown(champion.on_test(summary, with_deck=with_deck))
elements.beside_deck(champion.beside_deck(summary, final))
elements.provenance(split="test", images=summary.test.images, seeds=len(summary.test.seeds))
answers, others = elements.arrays(champion.TEST), elements.optional_arrays("final/test.npz") if final else None
see = "A difference between rows that is smaller than the spread within them means nothing."
if others is not None:
    published = [each["predictions_by_seed"][0] for each in (answers, others)]
    see = champion.against_final(*published, elements.arrays("data/test.npz")["labels"])
elements.chart(charts.accuracy_chart(summary, final, deck.TEST_ACCURACY if with_deck else None), see=see)

st.subheader("What the recipe changes")
if before := champion.deck_way(final, compared):
    elements.small_table(champion.recipe_table(before, summary.recipe), name="What the recipe changes", hide_index=True)
    said = f"{champion.same_parts(before, summary.recipe)} {champion.other_time(before, summary)}"
    st.caption(f"“The deck's way” is the deck's recipe as this study runs it. {said}")

if changed := elements.optional(AblationSummary):
    champion_ui.effects(changed, summary, with_deck=with_deck)

st.subheader("Test-time augmentation and ensemble")
views = champion.views_table(summary, changed)
shown = champion.in_fewer_columns(views)
elements.small_table(views, name="Four ways to predict", hide_index=True, shown=shown)
st.markdown(champion.views_sentence(summary))

st.subheader("Learning curves")
if rounds := champion.rounds_sentence(summary):
    st.markdown(rounds)
learned = champion.whole_fit(summary)
sees = {"accuracy": architectures.overfitting(learned), "loss": champion.curves_see(summary)}
architectures_ui.learning_curves(learned, champion.NAME, **sees)
elements.takeaway(champion.takeaway(summary))
