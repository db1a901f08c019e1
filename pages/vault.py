"""Test-set vault: what was fixed before the test set was read, and the record of every reading."""

import streamlit as st

from artifacts.contract import ChampionSummary, ConfirmSummary, FinalSummary, PhotoSummary
from portal.analysis import vault
from portal.charts import vault as charts
from portal.ui import elements

DATA = "Data, machine, and versions"

elements.opening(
    "Was the test set kept out of every choice, and read only once for each published model?",
    look="The table of readings of the test set.",
    act="Press the button that checks every file of this run.",
)
final = elements.document(FinalSummary)
run = elements.current_run()
manifest = run.manifest
models = vault.frozen(manifest, final, elements.optional(PhotoSummary), elements.optional(ChampionSummary))
elements.contents("Every reading", "Validation vs. test", "What was fixed before the reading", DATA)
st.markdown(vault.verdict(models))
hashes = vault.hash_table(models)
elements.small_table(hashes, name="Hashes of the published recipes", hide_index=True, shown=vault.in_short(hashes))
st.caption(
    "A hash (SHA-256) is a fingerprint: changing one value of a recipe changes it. The first column was computed "
    "from the recipe when this page was drawn."
)

st.subheader("Every reading")
st.markdown(vault.reading_sentence(manifest, final))
elements.table(vault.readings(manifest), {"Images": "localized"}, alt="Readings of the test set")
if caution := vault.caution(models):
    st.caption(caution)

st.subheader("Validation vs. test")
validated = elements.document(ConfirmSummary).validation_images
elements.chart(charts.gap_chart(vault.gap_frame(final, validated)), see=vault.gap_sentence(final, validated))

st.subheader("What was fixed before the reading")
elements.small_table(vault.frozen_table(models), name="What was frozen", hide_index=True)
st.caption(f"{vault.chosen_sentence(models, final)} {vault.split_sentence(manifest)}")
with st.expander("The configuration of the run"):
    st.json(manifest.config, expanded=1)

st.subheader(DATA)
elements.table(vault.sums_table(manifest), alt="Checksums of the data set's files")
st.caption(f"Checksums of the unpacked files; the pipeline refuses others. {vault.machine_sentence(manifest.machine)}")
if st.button("Check every file of this run now", key="vault_check", icon=":material/verified:"):
    st.markdown(vault.files_sentence(run.verify(), len(manifest.files) + len(manifest.clock_files)))

elements.takeaway(
    "A test set answers one question once. If you look, change something, and look again, it has become a second "
    "validation set."
)
elements.provenance(split="test", images=final.test_images, seeds=len(final.seeds))
