import pytest

from tests.reliability.outcomes import train
from tests.reliability.training import CONFIG, arguments


@pytest.fixture(scope='module')
def data_root(tmp_path_factory):
    """dSprites, drawn once."""
    from ibgan_plugin.datasets.dsprites import DSprites
    root = tmp_path_factory.mktemp('dsprites')
    DSprites(root).full_init()
    return str(root)


@pytest.fixture(scope='module')
def small(data_root):
    """Options of a run of four iterations that saves after each second one."""

    def make(**more) -> list[str]:
        changes = {key.replace('__', '.'): value for key, value in more.items()}
        return arguments({
            **{f'{stage}_dataloader.dataset.data_root': data_root for stage in ('train', 'val', 'test')},
            **{f'model.{part}.base_channels': 2 for part in ('generator', 'discriminator', 'reconstructor')},
            'train_dataloader.batch_size': 4, 'train_cfg.max_iters': 4, 'train_cfg.val_begin': 10_000,
            'default_hooks.checkpoint.interval': 2, 'default_hooks.logger.interval': 1, 'default_hooks.traversal.interval': 10_000,
            **changes})

    return make


@pytest.fixture(scope='module')
def trained(small, tmp_path_factory):
    """A run of seed 3."""
    place = tmp_path_factory.mktemp('trained')
    status, text = train(place, CONFIG, '--work-dir', 'run', '--seed', 3, *small())
    assert status == 0, text
    return place / 'run'
