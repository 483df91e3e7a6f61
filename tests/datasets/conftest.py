from pathlib import Path

import pytest


@pytest.fixture(scope='session')
def real_images():
    """Folder of real images beside the repository; they are not part of the project."""
    folder = Path(__file__).resolve().parents[3] / 'shared' / 'data'
    if not folder.is_dir():
        pytest.skip(f'no real images: {folder} is not there')
    return folder
