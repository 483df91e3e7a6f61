"""A real browser for tests: Chromium of the system, driven by Playwright."""
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

#: As root, in a container, without a word to anybody.
FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
         '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage']
#: Names under which systems install it.
NAMES = ('chromium', 'chromium-browser', 'google-chrome')


def need_browser() -> str:
    """The browser's file; without one the test is skipped or, where IBGAN_BROWSER_TESTS is 'required' as in .ci/run, fails."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    try:
        import playwright  # noqa: F401
    except ImportError:
        found = None
    if found is None:
        say = pytest.fail if os.environ.get('IBGAN_BROWSER_TESTS') == 'required' else pytest.skip
        say(f"needs a browser ({', '.join(NAMES)}) and Playwright (pip install 'ibgan_plugin[test]')")
    return found


@contextmanager
def browser_context(**options) -> Iterator:
    """A browser with an empty profile; ``options`` are those of Playwright's contexts."""
    executable = need_browser()
    from playwright.sync_api import sync_playwright
    with tempfile.TemporaryDirectory() as profile, sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=executable, headless=True, args=FLAGS, accept_downloads=True, **options)
        context.set_default_timeout(20_000)
        try:
            yield context
        finally:
            context.close()


#: Folder of ``npm install`` in ibgan_plugin/explorer, or another.
NODE_MODULES = Path(os.environ.get('IBGAN_NODE_MODULES', Path(__file__).parents[2] / 'ibgan_plugin/explorer/node_modules'))


def need_node_modules() -> None:
    """The packages of package.json; without them the test is skipped or, in .ci/run, fails."""
    if not (NODE_MODULES / 'axe-core/axe.min.js').is_file():
        say = pytest.fail if os.environ.get('IBGAN_BROWSER_TESTS') == 'required' else pytest.skip
        say(f'needs axe-core and onnxruntime-web: npm install --prefix {NODE_MODULES.parent}')


def serious(page) -> list:
    """Violations that axe-core calls serious or critical."""
    need_node_modules()
    page.evaluate((NODE_MODULES / 'axe-core/axe.min.js').read_text())  # a <script> would be refused by the page's own policy
    found = page.evaluate('axe.run()')
    return [(each['id'], each['nodes'][0]['html']) for each in found['violations'] if each['impact'] in ('serious', 'critical')]
