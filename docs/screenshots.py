"""Takes the pictures of the README from a running demo, light and dark, as small PNG files in docs/images.

    insightrepo demo && insightrepo serve &
    python docs/screenshots.py http://127.0.0.1:5000

Needs Chromium (on the path, or named by CHROMIUM) and Pillow.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

IMAGES = Path(__file__).parent / "images"
SIGN_IN = ("demo@example.com", "family-trip-demo")
WIDTH = 1280
COLOURS = 96  # of the palette: flat pages need no more
PICTURES = {  # name: the address, and how much of the page is seen
    "home": ("/", 800),
    "search": ("/search?q=boring+stops", 800),
    "outcome": ("/outcomes/FT-01", 1240),
    "why": ("/outcomes/FT-01/why", 900),
}


def take(page: Page, address: str, height: int) -> bytes:
    """A picture of a page once it has settled."""
    page.set_viewport_size({"width": WIDTH, "height": height})
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.evaluate("document.activeElement?.blur()")
    return page.screenshot()


def save(picture: bytes, path: Path) -> int:
    """Write a picture with few colours; returns its bytes."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(path, optimize=True)
    return path.stat().st_size


def pictures(browser: Browser, base: str, scheme: str) -> int:
    """All pictures in one scheme of colours; returns their bytes."""
    context = browser.new_context(base_url=base, color_scheme=scheme, reduced_motion="reduce")
    page = context.new_page()
    page.goto("/sign-in")
    page.get_by_label("E-mail").fill(SIGN_IN[0])
    page.get_by_label("Password").fill(SIGN_IN[1])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state()
    total = 0
    for name, (address, height) in PICTURES.items():
        suffix = "" if scheme == "light" else "-dark"
        total += save(take(page, address, height), IMAGES / f"{name}{suffix}.png")
    context.close()
    return total


def main(base: str) -> None:
    """Take them all."""
    IMAGES.mkdir(exist_ok=True)
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--disable-gpu", *root])
        total = sum(pictures(browser, base, scheme) for scheme in ("light", "dark"))
        browser.close()
    print(f"{2 * len(PICTURES)} pictures, {total / 1000:.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:5000")
