"""`python -m pipeline`"""

import sys

from pipeline.execution import forkserver
from pipeline.support.memory import uncollected
from pipeline.support.stopping import stoppable

TRAIN_NOTHING = {"optuna", "publish", "status", "verify", "--help"}

if __name__ == "__main__":
    with stoppable():
        if sys.argv[1:] and not TRAIN_NOTHING & set(sys.argv):
            forkserver.open_early()
        with uncollected(frozen=True):
            from pipeline.cli import main  # takes seconds, in which a person may already press Ctrl-C
        main()
