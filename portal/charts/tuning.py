"""Charts of the coarse-to-fine random search (deck section 4): where trials were drawn, and the best so far."""

from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from artifacts.contract import Ranges
from artifacts.deck import TrialPoint
from portal.analysis.search_log import FORMATS, VALUES
from portal.charts import NEUTRAL, TEXT, layered, titled, tooltips
from portal.core.memo import kept
from portal.core.text import percent

OPTIMIZERS = ("SGD", "SAM")
SHAPES = ("circle", "triangle-up")  # a shape an optimizer, so that color is never the only sign
DECADES = [10.0**power for power in range(-9, 2)]
STEPS = [digit * decade for decade in DECADES for digit in (1, 2, 5)]


@kept
def search_space(frame: pd.DataFrame, ranges: Mapping[str, Ranges], points: Sequence[TrialPoint]) -> alt.LayerChart:
    """Trials by lr and weight decay on log axes, the `ranges` of each search as a box, the deck's best as `points`.

    No text in the plot: among the deck's 145 trials there is no room for it.
    """
    counted = "; ".join(f"{name}: n = {len(part)} trials" for name, part in frame.groupby("search", sort=False))
    layers: list[alt.Chart | alt.LayerChart] = [_boxes(ranges), _trials(frame), _rings(_best(frame))]
    crosses = ""
    if points:
        layers.append(_deck_marks(points))
        crosses = "; gray cross: the deck's best"
    return titled(
        layered(*layers, height=380),
        "Where the trials were drawn",
        f"{counted}. Dashed: range of a search; larger mark: higher validation accuracy; ring: best trial of a "
        f"search{crosses}",
        "Scatter of learning rate and weight decay on log axes, a color and a shape for each optimizer, with a box "
        "around the ranges of each search, a ring around its best trial, and the deck's best trials as crosses.",
    )


def _lr() -> alt.X:
    axis = alt.Axis(format="~g", values=STEPS, labelOverlap="greedy", labelSeparation=4)
    return alt.X("lr:Q", title="Learning rate (log scale)", scale=alt.Scale(type="log", nice=False), axis=axis)


def _weight_decay() -> alt.Y:
    axis = alt.Axis(format="~g", values=DECADES)
    scale = alt.Scale(type="log", nice=False)
    return alt.Y("weight_decay:Q", title="Weight decay, L2 (log scale)", scale=scale, axis=axis)


def by_optimizer() -> dict[str, alt.Color | alt.Shape]:
    """The channels color and shape of a mark: its optimizer's."""
    domain = list(OPTIMIZERS)
    legend = alt.Legend(title="Optimizer", orient="bottom")
    return {
        "color": alt.Color("optimizer:N", scale=alt.Scale(domain=domain), legend=legend),
        "shape": alt.Shape("optimizer:N", scale=alt.Scale(domain=domain, range=list(SHAPES)), legend=legend),
    }


def _boxes(ranges: Mapping[str, Ranges]) -> alt.Chart:
    boxes = pd.DataFrame(
        {
            "name": f"{name} ranges",
            "lr": r.lr[0],
            "lr_high": r.lr[1],
            "weight_decay": r.weight_decay[0],
            "weight_decay_high": r.weight_decay[1],
        }
        for name, r in ranges.items()
    )
    box = alt.Chart(boxes).mark_rect(filled=False, stroke=NEUTRAL, strokeDash=[6, 4], strokeWidth=1.5)
    ends = {"x2": alt.X2("lr_high"), "y2": alt.Y2("weight_decay_high")}
    return box.encode(x=_lr(), y=_weight_decay(), tooltip=alt.Tooltip("name", title="Box"), **ends)


def _trials(frame: pd.DataFrame) -> alt.Chart:
    finished = frame.dropna(subset="accuracy")
    # The worst half is drawn equally small: what distinguishes the good trials is what a person looks for.
    domain = [finished["accuracy"].quantile(0.5), finished["accuracy"].max()] if len(finished) else [0, 100]
    size = alt.Size("accuracy:Q", scale=alt.Scale(domain=domain, range=[25, 220], clamp=True), legend=None)
    opacity = alt.Opacity("search:O", scale=alt.Scale(domain=["coarse", "fine"], range=[0.45, 0.9]), legend=None)
    base = alt.Chart(finished).encode(x=_lr(), y=_weight_decay(), size=size, opacity=opacity, tooltip=_tooltip())
    return base.mark_point(filled=True).encode(**by_optimizer())


def _tooltip() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("search", title="Search"),
        alt.Tooltip("trial", title="Trial"),
        alt.Tooltip("accuracy", title="Highest val accuracy (%)", format=".2f"),
        *(alt.Tooltip(name, title=title, format=FORMATS.get(name, "")) for name, title in VALUES.items()),
    ]


def _best(frame: pd.DataFrame) -> pd.DataFrame:
    """The best trial of each search, with its name."""
    finished = frame.dropna(subset="accuracy").reset_index(drop=True)
    best = finished.loc[finished.groupby("search", sort=False)["accuracy"].idxmax()]
    return best.assign(text=[f"{r.search} #{r.trial}" for r in best.itertuples()])


def _rings(best: pd.DataFrame) -> alt.Chart:
    ring = alt.Chart(best).mark_point(shape="circle", filled=False, size=420, strokeWidth=2, stroke=TEXT, opacity=1)
    return ring.encode(x=_lr(), y=_weight_decay(), tooltip=tooltips(text=("Best trial", ""), accuracy=".2f"))


def _deck_marks(points: Sequence[TrialPoint]) -> alt.Chart:
    rows = pd.DataFrame(
        {"lr": p.lr, "weight_decay": p.weight_decay, "text": f"deck, {p.search} #{p.number}"} for p in points
    )
    mark = alt.Chart(rows).mark_point(shape="cross", filled=True, size=140, color=NEUTRAL, opacity=1)
    return mark.encode(x=_lr(), y=_weight_decay(), tooltip=alt.Tooltip("text", title="Deck"))


@kept
def best_so_far(frame: pd.DataFrame, trial: int, reference: float | None) -> alt.LayerChart:
    """Trials of one search in order, up to `trial`, the best so far as a step line, and the deck's best as `reference`.

    The axes are those of the whole search, so that a replay does not make them jump.
    """
    finished = frame.dropna(subset="accuracy")
    floor = max(finished["best_accuracy"].min() - 5, 0.0)
    top = max(finished["accuracy"].max(), 100 * (reference or 0.0))
    shown = finished[finished["trial"] <= trial]
    below = int((shown["accuracy"] < floor).sum())
    span = alt.Scale(domain=[int(frame["trial"].min()), int(frame["trial"].max())], nice=False, padding=12)
    x = alt.X("trial:Q", title="Trial, in the order drawn", scale=span, axis=alt.Axis(tickMinStep=1, format="d"))
    scale = alt.Scale(domain=[floor, top + 0.5], clamp=True, nice=False)
    y, best = (
        alt.Y(f"{field}:Q", title="Highest validation accuracy (%)", scale=scale)
        for field in ("accuracy", "best_accuracy")
    )
    stairs = alt.Chart(shown).mark_line(interpolate="step-after", color=NEUTRAL).encode(x=x, y=best)
    trials = alt.Chart(shown).mark_point(filled=True, size=70, opacity=1)
    layers = [stairs, trials.encode(x=x, y=y, tooltip=_tooltip(), **by_optimizer())]
    if reference is not None:
        line = alt.Chart(pd.DataFrame([{"accuracy": 100 * reference, "text": f"deck's best {percent(reference)}"}]))
        text = line.mark_text(align="left", baseline="bottom", x=4, dy=-2, color=NEUTRAL)
        layers += [
            line.mark_rule(strokeDash=[5, 4], color=NEUTRAL).encode(y=y),
            text.encode(y=y, text=alt.Text("text:N")),
        ]
    cut_off = f"; {below} below {floor:.0f} % at the lower edge" if below else ""
    return titled(
        layered(*layers, height=280),
        f"Best so far, {frame['search'].iloc[0]} search",
        f"n = {len(shown)} trials of one seed each{cut_off}",
        "Validation accuracy of each trial in the order of the search, with a step line for the best so far and a "
        "line at the deck's best.",
    )
