"""Pictures of explorer and report at two widths, light and dark: ``python -m tests.explorer.screenshots RUN... --out DIR``."""
import argparse
import threading
from pathlib import Path

import numpy as np
from PIL import Image

from ibgan_plugin.explorer.server import make_service
from ibgan_plugin.explorer.session import make_explorer
from ibgan_plugin.report.content import open_runs
from ibgan_plugin.report.page import build
from tests.explorer.browser import browser_context

WIDTHS, SCHEMES = (360, 1440), ('light', 'dark')
#: Colours of the picture for the README: a page has few, and a palette makes the file small.
NUM_COLORS = 64


def main() -> None:
    """Take them all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('runs', nargs='+', metavar='RUN', help='work directory')
    parser.add_argument('--out', type=Path, required=True, help='folder for them')
    parser.add_argument('--readme', type=Path, metavar='FILE.png', help='only the picture of the first run for the README')
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    explorer, notes = make_explorer(args.runs[:1] if args.readme else args.runs)
    print(*notes, sep='\n')
    service = make_service(explorer, port=0)
    thread = threading.Thread(target=service.run)
    thread.start()
    try:
        with browser_context() as context:
            page = context.new_page()
            if args.readme:
                take(page, service.address, 1100, 'light', args.out / 'readme.png', explored, full=False)
                shrink(args.out / 'readme.png', args.readme)
                return
            report = args.out / 'report.html'
            report.write_text(build(open_runs(args.runs)))
            for width in WIDTHS:
                for scheme in SCHEMES:
                    take(page, service.address, width, scheme, args.out / f'explorer_{width}_{scheme}.png', explored)
                    take(page, report.as_uri(), width, scheme, args.out / f'report_{width}_{scheme}.png')
            page.emulate_media(media='print', color_scheme='light')
            page.pdf(path=args.out / 'report.pdf', format='A4', prefer_css_page_size=True)
    finally:
        service.server.should_exit = True
        thread.join()


def take(page, address: str, width: int, scheme: str, out: Path, prepare=None, full: bool = True) -> None:
    """One picture, of the whole page or of what a window shows."""
    page.set_viewport_size(dict(width=width, height=760))
    page.emulate_media(color_scheme=scheme)
    page.goto(address)
    if prepare:
        prepare(page)
    page.screenshot(path=out, full_page=full)


def explored(page) -> None:
    """The explorer as it is after an image of the data set was encoded, one slider moved and two points kept."""
    page.wait_for_selector('body[data-ready]')
    card = page.locator('.card').first
    card.get_by_role('button', name='Keep as A').click()
    if page.get_by_label('image 0 to').count():
        page.get_by_label('image 0 to').fill('400000')
        page.get_by_role('button', name='Encode').click()
        page.wait_for_function('() => document.getElementById("status").textContent.startsWith("encoded")')
    card.get_by_role('button', name='Keep as B').click()
    slider = card.locator('.slider input').first
    slider.focus()
    for _ in range(20):
        page.keyboard.press('ArrowRight')
    page.wait_for_timeout(3000)  # which code follows which factor takes a moment


def shrink(picture: Path, out: Path) -> None:
    """The same with few colours."""
    small = Image.fromarray(np.asarray(Image.open(picture).convert('RGB'))).quantize(NUM_COLORS, dither=Image.Dither.NONE)
    small.save(out, optimize=True)


if __name__ == '__main__':
    main()
