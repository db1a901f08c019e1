"""Sections of the Label court page: one case at a time, verdicts kept for the session, then the predictions."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from portal.analysis import label_court
from portal.analysis.label_court import Case
from portal.charts import label_court as charts
from portal.ui import elements, lecture

_VERDICT = "label_court_verdict"
SIDE = 8  # CSS pixels a pixel of the image on trial


def hearing(cases: Sequence[Case], classes: Sequence[str], images: int) -> None:
    """One of `cases`, picked here, with its label; the machines' opinion once there is a verdict.

    `images` is how many training images were answered out of fold.
    """
    number = st.pagination(len(cases), key="label_court_case", bind="query-params")
    case = cases[min(max(number, 1), len(cases)) - 1]
    left, right = st.columns([2, 3], gap="medium")
    with left:
        caption = f"Training image #{case.index}. Its label: {classes[case.given]}"
        elements.gallery(case.image[None], [caption], columns=1, scale=SIDE)
        # Not in the URL: a verdict is a visitor's own, and a link would hand it on.
        verdict = st.segmented_control(
            f"Is “{classes[case.given]}” right?",
            label_court.VERDICTS,
            key=f"{_VERDICT}_{case.index}",
            persist_state="session",
        )
    with right:
        if verdict is None:
            st.caption("Give your verdict first; then you see what the networks predict.")
        elif not lecture.hides(f"case {case.index}"):
            st.markdown(f"This case is here as a **{case.source}**.")
            st.markdown("  \n".join(label_court.opinion(case, classes, images)))
            if case.probabilities is not None:
                elements.chart(
                    charts.case_chart(case, classes), see="A network's doubt is no proof: compare the image."
                )


def verdicts(cases: Sequence[Case]) -> dict[int, str]:
    """The verdicts of this session, by the image's number in the training file."""
    given = {case.index: st.session_state.get(f"{_VERDICT}_{case.index}") for case in cases}
    return {index: verdict for index, verdict in given.items() if verdict in label_court.VERDICTS}


def side_by_side(suspected: Sequence[Case], odd: Sequence[Case], classes: Sequence[str]) -> None:
    """The most suspicious labels on the left, the highest reconstruction errors on the right."""
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**Most suspicious labels**")
        _gallery(
            suspected[: label_court.CASES_A_SIDE],
            [f"{classes[case.given]}? {classes[case.suggested or 0]}" for case in suspected],
        )
    with right:
        st.markdown("**Highest reconstruction error**")
        _gallery(odd[: label_court.CASES_A_SIDE], [classes[case.given] for case in odd])


def _gallery(cases: Sequence[Case], captions: Sequence[str]) -> None:
    for_each = [f"{caption}, #{case.index}" for case, caption in zip(cases, captions, strict=False)]
    if cases:
        elements.gallery(np.stack([case.image for case in cases]), for_each, columns=len(cases), scale=3)
