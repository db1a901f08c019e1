"""Numbers and provenance as text, the same on every page."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from artifacts.contract import Machine, Manifest, Spread, StageClock
from portal.core.intervals import wilson

# How much of the deck's study each profile runs; other profiles are named without a comment.
_PROFILE_NOTES = {
    "smoke": "a test that every stage works; its accuracies say nothing about the methods",
    "quick": "every stage is real but small; expect lower accuracies than the deck's, and read no small differences",
    "standard": "all images for the final fit, parts of them before; fewer epochs, trials and seeds than the deck",
}


@dataclass(frozen=True)
class Beside:
    """One figure of this run beside the deck's; `measured_on` says split and n."""

    what: str
    ours: str
    measured_on: str
    deck: str


def escaped(words: str) -> str:
    """The words as Markdown that shows them as they are: no emphasis, link, formula or icon."""
    return re.sub(r"([\\`*_\[\]$~<>#:])", r"\\\1", words)


def breakable(words: str) -> str:
    """The words for a narrow column: `OwnBaseline2` and `Rotation(5)` may wrap inside, `n = 4` may not."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])|(?<=[A-Za-z])(?=\()", "\N{ZERO WIDTH SPACE}", words)
    return words.replace("n = ", "n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}")


def percent(fraction: float, digits: int = 2) -> str:
    return f"{100 * fraction:.{digits}f} %"


def bracketed(low: float, high: float, digits: int = 2) -> str:
    """The ends of a 95 % interval: `[94.39, 95.26]`, in percent; a narrow column does not part them."""
    return f"[{100 * low:.{digits}f},\N{NO-BREAK SPACE}{100 * high:.{digits}f}]"


def accuracy(share: float, images: int, digits: int = 2) -> str:
    """`94.84 % [94.39, 95.26]`: the share of so many images that is right, and its 95 % interval."""
    return f"{percent(share, digits)} {bracketed(*wilson(share, images), digits)}"


def within(low: float, high: float, digits: int = 2) -> str:
    """The ends of a 95 % interval for a sentence: `(95 % interval 94.39 to 95.26)`, in percent."""
    return f"(95 % interval {100 * low:.{digits}f} to {100 * high:.{digits}f})"


def in_words(share: float, images: int) -> str:
    """`94.84 % (95 % interval 94.39 to 95.26)`, for a sentence."""
    return f"{percent(share)} {within(*wilson(share, images))}"


def chance(share: float, images: int) -> str:
    """How far chance reaches, said once where many accuracies of one kind stand."""
    low, high = wilson(share, images)
    return (
        f"One accuracy of {percent(share, 1)} on {images:,} images has a 95 % interval of {100 * low:.1f} to "
        f"{100 * high:.1f}."
    )


def spread(value: Spread) -> str:
    """`94.85 ± 0.09 % [94.74, 94.96] (n = 5)`: mean, standard deviation over seeds, the mean's 95 % interval, seeds."""
    if value.std is None:
        return f"{percent(value.mean)} (n = {value.n})"
    interval = "" if value.low is None or value.high is None else f" {bracketed(value.low, value.high)}"
    return f"{100 * value.mean:.2f} ± {100 * value.std:.2f} %{interval} (n = {value.n})"


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 seed`, `10,000 images`, `2 policies`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {plural or f'{noun}s'}"


def profile_note(manifest: Manifest) -> str | None:
    """What a visitor must know before comparing this run with the deck; None for a full run as it is."""
    meaning = _PROFILE_NOTES.get(manifest.profile)
    changed = f" with {count(len(manifest.settings), 'setting')} changed" if manifest.settings else ""
    if not meaning and not changed:
        return None
    return f"Profile {manifest.profile}{changed}{f': {meaning}' if meaning else ''}."


def settings_note(manifest: Manifest) -> str:
    """The changed settings by name and value, for where there is room for all of them; empty if there are none."""
    return f"Changed settings: {', '.join(manifest.settings)}." if manifest.settings else ""


def hardware(machine: Machine) -> str:
    return f"{machine.processor}, {count(machine.cores, 'core')}, {machine.memory_gib:.0f} GiB, {machine.device}"


def training_time(clocks: Iterable[StageClock | None], machine: Machine) -> str:
    """How much training is in a run and on what; empty for a run that has timed none."""
    seconds = [trial.seconds for clock in clocks if clock for trial in clock.trials.values()]
    if not seconds:
        return ""
    minutes = sum(seconds) / 60
    length = f"{minutes / 60:.1f} hours" if minutes >= 60 else count(max(1, round(minutes)), "minute")
    return f"{count(len(seconds), 'training')}, {length} if done one after the other, on {hardware(machine)}."


def provenance(
    manifest: Manifest, split: str, images: int | None, seeds: int, accuracies_near: float | None = None
) -> str:
    """One line: which images were measured, how often, in which profile, on what machine.

    With `accuracies_near`, how far chance reaches there: for a page of single accuracies near that one.
    """
    measured = f"{split} set" if images is None else f"{split} set, {images:,} images"
    measured = measured[0].upper() + measured[1:]
    line = f"{measured} · {count(seeds, 'seed')} · {manifest.profile} profile · {hardware(manifest.machine)}"
    return line if accuracies_near is None or not images else f"{line} · {chance(accuracies_near, images)}"
