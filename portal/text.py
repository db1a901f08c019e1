"""Numbers and provenance as words, the same on every page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from artifacts.contract import Machine, Manifest, Spread, StageClock

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


def percent(fraction: float, digits: int = 2) -> str:
    return f"{100 * fraction:.{digits}f} %"


def percent_with_error(fraction: float, error: float | None, digits: int = 2) -> str:
    """`94.93 ± 0.22 %`; the error alone is left out where it is not known."""
    if error is None:
        return percent(fraction, digits)
    return f"{100 * fraction:.{digits}f} ± {100 * error:.{digits}f} %"


def spread(value: Spread) -> str:
    """Mean with its standard deviation over seeds, and how many seeds there were."""
    return f"{percent_with_error(value.mean, value.std)} (n = {value.n})"


def count(number: int, noun: str) -> str:
    """`1 seed`, `10,000 images`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


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


def provenance(manifest: Manifest, split: str, images: int | None, seeds: int) -> str:
    """One line: which images were measured, how often, in which profile, on what machine."""
    measured = f"{split} images" if images is None else f"{images:,} {split} images"
    return (
        f"Measured on: {measured} · {count(seeds, 'seed')} · {manifest.profile} profile · {hardware(manifest.machine)}"
    )
