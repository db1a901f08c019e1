"""`python -m portal`: serve the pages, or answer for photos on the command line."""

import sys

from portal.cli import main

if __name__ == "__main__":
    sys.exit(main())
