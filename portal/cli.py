"""The portal's commands: serve the pages (the default), predict photo files, evaluate a folder of labeled photos."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from artifacts import photo, store
from artifacts.contract import ArtifactError, ExportSummary, PhotoEvaluation
from artifacts.photo.labels import Label, PhotoFolderError, labels_in
from artifacts.store import Run
from portal.core.runs import command_for, find_runs, runs_in
from portal.core.text import percent
from portal.networks import inference
from portal.predict import answers
from portal.predict.answers import Answer
from portal.predict.evaluate import Evaluation, Exact, evaluate
from portal.predict.steps import Measurement
from portal.serving.server import ServerError, serve

SECONDS_BETWEEN_NOTES = 5.0


def parser() -> argparse.ArgumentParser:
    """The command line; each command sets `command` to the function that does it."""
    top = argparse.ArgumentParser(
        prog="python -m portal", description="Show the study in a browser, or answer for photos right here."
    )
    top.add_argument("--port", type=int, default=8501, help="port to listen on (8501)")
    top.add_argument("--host", default="localhost", help="address to listen on; 0.0.0.0 lets a class in (localhost)")
    top.add_argument("--large-text", action="store_true", help="all text larger, for a projector")
    top.add_argument(
        "--allowed-host",
        action="append",
        default=[],
        metavar="NAME",
        help="serve only visitors who call the portal by this name, say behind a proxy; may be repeated "
        "(on localhost: localhost, elsewhere: any)",
    )
    top.add_argument("--run", type=Path, metavar="FOLDER", help="open this run, or the runs in this folder, first")
    top.set_defaults(command=serve_pages)
    commands = top.add_subparsers(title="commands", metavar="COMMAND", description="Without one, the pages are served.")

    asked = commands.add_parser("predict", help="say what photos show, a line each")
    asked.add_argument("files", nargs="+", type=Path, metavar="FILE", help=f"a {photo.KINDS} file")
    asked.set_defaults(command=predict_files)

    judged = commands.add_parser("evaluate", help="measure the answers on labeled photos")
    judged.add_argument("folder", type=Path, metavar="FOLDER", help="holds a folder of photos for each label")
    map_help = 'which classes are right for each folder, such as {"shoes": ["Sandal", "Sneaker"], "hat": []}'
    judged.add_argument("--labels", type=Path, metavar="MAP.json", help=map_help)
    steps_help = "measure each step of preparation too, and write the figures to this file for the page on photos"
    judged.add_argument("--steps", type=Path, metavar="FILE.json", help=steps_help)
    judged.add_argument("--source", default="", metavar="TEXT", help="with --steps: what photos these are")
    judged.add_argument("--license", default="not stated", metavar="TEXT", help="with --steps: their license")
    before_help = "with --steps: a study whose photo model was trained without photographs, to compare"
    judged.add_argument("--before", type=Path, metavar="FOLDER", help=before_help)
    judged.set_defaults(command=evaluate_folder)

    told = commands.add_parser("report", help="write the whole study into one HTML file that opens anywhere")
    told.add_argument("--to", type=Path, default=Path("report.html"), metavar="FILE", help="where to (report.html)")
    told.set_defaults(command=write_report)

    for command in (asked, judged):
        command.add_argument("--json", action="store_true", help="print JSON, for programs")
    for command in (asked, judged, told):
        # Suppressed: a default would overwrite a --run that stands before the command.
        command.add_argument("--run", type=Path, default=argparse.SUPPRESS, metavar="FOLDER", help="the run to ask")
    return top


def main(words: Sequence[str] | None = None) -> int:
    """Exit status: 0 done, 2 with a sentence on stderr, 130 interrupted."""
    arguments = parser().parse_args(words)
    try:
        status: int = arguments.command(arguments)
        return status
    except (ArtifactError, PhotoFolderError, ServerError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def serve_pages(arguments: argparse.Namespace) -> int:
    if arguments.run is not None:
        opened(arguments.run)
    serve(arguments.host, arguments.port, arguments.run, arguments.allowed_host, large=arguments.large_text)
    return 0


def predict_files(arguments: argparse.Namespace) -> int:
    """One line a file; 2 if one of them is no picture, after all have been asked about."""
    run, status = run_to_ask(arguments.run), 0
    for file in arguments.files:
        try:
            line = answer_line(file, answers.answer_bytes(run, read(file)), as_json=arguments.json)
        except photo.UploadError as error:
            status = 2
            if not arguments.json:
                print(f"{file}: {error}", file=sys.stderr)
                continue
            line = json.dumps({"file": str(file), "error": str(error)})
        print(line, flush=True)
    return status


def evaluate_folder(arguments: argparse.Namespace) -> int:
    """Scores of a folder of labeled photos; 2 if one of its files is no picture, which then is left out."""
    run = run_to_ask(arguments.run)
    labels = labels_in(arguments.folder, run.manifest.classes, arguments.labels)
    reader = Reader(total=sum(len(label.files) for label in labels))
    if arguments.steps:
        return measure_steps(run, labels, reader, arguments)

    def ask(file: Path) -> Answer | None:
        rgb = reader(file)
        return None if rgb is None else answers.answer(run, photo.prepare(rgb, size=run.manifest.image_size))

    evaluation = evaluate(labels, ask)
    print(json.dumps(asdict(evaluation), indent=1) if arguments.json else "\n".join(report(evaluation)))
    return 2 if reader.unreadable else 0


def measure_steps(run: Run, labels: Sequence[Label], reader: Reader, arguments: argparse.Namespace) -> int:
    """Write the figures of each step of preparation; 2 if a file was no picture, or the figures cannot be written."""
    before = opened(arguments.before) if arguments.before else None
    figures = Measurement(run, before=before).document(
        labels,
        reader,
        source=arguments.source or arguments.folder.resolve().name,
        license=arguments.license,
        measured=datetime.now(UTC).date().isoformat(),
    )
    data = store.encode(figures)
    try:
        store.write_atomic(arguments.steps, data)
    except OSError as error:
        raise PhotoFolderError(f"{arguments.steps} cannot be written: {error.strerror or error}.") from error
    print(data.decode() if arguments.json else "\n".join(step_report(figures)))
    return 2 if reader.unreadable else 0


class Reader:
    """Decodes files one by one; says on stderr which are no pictures and, every few seconds, how far it is."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = self.unreadable = 0
        self._noted = time.monotonic()

    def __call__(self, file: Path) -> np.ndarray | None:
        """The picture, uint8 (H, W, 3), or None."""
        if time.monotonic() - self._noted > SECONDS_BETWEEN_NOTES:
            self._noted = time.monotonic()
            print(f"{self.done} of {self.total} photos", file=sys.stderr)
        self.done += 1
        try:
            return photo.decode(read(file))
        except photo.UploadError as error:
            self.unreadable += 1
            print(f"{file} is left out: {error}", file=sys.stderr)
            return None


def write_report(arguments: argparse.Namespace) -> int:
    """The study as a file; says where it is and how large."""
    from portal.takeaway.report import report  # Streamlit's headless runner, which no other command needs

    run = opened(arguments.run)
    os.environ["FASHION_RUNS"] = str(run.folder.resolve())  # the pages show the first run there
    html = report(run)
    try:
        store.write_atomic(arguments.to, html.encode())
    except OSError as error:
        raise ArtifactError(
            f"{arguments.to} cannot be written ({error.strerror}): choose another with --to."
        ) from error
    print(f"{arguments.to} holds the study, {len(html) / 1e6:.1f} MB; any browser opens it, without a network.")
    return 0


# ----------------------------------------------------------------------------------------------- runs, files, lines


def opened(folder: Path | None) -> Run:
    """The run in `folder`, or the one that the portal shows first; ArtifactError if there is none that opens."""
    places = runs_in(folder) if folder else find_runs()
    if not places and folder:
        raise ArtifactError(f"{folder} holds no run: name a folder with a manifest.json, or a folder of such folders.")
    if not places:
        raise ArtifactError("There is no run to ask yet: make one with `python -m pipeline run-all`.")
    return Run(places[0].folder)


def run_to_ask(folder: Path | None) -> Run:
    """The run in `folder`, with its networks; says on stderr if it cannot reject."""
    run = opened(folder)
    if not run.has(ExportSummary.PATH):
        raise ArtifactError(f"The run has no networks yet: make them with `{command_for(ExportSummary.PATH)}`.")
    if inference.photo_model(run.document(ExportSummary).models) is None:
        print(answers.NO_REJECTION, file=sys.stderr)
    return run


def read(file: Path) -> bytes:
    """The file's bytes, at most one more than a picture may have; UploadError if it cannot be read."""
    try:
        with file.open("rb") as stream:
            return stream.read(photo.MAX_BYTES + 1)
    except OSError as error:
        raise photo.UploadError(f"This file cannot be read ({error.strerror or error}): check its name.") from error


def answer_line(file: Path, answer: Answer, *, as_json: bool) -> str:
    """One answer as a line; in JSON `rejected` and `score` are null where the run cannot reject."""
    if not as_json:
        printable = os.fsencode(file).decode(errors="replace")  # a name need not be valid text
        return f"{printable}: {answers.verdict(answer)}"
    plain: dict[str, Any] = {
        "file": str(file),
        "top": answer.top,
        "probabilities": dict(zip(answer.classes, answer.probabilities.tolist(), strict=True)),
        "rejected": answer.rejected,
        "score": answer.score,
    }
    return json.dumps(plain)


def report(evaluation: Evaluation) -> list[str]:
    """The scores as a table for a terminal, two lines of sums, and the confusion of photos whose class is known."""
    width = max(len("Label"), *(len(score.name) for score in evaluation.labels))
    lines = [f"{'Label':{width}}  Photos    Right  Rejected  Right answers"]
    for score in evaluation.labels:
        shares = [percent(share, 1) if share is not None else "-" for share in (score.right, score.rejected)]
        names = ", ".join(score.answers) or "none of the classes"
        lines.append(f"{score.name:{width}}  {score.photos:6}  {shares[0]:>7}  {shares[1]:>8}  {names}")
    for name, value in (
        ("Balanced accuracy", evaluation.balanced_accuracy),
        ("Rejection AUROC", evaluation.rejection_auroc),
    ):
        lines.append(f"{name}: {'not measurable here' if value is None else format(value, '.3f')}")
    return lines + (exact_report(evaluation.exact) if evaluation.exact else [])


def exact_report(exact: Exact) -> list[str]:
    """The confusion, a row a right class and a column a class, and the accuracy over the classes."""
    width = max(len(name) for name in exact.classes)
    lines = ["", "Answers (columns) to photos of one known class (rows)"]
    lines.append(" " * width + "".join(f"  {name[:7]:>7}" for name in exact.classes))
    lines += [
        f"{name:{width}}" + "".join(f"  {count:7}" for count in counts) for name, counts in exact.confusion.items()
    ]
    shown = f"{exact.photos} photos of {len(exact.confusion)} classes"
    return [*lines, f"Accuracy: {exact.accuracy:.3f} on {shown}, {exact.balanced_accuracy:.3f} as the classes' mean"]


def step_report(figures: PhotoEvaluation) -> list[str]:
    """Each step's balanced accuracy, a line each."""
    width = max(len(step.name) for step in figures.steps)
    lines = [f"{step.name:{width}}  {step.network:5}  {step.balanced_accuracy:.3f}" for step in figures.steps]
    auroc = figures.steps[-1].rejection_auroc
    last = "not measurable here" if auroc is None else format(auroc, ".3f")
    return [f"{'Step':{width}}  Asked  Balanced accuracy", *lines, f"Rejection AUROC of the last step: {last}"]
