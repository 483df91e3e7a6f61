from pathlib import Path

import pytest

from ibgan_plugin.datasets.dsprites.build import prepare


@pytest.fixture(scope='session')
def dsprites_root(tmp_path_factory):
    """A folder with the drawn dSprites, about a second of work."""
    root = tmp_path_factory.mktemp('dsprites')
    prepare(root)
    return root


@pytest.fixture(scope='session')
def real_images():
    """Folder of real images beside the repository; they are not part of the project."""
    folder = Path(__file__).resolve().parents[3] / 'shared' / 'data'
    if not folder.is_dir():
        pytest.skip(f'no real images: {folder} is not there')
    return folder
