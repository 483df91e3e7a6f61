"""The quick start's recipe, trained in small: sprites of 32x32, for seconds."""
from pathlib import Path

import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.registry import DATASETS
from torch.utils.data import Dataset

from ibgan_plugin.datasets.dsprites import render
from ibgan_plugin.engine.runner import CheckedRunner
from ibgan_plugin.models.freeze import evaluating
from ibgan_plugin.visualization import sample
from ibgan_plugin.visualization.resemblance import findings, statistics

QUICK = Path(__file__).parents[2] / 'configs' / 'ibgan' / 'ibgan_quick_dsprites.py'
SIZE = 32


@DATASETS.register_module(force=True)
class SmallSprites(Dataset):
    """2,048 random dSprites at half their size."""

    def __init__(self) -> None:
        generator = torch.Generator().manual_seed(0)
        cells = [torch.randint(size, (2048, ), generator=generator) for size in (3, 6, 40, 32, 32)]
        images = torch.from_numpy(render(torch.stack(cells, 1).numpy()))[:, None].float() / 255
        self.images = (255 * F.avg_pool2d(images, 2).round()).byte()

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index) -> dict:
        return dict(inputs=self.images[int(index)])


def small_recipe(work_dir, max_iters: int, d_rate: float = 1.0) -> Config:
    cfg = Config.fromfile(QUICK)
    cfg.merge_from_dict(dict(
        model=dict(generator=dict(image_size=SIZE), trunk=dict(image_size=SIZE)),
        default_hooks=dict(checkpoint=dict(interval=max_iters), traversal=dict(interval=max_iters), logger=dict(interval=50)),
        train_cfg=dict(max_iters=max_iters), work_dir=str(work_dir), experiment_name=f'small{d_rate}{max_iters}'))
    cfg.optim_wrapper.discriminator.optimizer.lr *= d_rate
    cfg.train_dataloader.dataset = dict(type='SmallSprites')
    cfg.train_dataloader.collate_fn = dict(type='default_collate')
    for key in ('val_dataloader', 'val_evaluator', 'val_cfg', 'test_dataloader', 'test_evaluator', 'test_cfg'):
        cfg[key] = None
    cfg.train_cfg.pop('val_interval')
    return cfg


def train(cfg: Config) -> tuple[torch.Tensor, str]:
    """256 samples of a run, and its log."""
    runner = CheckedRunner.from_cfg(cfg)
    runner.train()
    with evaluating(runner.model):
        imgs = sample(runner.model, 256)
    log, = Path(cfg.work_dir).glob('*/*.log')
    return imgs, log.read_text()


def test_the_quick_recipe_draws_sprites(tmp_path):
    imgs, log = train(small_recipe(tmp_path, 500))
    real = SmallSprites().images.float() / 127.5 - 1
    assert findings(statistics(imgs), statistics(real[:len(imgs)])) == []
    white = (imgs > 0).float().mean()
    assert 0.01 < white < 0.08
    assert 'The pictures of this run can be trusted' in log
    assert 'DO NOT TRUST' not in log


def test_the_quick_recipe_with_a_discriminator_that_hardly_learns_is_warned_of(tmp_path):
    _, log = train(small_recipe(tmp_path, 100, d_rate=0.001))
    assert 'DO NOT TRUST this run: at iteration 100' in log
    assert 'can be trusted' not in log
