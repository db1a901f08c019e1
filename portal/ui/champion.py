"""Parts of the champion page."""

import streamlit as st

from artifacts.contract import AblationSummary, ChampionSummary
from portal.analysis import ablation
from portal.charts import champion as charts
from portal.charts.seeds import question_chart
from portal.ui import elements


def effects(changed: AblationSummary, champion: ChampionSummary, *, with_deck: bool) -> None:
    """Show what each change of the recipe is worth, with a warning where the long training showed the contrary."""
    st.subheader(ablation.heading(changed))
    if with_deck and (warning := ablation.contrary(changed, champion)):
        st.warning(warning, icon=":material/warning:")
    st.markdown(ablation.ablation_sentence(changed))
    left, right = st.columns(2, gap="medium")
    with left:
        frame = charts.difference_frame(ablation.differences(changed), changed.student)
        see = "Left of the dashed line, a change costs accuracy. An interval that crosses it shows no difference."
        elements.chart(charts.difference_chart(frame, len(changed.views.seeds), changed.validation_images), see=see)
    with right:
        see = "The same training runs, seed by seed. The first row is the champion."
        elements.chart(question_chart(changed.question, "Accuracy of each variant"), see=see)
    st.caption(ablation.budget_caution(changed, champion))
    st.markdown(f"{ablation.network_sentence(changed)}\n\n{ablation.student_sentence(changed)}")
