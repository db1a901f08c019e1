"""The vault: what was frozen before the test set was read, and the record of every reading."""

from __future__ import annotations

import streamlit as st

from artifacts.contract import ChampionSummary, ConfirmSummary, FinalSummary, PhotoSummary
from portal import ui
from portal.analysis import vault
from portal.charts import vault as charts

ui.opening("Was the test set kept away from every choice, and read only once for each published model?")
final = ui.document(FinalSummary)
run = ui.current_run()
manifest = run.manifest
models = vault.frozen(manifest, final, ui.optional(PhotoSummary), ui.optional(ChampionSummary))
st.markdown(vault.verdict(models))
ui.small_table(vault.hash_table(models), name="Hashes of the published recipes", hide_index=True)
st.caption(
    "A hash (sha256) is a fingerprint: change one value of a recipe and it is another. The first column was computed "
    "from the recipe while this page was drawn."
)

st.subheader("Every reading")
st.markdown(vault.reading_sentence(manifest, final))
ui.table(vault.readings(manifest), {"Images": "localized"}, alt="Readings of the test set")
if caution := vault.caution(models):
    st.caption(caution)

st.subheader("Validation against test")
validated = ui.document(ConfirmSummary).validation_images
ui.chart(charts.gap_chart(vault.gap_frame(final, validated)), see=vault.gap_sentence(final, validated))

st.subheader("What was frozen")
ui.small_table(vault.frozen_table(models), name="What was frozen", hide_index=True)
st.caption(f"{vault.chosen_sentence(models, final)} {vault.split_sentence(manifest)}")
with st.expander("The whole configuration of the run"):
    st.json(manifest.config, expanded=1)

st.subheader("Data, machine and versions")
ui.table(vault.sums_table(manifest), alt="Sums of the data set's files")
st.caption(f"Of the unpacked files; the pipeline refuses others. {vault.machine_sentence(manifest.machine)}")
if st.button("Check every file of this run now", key="vault_check", icon=":material/verified:"):
    st.markdown(vault.files_sentence(run.verify(), len(manifest.files) + len(manifest.clock_files)))

ui.takeaway(
    "A test set answers one question once. Whoever looks, changes something and looks again has made a second "
    "validation set of it."
)
ui.provenance(split="test", images=final.test_images, seeds=len(final.seeds))
