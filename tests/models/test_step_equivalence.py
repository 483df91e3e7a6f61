"""One step of ours against the published step in plain torch: same weights, same random numbers, same batch.

In float64, since two float32 evaluations of one formula need not agree to 1e-5 where a gradient is zero but for rounding (a bias
in front of a BatchNorm, say): RMSprop's first step has the size of the learning rate, whatever the gradient's.
"""
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS

from ibgan_plugin.engine.optim import GroupedOptimWrapperConstructor
from ibgan_plugin.ops import accelerate
from tests.conftest import batch, model_cfg, optim_cfg, trunk_cfg
from tests.reference.plain_step import PlainIBGAN

LABELS = dict(type='ibgan_plugin.AdversarialLoss', real_label=(0.7, 1.2))
SMALL = dict(
    separate=model_cfg(),
    shared_trunk=trunk_cfg(adversarial_loss=LABELS,
                           reconstructor=dict(type='ibgan_plugin.Reconstructor', z_dim=6, base_channels=4, image_size=16,
                                              conv_multipliers=(4, 4), pointwise_multipliers=(), shared_trunk=True)))
CONFIGS = Path(__file__).parents[2] / 'configs' / '_base_'


def compare(cfg: dict, optim: dict, num: int, steps: int, fast: bool, dtype=torch.float64, rtol=1e-5):
    """Both train for ``steps`` steps; losses, and in float64 all weights, agree to ``rtol``."""
    channels, size = (cfg['discriminator'].get(key, value) for key, value in (('in_channels', 1), ('image_size', 64)))
    imgs = batch(num, channels, size)
    model = MODELS.build(cfg).train().to(dtype)
    if fast:
        accelerate(model)
    model.init_weights()
    optim_wrapper = GroupedOptimWrapperConstructor(optim)(model)
    plain = PlainIBGAN(cfg, optim['generator']['optimizer']['lr'], optim['discriminator']['optimizer']['lr']).to(dtype)
    plain.copy_weights(model)
    model.instance_noise_std = 0.3
    real_imgs = model.data_preprocessor(imgs, True)['inputs'].to(dtype)
    model.data_preprocessor.forward = lambda data, training: dict(inputs=real_imgs)
    for step in range(steps):
        torch.manual_seed(step)
        ours = model.train_step(imgs, optim_wrapper)
        torch.manual_seed(step)
        theirs = plain.step(real_imgs.contiguous(), 0.3)
        for key, value in theirs.items():
            torch.testing.assert_close(ours[key], value, rtol=rtol, atol=0.1 * rtol)
    if dtype == torch.float64:
        for name, part in plain.named_children():
            for (key, mine), value in zip(getattr(model, name).named_parameters(), part.parameters(), strict=True):
                torch.testing.assert_close(mine, value, rtol=rtol, atol=1e-9, msg=lambda text, key=key: f'{key}: {text}')


@pytest.fixture(autouse=True)
def same_random_numbers(monkeypatch):
    """Draws fill a tensor in the order of its indices whatever its memory format, and z has the default dtype."""
    draw = torch.randn
    monkeypatch.setattr(torch, 'randn_like', lambda like: draw(like.shape, dtype=like.dtype))
    before = torch.get_default_dtype()
    yield
    torch.set_default_dtype(before)


@pytest.mark.parametrize('fast', [False, True], ids=['plain', 'fast'])
@pytest.mark.parametrize('name', SMALL)
def test_small_networks(name, fast):
    torch.set_default_dtype(torch.float64)
    compare(SMALL[name], optim_cfg(lr=1e-3), num=8, steps=3, fast=fast)


def dsprites() -> tuple[dict, dict]:
    schedule = Config.fromfile(CONFIGS / 'schedules' / 'rmsprop.py').optim_wrapper
    return (Config.fromfile(CONFIGS / 'models' / 'ibgan_separate.py').model,
            {key: value for key, value in schedule.items() if key != 'constructor'})


@pytest.mark.parametrize('fast', [False, True], ids=['plain', 'fast'])
def test_published_dsprites_networks(fast):
    torch.set_default_dtype(torch.float64)
    compare(*dsprites(), num=8, steps=1, fast=fast)


def test_published_dsprites_networks_give_the_same_losses_in_single_precision():
    compare(*dsprites(), num=16, steps=1, fast=True, dtype=torch.float32)
