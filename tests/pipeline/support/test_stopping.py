"""Ctrl-C and SIGTERM, whenever they come: one message, status 130, and the same command resumes."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from pipeline import cli
from pipeline.runner import RunFolder
from tests.pipeline.command_line import ROOT, command, one_sentence

SENTENCE = "Stopped: run the same command again to resume."


def hear_interrupts() -> None:
    """Also where these tests run in the background of a shell, which starts its jobs deaf to Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def started(run_name: str, stage: str) -> subprocess.Popen[str]:
    """The command in a session of its own, as a terminal has it."""
    return subprocess.Popen(
        command(run_name, stage),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=hear_interrupts,
    )


def ended(*arguments: str, path: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Python with these arguments, to its end; `path` is searched for modules too."""
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{path}"},
        preexec_fn=hear_interrupts,
    )


def test_an_interrupt_anywhere_in_a_command_is_status_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_announce", interrupted)
    monkeypatch.setattr(sys, "argv", ["pipeline", "run-all", "--profile", "smoke"])
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    signal.signal(signal.SIGTERM, before)
    assert stopped.value.code == 130
    assert one_sentence(capsys.readouterr().err) == SENTENCE


@pytest.mark.timeout(600)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("whole_group", [True, False], ids=["as a terminal", "as kill"])
def test_a_stopped_run_says_so_and_goes_on(number: signal.Signals, whole_group: bool, run_name: str) -> None:
    """In the middle of a stage's training, to the command alone or to its processes too; status 130, no traceback."""
    process = started(run_name, "augmentations")
    folder = ROOT / "runs" / run_name
    deadline = time.monotonic() + 280
    while not list(folder.glob("work/trials/*/record.json")):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.1)
    (os.killpg if whole_group else os.kill)(process.pid, number)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    assert one_sentence(errors) == SENTENCE
    with RunFolder(folder).locked():
        pass  # nobody holds the run any more


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_python_still_loads_is_one_sentence(number: signal.Signals, run_name: str) -> None:
    process = started(run_name, "eda")
    maps, deadline = Path(f"/proc/{process.pid}/maps"), time.monotonic() + 60
    while "libtorch" not in maps.read_text():  # Python itself, which may take long on a cold machine, has started
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert one_sentence(errors) == SENTENCE


STOPPED_IN_A_CALLBACK = """
import signal, time, weakref
from concurrent.futures.process import BrokenProcessPool
from pipeline import cli

class Thing:
    pass

def work(standalone_mode):
    thing = Thing()
    reference = weakref.ref(thing, lambda _: signal.raise_signal(signal.{number}))
    del thing  # the callback is told to stop, and Python drops what it raises
    {after}

cli.app = work
cli.main()
"""


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("after", ["time.sleep(60)", "raise BrokenProcessPool"])
def test_a_signal_that_python_drops_stops_the_run_all_the_same(number: str, after: str) -> None:
    """In the callback of a weak reference; then the training processes, which a terminal tells too, may end first."""
    code = STOPPED_IN_A_CALLBACK.format(number=number, after=after)
    stopped = ended("-c", code)
    assert stopped.returncode == 130, stopped.stderr
    assert one_sentence(stopped.stderr).startswith("Stopped: run the same command again")


KILLED_WORKERS = """
import sys, time
from pathlib import Path
from torch import fx, nn
import torch
from pipeline.execution.pool import Pool

def interpret(place, folder):
    network = nn.Linear(1, 1)
    fx.Interpreter(fx.symbolic_trace(network)).run(torch.zeros(1, 1))  # as torch's ONNX export does
    (folder / "begun").touch()
    time.sleep(60)

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    pool = Pool(folder / "work", Path(sys.argv[2]), 10, None)
    answers = pool.map(interpret, [folder])
    while not (folder / "begun").exists():
        time.sleep(0.05)
    pool.close(at_once=True)
"""


def test_training_processes_that_are_killed_leave_no_warning(data_folder: Path, tmp_path: Path) -> None:
    """Python warns of semaphores that nobody gave back; a library's progress bar made one in an export."""
    script = tmp_path / "script.py"
    script.write_text(KILLED_WORKERS)
    words = [sys.executable, str(script), str(tmp_path), str(data_folder)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    stopped = subprocess.run(words, capture_output=True, text=True, check=False, timeout=100, env=environment)
    assert (stopped.returncode, stopped.stderr) == (0, "")


INTERRUPTED_LIBRARY = """
import os, signal
from pipeline import cli

class Half:
    whole = False

    def __del__(self):
        assert self.whole

def work(standalone_mode):
    half = Half()
    try:
        os.kill(os.getpid(), signal.{number})
        half.whole = True
    {after}

cli.app = work
cli.main()
"""


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize(
    "after",
    ["finally:\n        del half", "except KeyboardInterrupt:\n        raise RuntimeError('half done')"],
)
def test_what_an_interrupt_leaves_half_done_is_nobodys_error(number: str, after: str) -> None:
    """In a destructor, as once in SQLAlchemy's, or as another exception: still one sentence and status 130."""
    code = INTERRUPTED_LIBRARY.format(number=number, after=after)
    stopped = ended("-c", code)
    assert stopped.returncode == 130, stopped.stderr
    assert one_sentence(stopped.stderr) == SENTENCE


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
def test_an_interrupt_in_code_from_a_string_leaves_with_the_status_too(number: str, tmp_path: Path) -> None:
    """As of a dataclass that is made while Python loads a module; it would end by SIGINT instead."""
    line = f"import signal; signal.raise_signal(signal.{number})"
    code = f"from pipeline.support.stopping import stoppable\nwith stoppable():\n    exec({line!r})\n"
    (tmp_path / "interrupted.py").write_text(code)
    stopped = ended("-m", "interrupted", path=tmp_path)
    assert stopped.returncode == 130, stopped.stderr
    assert one_sentence(stopped.stderr) == SENTENCE


SIGNALS = int(os.environ.get("SIGNALS", "40"))


@pytest.mark.slow
@pytest.mark.timeout(3_600)
def test_signals_at_random_times_are_one_sentence_each(run_name: str) -> None:
    """Most while it loads, the others anywhere in smoke, which goes on each time and begins anew once it is done."""
    draw, told = random.Random(0), 0
    while told < SIGNALS:
        process = started(run_name, "run-all")
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=draw.uniform(0.1, 5) if draw.random() < 0.6 else draw.uniform(3, 50))
        if process.poll() is None:
            tell = draw.choice([os.kill, os.killpg])
            tell(process.pid, draw.choice([signal.SIGINT, signal.SIGTERM]))
            told += 1
        _, errors = process.communicate(timeout=120)
        if process.returncode == 0:  # done before the signal, or too near its end to hear it
            assert errors == ""
            shutil.rmtree(ROOT / "runs" / run_name)
        else:
            assert (process.returncode, errors.strip()) == (130, SENTENCE)
