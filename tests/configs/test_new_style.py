"""A config whose bases and types are imported (``read_base``) is the same as the one in text style, and trains."""
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.registry import RUNNERS

from ibgan_plugin.config.check import check_config
from ibgan_plugin.datasets.dsprites.build import prepare

CONFIGS = Path(__file__).parents[2] / 'configs' / 'ibgan'


def bare(value):
    """A config with types by their last names."""
    if isinstance(value, dict):
        return {key: child.rpartition('.')[2] if key == 'type' else bare(child) for key, child in value.items()}
    return [bare(child) for child in value] if isinstance(value, (list, tuple)) else value


def test_same_as_text_style():
    new, text = (Config.fromfile(CONFIGS / name) for name in ('new_style/ibgan_new_style_dsprites.py', 'ibgan_dsprites.py'))
    assert bare(new.to_dict()) == bare(text.to_dict())


def test_trains(tmp_path):
    prepare(tmp_path / 'dsprites')
    cfg = Config.fromfile(CONFIGS / 'new_style' / 'ibgan_new_style_dsprites.py')
    for name in ('generator', 'discriminator', 'reconstructor'):
        cfg.model[name].base_channels = 2
    cfg.train_dataloader.dataset.data_root = str(tmp_path / 'dsprites')
    cfg.train_dataloader.batch_size = 4
    cfg.train_cfg.max_iters = cfg.default_hooks.checkpoint.interval = 2
    for key in ('val_cfg', 'val_dataloader', 'val_evaluator', 'test_cfg', 'test_dataloader', 'test_evaluator'):
        cfg.pop(key)
    cfg.merge_from_dict(dict(work_dir=str(tmp_path / 'run'), experiment_name='new_style', log_level='WARNING'))
    check_config(cfg)
    RUNNERS.build(cfg).train()
    checkpoint = torch.load(tmp_path / 'run' / 'iter_2.pth', weights_only=True)
    assert all(value.isfinite().all() for value in checkpoint['state_dict'].values())
