"""`python -m pipeline`"""

import sys

from pipeline import nursery
from pipeline.memory import uncollected

if __name__ == "__main__":
    try:
        if sys.argv[1:2] == ["run-all"] and "--help" not in sys.argv:
            nursery.open_early()
        with uncollected(frozen=True):
            from pipeline.cli import main  # takes seconds, in which a person may already press Ctrl-C
    except KeyboardInterrupt:
        print("Stopped; the same command goes on from here.", file=sys.stderr)
        sys.exit(130)
    main()
