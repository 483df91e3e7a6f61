import pytest
from mmengine.config import Config

from ibgan_plugin.datasets.of_config import build_dataset


def test_it_is_that_of_the_loader(dsprites_root):
    dataset = dict(type='DSprites', data_root=str(dsprites_root), indices=7)
    config = Config(dict(default_scope='ibgan_plugin', test_dataloader=dict(dataset=dataset)))
    assert len(build_dataset(config, 'test_dataloader')) == 7


@pytest.mark.parametrize(('dataset', 'message'), [
    (None, 'config: the key val_dataloader is missing'),
    (dict(type='ibgan_plugin.DSprites', splitt=3), "config: val_dataloader.dataset: .*unexpected keyword argument 'splitt'"),
    (dict(type='ibgan_plugin.LMDBImages', path='/none.lmdb'), '/none.lmdb'),
])
def test_mistakes_are_those_of_the_config(dataset, message):
    loader = dataset and dict(dataset=dataset)
    with pytest.raises(ValueError, match=message):
        build_dataset(Config(dict(val_dataloader=loader)), 'val_dataloader')
