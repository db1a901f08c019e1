"""`python -m pipeline`"""

import sys

from pipeline import nursery
from pipeline.errors import STOPPED, STOPPED_SENTENCE
from pipeline.memory import uncollected

TRAIN_NOTHING = {"publish", "status", "verify", "--help"}

if __name__ == "__main__":
    try:
        if sys.argv[1:] and not TRAIN_NOTHING & set(sys.argv):
            nursery.open_early()
        with uncollected(frozen=True):
            from pipeline.cli import main  # takes seconds, in which a person may already press Ctrl-C
    except KeyboardInterrupt:
        print(STOPPED_SENTENCE, file=sys.stderr)
        sys.exit(STOPPED)
    main()
