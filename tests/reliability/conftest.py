import pytest


@pytest.fixture(scope='module')
def data_root(tmp_path_factory):
    """dSprites, drawn once."""
    from ibgan_plugin.datasets.dsprites import DSprites
    root = tmp_path_factory.mktemp('dsprites')
    DSprites(root).full_init()
    return str(root)
