"""`python -m pipeline`"""

import sys

if __name__ == "__main__":
    try:
        from pipeline.cli import main  # takes seconds, in which a person may already press Ctrl-C
    except KeyboardInterrupt:
        print("Stopped; the same command goes on from here.", file=sys.stderr)
        sys.exit(130)
    main()
