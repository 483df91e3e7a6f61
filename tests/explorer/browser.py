"""A real browser for tests: Chromium of the system, driven by Playwright."""
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

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
