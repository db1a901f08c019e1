"""Controls of the Playground page: augmentations and corruptions of one image."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from artifacts.corruptions import CORRUPTIONS, Corruption, corrupt
from portal.analysis import playground
from portal.analysis.playground import CORNERS, Augmentation
from portal.ui import elements

AUGMENT, CORRUPT = "Augmentation", "Corruption"
_CURVES = "playground_curves"
# How far the sliders of corruptions reach, and their step; the others count percent.
_REACH = {"rotate": (180.0, 5.0), "shift": (14.0, 1.0), "noise": (120.0, 5.0), "blur": (4.0, 0.25)}
_SLIDERS = ("degrees", "pixels", "erased", "across", "down", *(each.name for each in CORRUPTIONS))
_RESTING = {"across": 50, "down": 50}


def mode() -> str:
    """AUGMENT or CORRUPT."""
    return elements.one_of("Change by", [AUGMENT, CORRUPT], key="playground_mode")


def augmented(image_SS: np.ndarray) -> np.ndarray:
    """The image, uint8 (S, S), as the sliders of the four augmentations change it."""
    flip = st.toggle("Flip left to right", key="playground_flip", bind="query-params")
    degrees = _slider("Rotation (degrees, counterclockwise)", "degrees", -180, 180, 1)
    pixels = _slider("Perspective: corners inwards (pixels)", "pixels", 0, len(image_SS) // 4, 1)
    corners = st.pills(
        "Corners that move",
        CORNERS,
        selection_mode="multi",
        default=CORNERS[:2],
        wrap=True,
        key="playground_corners",
        bind="query-params",
    )
    erased = _slider("Erasing (percent of the image)", "erased", 0, 60, 1)
    across = _slider("Erased box, left to right (%)", "across", 0, 100, 5)
    down = _slider("Erased box, top to bottom (%)", "down", 0, 100, 5)
    _reset()
    chosen = Augmentation(flip, degrees, tuple(corners), int(pixels), erased / 100, across / 100, down / 100)
    return playground.augment(image_SS, chosen)


def corrupted(image_SS: np.ndarray) -> tuple[np.ndarray, dict[str, float]]:
    """The image as the sliders of the six corruptions change it, and their strengths."""
    strengths = {each.name: _corruption_slider(each) for each in CORRUPTIONS}
    _reset()
    return corrupt(image_SS[None], strengths)[0], strengths


def shown_corruption() -> Corruption:
    """The corruption whose measured curves are shown: the one moved last, or the visitor's choice."""
    titles = {each.title: each for each in CORRUPTIONS}
    title = st.selectbox("Measured for", list(titles), key=_CURVES, bind="query-params", width=280)
    return titles.get(title, CORRUPTIONS[0])


def compared() -> str:
    """Which curves are shown: `network` or `trainset`, the contract's words."""
    kinds = {"Networks": "network", "Trainsets": "trainset"}
    return kinds[elements.one_of("Compare", list(kinds), key="playground_compare")]


def _corruption_slider(corruption: Corruption) -> float:
    most, step = _REACH.get(corruption.name, (95.0, 5.0))
    label = f"{corruption.title} ({corruption.unit})"
    return _slider(label, corruption.name, 0.0, most, step, on_change=lambda: _show_curves_of(corruption.title))


def _show_curves_of(title: str) -> None:
    st.session_state[_CURVES] = title


def _slider(
    label: str, name: str, low: float, high: float, step: float, on_change: Callable[[], None] | None = None
) -> float:
    start = type(high)(_RESTING.get(name, 0))
    key = f"playground_{name}"
    return st.slider(label, low, high, start, step, format="%g", key=key, bind="query-params", on_change=on_change)


def _reset() -> None:
    st.button("Undo all", icon=":material/undo:", key="playground_reset", on_click=_rest)


def _rest() -> None:
    """Reset all controls on the page to the unchanged image."""
    for name in _SLIDERS:
        key = f"playground_{name}"
        if key in st.session_state:
            st.session_state[key] = type(st.session_state[key])(_RESTING.get(name, 0))
    if "playground_flip" in st.session_state:
        st.session_state["playground_flip"] = False
