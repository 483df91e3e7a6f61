from functools import partial

import pytest

from tests.reliability.outcomes import small_options, train
from tests.reliability.training import CONFIG


@pytest.fixture(scope='module')
def data_root(tmp_path_factory):
    """dSprites, drawn once."""
    from ibgan_plugin.datasets.dsprites import DSprites
    root = tmp_path_factory.mktemp('dsprites')
    DSprites(root).full_init()
    return str(root)


@pytest.fixture(scope='module')
def small(data_root):
    """Options of a run of four iterations."""
    return partial(small_options, data_root)


@pytest.fixture(scope='module')
def trained(small, tmp_path_factory):
    """A run of seed 3."""
    place = tmp_path_factory.mktemp('trained')
    status, text = train(place, CONFIG, '--work-dir', 'run', '--seed', 3, *small())
    assert status == 0, text
    return place / 'run'
