"""Pictures of every page in light, dark and phone width: `python -m tests.e2e.screenshots [--run FOLDER] [PAGE ...]`.

Exit status 1 if a page shows an error, a script of it fails, or it asks for anything from another machine.
"""

import argparse
import sys
from pathlib import Path

from playwright.sync_api import Browser, ViewportSize

from portal.core.navigation import ROOT, available_pages
from tests.e2e.server import PATIENCE, chromium, open_page, portal, watch

DESKTOP, PHONE = ViewportSize(width=1280, height=900), ViewportSize(width=390, height=844)
MODES = {"light": (DESKTOP, "light"), "dark": (DESKTOP, "dark"), "phone": (PHONE, "light")}
TALLEST = 8_000


def take(browser: Browser, address: str, mode: str, pages: list[str], folder: Path) -> list[str]:
    """Save PAGE-MODE.png of each page, whole pages without scrolling; returns what went wrong."""
    size, scheme = MODES[mode]
    page = browser.new_page(viewport=size, color_scheme="dark" if scheme == "dark" else "light")
    faults = watch(page, address)
    for name in pages:
        open_page(page, address, name)
        height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
        page.set_viewport_size({"width": size["width"], "height": min(int(height) + 60, TALLEST)})
        page.wait_for_function("!document.querySelector('[data-testid=stSkeleton]')", timeout=PATIENCE)
        page.wait_for_timeout(1_000)
        page.screenshot(path=folder / f"{name}-{mode}.png")
        if page.locator('[data-testid="stException"]').count():
            faults.append(f"{name} shows an error")
        page.set_viewport_size(size)
    page.close()
    return [f"{mode}: {fault}" for fault in faults]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    names = [page.name for page in available_pages()]
    parser.add_argument("pages", nargs="*", metavar="PAGE", help=f"of {', '.join(names)}; all by default")
    parser.add_argument("--run", type=Path, help="the run to show; by default what the portal opens first")
    parser.add_argument("--modes", nargs="+", choices=MODES, default=list(MODES))
    parser.add_argument("--to", type=Path, default=ROOT / "screenshots")
    arguments = parser.parse_args()
    if unknown := set(arguments.pages) - set(names):
        parser.error(f"there is no page {', '.join(sorted(unknown))}: choose from {', '.join(names)}.")
    arguments.to.mkdir(parents=True, exist_ok=True)
    faults = []
    with portal(arguments.run) as address, chromium() as browser:
        for mode in arguments.modes:
            faults += take(browser, address, mode, arguments.pages or names, arguments.to)
    print("\n".join(faults) or f"Pictures of {len(arguments.pages or names)} pages are in {arguments.to}.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
