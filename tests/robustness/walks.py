"""Random clicks: any widget on a page, set to anything that its visitor could set it to."""

import random
from collections.abc import Sequence
from typing import Any

from streamlit.testing.v1 import AppTest
from streamlit.testing.v1 import element_tree as tree

CHOICES = (tree.Selectbox, tree.Radio, tree.ButtonGroup)
SWITCHES = (tree.Checkbox, tree.Toggle)
TEXTS = ("", "<img src=x onerror=alert(1)>", "-1", "\N{RIGHT-TO-LEFT OVERRIDE}abc", "x" * 5_000)


def widgets(app: AppTest) -> list[tree.Widget]:
    """What can be clicked on the page and in the sidebar."""
    nodes = [node for block in (app.main, app.sidebar) for node in block]
    return [node for node in nodes if isinstance(node, tree.Widget) and not node.proto.disabled]


def step(app: AppTest, rng: random.Random, pictures: Sequence[tuple[str, bytes, str]]) -> str:
    """Move one widget and run the page; returns what was done."""
    movable = [widget for widget in widgets(app) if _is_movable(widget)]
    if not movable:
        app.run()
        return "nothing to click"
    widget = rng.choice(movable)
    value = _value(widget, rng, pictures)
    if isinstance(widget, tree.Button):
        widget.click()
    else:
        widget.set_value(value)
    app.run()
    return f"{type(widget).__name__} {widget.key} = {value!r:.60}"


def _is_movable(widget: tree.Widget) -> bool:
    kinds = (*CHOICES, *SWITCHES, tree.Button, tree.Slider, tree.SelectSlider, tree.NumberInput, tree.Multiselect)
    return isinstance(widget, (*kinds, tree.TextInput, tree.TextArea, tree.FileUploader, tree.Pagination))


def _value(widget: Any, rng: random.Random, pictures: Sequence[tuple[str, bytes, str]]) -> Any:
    """Any value that the widget offers; its ends more often than the rest."""
    if isinstance(widget, tree.FileUploader):
        return rng.sample(list(pictures), rng.randint(0, len(pictures)))
    if isinstance(widget, CHOICES):
        return _choice(widget, rng)
    if isinstance(widget, tree.Multiselect):
        return rng.sample(widget.options, rng.randint(0, len(widget.options)))
    if isinstance(widget, tree.SelectSlider):
        return rng.choice(widget.options)
    if isinstance(widget, SWITCHES):
        return rng.random() < 0.5
    if isinstance(widget, tree.Pagination):
        return rng.randint(1, max(1, widget.proto.num_pages))
    if isinstance(widget, (tree.Slider, tree.NumberInput)):
        return _number(widget, rng)
    return rng.choice(TEXTS)


def _choice(widget: Any, rng: random.Random) -> Any:
    if isinstance(widget, tree.ButtonGroup) and not widget._is_single_select:
        return rng.sample(widget.options, rng.randint(0, len(widget.options)))
    required = not isinstance(widget, tree.ButtonGroup) or widget.proto.required
    return rng.choice([*widget.options, *([] if required else [None])]) if widget.options else None


def _number(widget: Any, rng: random.Random) -> Any:
    low, high = widget.min, widget.max
    low, high = (0 if low is None else low), (1_000_000 if high is None else high)
    steps = round((high - low) / (widget.step or 1))

    def draw() -> Any:
        place = rng.choice((0, steps, rng.randint(0, steps)))
        return type(widget.value if not isinstance(widget.value, Sequence) else widget.value[0])(
            min(high, low + place * (widget.step or 1))
        )

    return sorted((draw(), draw())) if isinstance(widget.value, Sequence) else draw()
