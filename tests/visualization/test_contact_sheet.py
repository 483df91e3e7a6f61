import numpy as np
import pytest
from mmengine.config import Config

from ibgan_plugin.datasets.codec import encode
from ibgan_plugin.visualization.contact_sheet import contact_sheet


def config(dataset, **model):
    return Config(dict(train_dataloader=dict(dataset=dataset), **model))


def test_sheet_of_sprites(dsprites_root):
    sheet = contact_sheet(config(dict(type='ibgan_plugin.DSprites', data_root=str(dsprites_root))), count=10, columns=4)
    assert sheet.shape == (3 * 66 + 2, 4 * 66 + 2, 3) and sheet.dtype == np.uint8
    first = sheet[2:66, 2:66, 0]
    assert set(np.unique(first)) == {0, 255} and 0 < (first == 255).mean() < 0.1


def test_the_preprocessor_is_applied(dsprites_root):
    dataset = dict(type='ibgan_plugin.DSprites', data_root=str(dsprites_root), indices=1)
    model = dict(data_preprocessor=dict(type='ImgDataPreprocessor', mean=[0], std=[510]))
    dim = contact_sheet(config(dataset, model=model), count=5, columns=1)
    assert dim.shape == (68, 68, 3) and set(np.unique(dim[2:66, 2:66])) == {128, 191}, 'images in 0..0.5, not in -1..1'


def test_what_can_not_be_drawn(dsprites_root, tmp_path):
    sprites = dict(type='ibgan_plugin.DSprites', data_root=str(dsprites_root))
    with pytest.raises(ValueError, match='config: the key val_dataloader is missing'):
        contact_sheet(config(sprites), 'val')
    with pytest.raises(ValueError, match=r"config: train_dataloader.dataset: .*unexpected keyword argument 'splitt'"):
        contact_sheet(config(dict(sprites, splitt=3)))
    for count in (0, 4097):
        with pytest.raises(ValueError, match=f'count must be at least 1 and at most 4,096, got {count}'):
            contact_sheet(config(sprites), count=count)
    with pytest.raises(ValueError, match=r'^seed must be at least 0, got -1$'):
        contact_sheet(config(sprites), seed=-1)
    for side in (5, 6):
        (tmp_path / f'{side}.png').write_bytes(encode(np.zeros((side, 5, 3), dtype=np.uint8), 'png'))
    with pytest.raises(ValueError, match=r'the images differ in size \(\(3, 5, 5\), \(3, 6, 5\)\): add CropResize'):
        contact_sheet(config(dict(type='ibgan_plugin.ImageFiles', path=str(tmp_path))))


def test_types_are_of_the_configs_scope_as_in_training(dsprites_root):
    dataset = dict(type='DSprites', data_root=str(dsprites_root), pipeline=[dict(type='CropResize', size=8)])
    assert contact_sheet(config(dataset, default_scope='ibgan_plugin'), count=4, columns=2).shape == (22, 22, 3)
