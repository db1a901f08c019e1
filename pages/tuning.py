"""Tuning: the coarse-to-fine random search, replayed trial by trial (deck section 4)."""

import streamlit as st

from artifacts import deck
from artifacts.contract import SearchSummary, StageClock
from portal.analysis import search_log
from portal.charts import tuning
from portal.ui import elements
from portal.ui import tuning as tuning_ui

elements.opening(
    "Which learning rate, weight decay, momentum and optimizer train the best network, and how are they found?",
    look="The search space: where do the best trials lie?",
    act="Move the slider back and guess where the next good trial will be.",
)
coarse = elements.document(SearchSummary, SearchSummary.path("coarse"))
fine = elements.optional(SearchSummary, SearchSummary.path("fine"))
searches = {search.search: search for search in (coarse, fine) if search is not None}
clocks = {name: elements.optional(StageClock, StageClock.path(f"tune-{name}")) for name in searches}
frames = {name: search_log.trial_frame(search, clocks[name]) for name, search in searches.items()}

elements.contents("Replay", *tuning_ui.sections(), "All trials")
with_deck = elements.with_deck()
best_trials = search_log.best_table(searches, frames, with_deck=with_deck)
elements.small_table(best_trials, name="The best trials", shown=search_log.in_fewer_columns(best_trials))
best = max(frame["accuracy"].max() for frame in frames.values()) / 100
elements.provenance(split="validation", images=coarse.validation_images, accuracies_near=best)

st.subheader("Replay")
picked = elements.one_of("Search", list(searches), key="tuning_search", default=list(searches)[-1])
frame = frames[picked]
first, last = int(frame["trial"].iloc[0]), int(frame["trial"].iloc[-1])
trial = last
if last > first:
    elements.keep_within(f"tuning_{picked}_trial", first, last)
    trial = st.slider("Up to trial", first, last, last, key=f"tuning_{picked}_trial", bind="query-params")
drawn = search_log.drawn_until(frames, picked, trial)
ranges = {name: searches[name].ranges for name in drawn["search"].unique()}
points = [deck.COARSE_BEST, deck.FINE_BEST] if with_deck else []
elements.chart(
    tuning.search_space(drawn, ranges, points),
    see="Large marks are good trials. The inner box, the fine search's range, surrounds the best coarse trials.",
)
elements.chart(
    tuning.best_so_far(frame, trial, points[picked == "fine"].val_accuracy if points else None),
    see="Each step up is a new best trial. A long flat stretch means that more trials like these add little.",
)
st.markdown(f"**The log after trial {trial}**, in the deck's format:")
elements.small_table(search_log.log_table(frame, trial), name="The log")
tuning_ui.policy(searches, picked)
tuning_ui.importance(picked, points)
tuning_ui.range_cut()
tuning_ui.confirmation()
st.subheader("All trials")
elements.table(search_log.trials_table(frame), search_log.TRIAL_FORMATS, alt=f"All trials of the {picked} search")
elements.takeaway(search_log.takeaway(frames))
