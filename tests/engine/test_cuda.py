import pytest
import torch
from mmengine.config import Config
from torch.utils._python_dispatch import TorchDispatchMode

from ibgan_plugin.engine.cuda import tune_cuda
from ibgan_plugin.engine.optim import GroupedOptimWrapperConstructor
from ibgan_plugin.registry import MODELS
from tests.conftest import batch, model_cfg, optim_cfg, trunk_cfg


@pytest.fixture
def precision():
    """Torch's switches for products and convolutions at their defaults, put back afterwards."""
    switches = (torch.backends.cuda.matmul, torch.backends.cudnn)
    before = [switch.allow_tf32 for switch in switches]
    for switch, value in zip(switches, (False, True), strict=True):
        switch.allow_tf32 = value
    yield lambda: tuple(switch.allow_tf32 for switch in switches)
    for switch, value in zip(switches, before, strict=True):
        switch.allow_tf32 = value


@pytest.mark.parametrize(('env_cfg', 'expected'), [({}, (False, True)), (dict(tf32=True), (True, True)),
                                                   (dict(tf32=False), (False, False))])
def test_tf32_is_what_the_config_says(precision, monkeypatch, env_cfg, expected):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    tune_cuda(Config(dict(env_cfg=env_cfg)))
    assert precision() == expected


def test_loaders_pin_their_batches_unless_told_otherwise(precision, monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    cfg = Config(dict(train_dataloader=dict(batch_size=2), val_dataloader=dict(pin_memory=False), test_dataloader=None))
    tune_cuda(cfg)
    assert cfg.train_dataloader.pin_memory and not cfg.val_dataloader.pin_memory


@pytest.mark.skipif(torch.cuda.is_available(), reason='CUDA is there')
def test_without_cuda_nothing_happens(precision):
    cfg = Config(dict(env_cfg=dict(tf32=True), train_dataloader=dict(batch_size=2)))
    tune_cuda(cfg)
    assert precision() == (False, True) and 'pin_memory' not in cfg.train_dataloader


class NoSynchronisation(TorchDispatchMode):
    """Refuses operations for which the host has to wait for the device, as the capture of a CUDA graph does."""

    WAITING = ('_local_scalar_dense', 'is_nonzero', 'nonzero', 'equal', 'masked_select', 'unique')

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        assert func.overloadpacket.__name__ not in self.WAITING, f'{func} waits for the device'
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize('cfg', [model_cfg(), trunk_cfg()], ids=['separate', 'shared_trunk'])
def test_a_step_never_waits_for_the_device(cfg):
    model = MODELS.build(cfg).train()
    optim = GroupedOptimWrapperConstructor(optim_cfg())(model)
    data = batch()
    with NoSynchronisation():
        log_vars = model.train_step(data, optim)
        with pytest.raises(AssertionError, match='waits for the device'):
            log_vars['loss_gen'].item()
