"""Server CPU of one click on a page: `python -m benchmarks.portal_clicks [--beside FOLDER]`.

Two kinds: the page opened again as it was, and a control moved to a value not seen before, so that nothing kept for it
can help. `--beside` names another copy of the project (git worktree add FOLDER COMMIT), whose portal is measured
in the same run, a click here and a click there in turn: on a machine with other work only the ratio means something.
"""

import argparse
import os
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks.portal_load import PAGES, Server, child_of
from portal.core.navigation import ROOT
from tests.e2e.server import portal
from tests.robustness.visitor import Visitor

# One control of each page that draws anew what is slow there.
MOVED = {
    "architectures": "architectures_name",
    "epochs": "epochs_OwnBaseline1",
    "disagreement": "disagreement_alone",
    "tuning": "tuning_fine_trial",
    "results": "results_cell",
    "errors": "errors_cost",
    "confidence": "confidence_temperature",
    "feature_maps": "feature_maps_filter",
    "playground": "playground_degrees",
}


@dataclass
class Portal:
    """A running portal and a visitor on one of its pages."""

    name: str
    address: str
    server: Server
    visitor: Visitor
    page: str = ""

    def open(self, page: str) -> float:
        """CPU milliseconds of the page's next view."""
        self.page = "" if page == "overview" else page
        return self.server.timed(lambda: self.visitor.open(self.page))[1]

    def control(self, key: str) -> tuple[Any, str]:
        """The page's control of this key, and the part of the page (or none) that it draws anew alone."""
        for message in self.visitor.open(self.page):
            element = message.delta.new_element
            kind = element.WhichOneof("type")
            if kind in ("slider", "selectbox") and getattr(element, kind).id.endswith(f"-{key}"):
                return getattr(element, kind), message.delta.fragment_id
        raise LookupError(f"{self.page} has no control {key}")

    def move(self, control: Any, part: str, step: int) -> float:
        """CPU milliseconds until the page stands again after the control got its `step`-th value."""
        message = BackMsg()
        message.rerun_script.page_name = self.page
        message.rerun_script.fragment_id = part
        state = message.rerun_script.widget_states.widgets.add(id=control.id)
        if hasattr(control, "min"):
            state.double_array_value.data.append(min(control.max, control.min + step * control.step))
        else:
            state.string_value = control.options[step % len(control.options)]
        return self.server.timed(lambda: finished(self.visitor, message))[1]


def finished(visitor: Visitor, message: BackMsg) -> None:
    """Send, and read until the script has ended."""
    visitor._socket.send(message.SerializeToString())
    end = time.monotonic() + 60
    kind = ""
    while kind != "script_finished":
        received = ForwardMsg()
        received.ParseFromString(visitor._socket.recv(timeout=end - time.monotonic()))
        kind = str(received.WhichOneof("type"))


def rows(portals: Sequence[Portal], page: str, rounds: int) -> Iterator[tuple[str, list[list[float]]]]:
    """What was done, and each portal's CPU milliseconds."""
    for each in portals:
        each.open(page), each.open(page)
    again = [[each.open(page) for each in portals] for _ in range(rounds)]
    yield f"{page}, again", [list(column) for column in zip(*again, strict=True)]
    if key := MOVED.get(page):
        controls = [each.control(key) for each in portals]
        steps = count(1)
        moved = [
            [each.move(*control, step) for each, control in zip(portals, controls, strict=True)]
            for step in (next(steps) for _ in range(rounds))
        ]
        yield f"{page}, {key}", [list(column) for column in zip(*moved, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.portal_clicks", description=__doc__)
    parser.add_argument("--beside", type=Path, help="another copy of the project, measured in turn with this one")
    parser.add_argument("--rounds", type=int, default=7, help="clicks of each kind (default 7)")
    parser.add_argument("--pages", nargs="+", choices=PAGES, default=PAGES)
    given = parser.parse_args()
    with ExitStack() as stack:
        portals: list[Portal] = []
        for name, root in (("beside", given.beside), ("here", ROOT)):
            if root is not None:
                address = stack.enter_context(portal(root=root))
                server = Server(child_of(os.getpid()))
                portals.append(Portal(name, address, server, stack.enter_context(Visitor(address))))
        print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; CPU ms a click, mean of {given.rounds}")
        print(f"{'':38}" + "".join(f"{each.name:>10}" for each in portals))
        sums: dict[str, list[float]] = {}
        for page in given.pages:
            for what, figures in rows(portals, page, given.rounds):
                means = [statistics.mean(each) for each in figures]
                print(f"{what:38}" + "".join(f"{mean:10.0f}" for mean in means), flush=True)
                sums.setdefault("again" if what.endswith(", again") else "moved", []).extend(means)
        for kind, found in sums.items():
            means = [statistics.mean(found[number :: len(portals)]) for number in range(len(portals))]
            print(f"{'all pages, ' + kind:38}" + "".join(f"{mean:10.0f}" for mean in means))


if __name__ == "__main__":
    main()
