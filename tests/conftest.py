"""Small models and batches shared by the tests."""
import copy
import logging
import os

import pytest
import torch
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import MODELS, OPTIM_WRAPPER_CONSTRUCTORS

from ibgan_plugin.datasets.dsprites.build import prepare

SIZE = 16


def pytest_addoption(parser) -> None:
    """``--cuda``, for ``tests/engine/test_cuda_device.py`` on a machine that has a device."""
    parser.addoption('--cuda', action='store_true', help='let tests see CUDA devices; without it all run on the CPU')


def pytest_configure(config) -> None:
    """Hide CUDA devices: runs are compared bit for bit, with stand-ins that stay on the CPU, and in forked processes."""
    if not config.getoption('--cuda'):
        os.environ['CUDA_VISIBLE_DEVICES'] = ''


def pytest_terminal_summary(terminalreporter) -> None:
    """Print what tests recorded as their ``summary``, from worker processes too."""
    for report in terminalreporter.stats.get('passed', []):
        for name, value in report.user_properties:
            if name == 'summary':
                terminalreporter.write_line(value)


def pytest_sessionstart():
    """One thread for fixtures of modules too, which are made before those of the first test."""
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def one_thread_and_seed():
    """A known state, whatever a test before has run in this process. One thread: tests are small, more only wait for each other."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(False)
    torch.set_float32_matmul_precision('highest')
    torch.manual_seed(0)
    MessageHub.get_current_instance().update_info('iter', 0)
    for logger in MMLogger._instance_dict.values():  # the explorer's server configures logging, which closes all log files
        logger.handlers = [handler for handler in logger.handlers if getattr(handler, 'stream', True) is not None]


@pytest.fixture(autouse=True)
def nobody_hears_warnings():
    """A tool that a test calls hears the warnings of its process from then on: not those of later tests."""
    yield
    logging.captureWarnings(False)
    heard = logging.getLogger('py.warnings')
    heard.handlers, heard.propagate = [], True


@pytest.fixture(autouse=True)
def no_data_in_the_checkout(monkeypatch, tmp_path):
    """Tests end the same where the quick start has been run."""
    monkeypatch.setattr('ibgan_plugin.config.data_paths.CHECKOUT', tmp_path / 'checkout_without_data')


@pytest.fixture(scope='session')
def dsprites_root(tmp_path_factory):
    """A folder with the drawn dSprites, about a second of work."""
    root = tmp_path_factory.mktemp('dsprites')
    prepare(root)
    return root


def model_cfg(**changes) -> dict:
    """A small IB-GAN on 16x16 images with one channel; top-level keys are replaced by ``changes``."""
    cfg = dict(
        type='ibgan_plugin.IBGAN',
        encoder=dict(type='ibgan_plugin.Encoder', z_dim=6, r_dim=4, hidden_dims=(8, )),
        generator=dict(type='ibgan_plugin.Generator', r_dim=4, base_channels=4, image_size=SIZE),
        discriminator=dict(type='ibgan_plugin.Discriminator', base_channels=4, image_size=SIZE),
        reconstructor=dict(type='ibgan_plugin.Reconstructor', z_dim=6, base_channels=4, image_size=SIZE),
        info_loss=dict(type='ibgan_plugin.InformationLoss', info_weight=1.0),
        kl_loss=dict(type='ibgan_plugin.KLLoss', beta=0.1),
        data_preprocessor=dict(type='ImgDataPreprocessor', mean=[127.5], std=[127.5]))
    cfg.update(changes)
    return copy.deepcopy(cfg)


def trunk_cfg(**changes) -> dict:
    """The same with a trunk that D and q share."""
    cfg = model_cfg(trunk=dict(type='ibgan_plugin.Trunk', in_channels=1, base_channels=4, image_size=SIZE))
    for name in ('discriminator', 'reconstructor'):
        cfg[name]['shared_trunk'] = True
    cfg.update(changes)
    return cfg


def spectral_cfg(**changes) -> dict:
    """The same with the small networks of spectral norm, one optimiser for trunk, D and q."""
    cfg = model_cfg(
        generator=dict(type='ibgan_plugin.SmallGenerator', r_dim=4, base_channels=4, hidden_dim=16, image_size=SIZE),
        trunk=dict(type='ibgan_plugin.SpectralTrunk', in_channels=1, base_channels=4, num_features=16, image_size=SIZE),
        trunk_owner='both',
        discriminator=dict(type='ibgan_plugin.SpectralDiscriminator', num_features=16),
        reconstructor=dict(type='ibgan_plugin.SpectralReconstructor', z_dim=6, num_features=16, hidden_dim=16))
    cfg.update(changes)
    return cfg


def optim_cfg(lr: float = 1e-3, **group) -> dict:
    """One RMSprop a side."""
    side = dict(type='OptimWrapper', optimizer=dict(type='RMSprop', lr=lr, momentum=0.9), **group)
    return dict(generator=copy.deepcopy(side), discriminator=copy.deepcopy(side))


def build(cfg: dict, **optim):
    """Model in training mode and its optimiser wrappers."""
    model = MODELS.build(cfg)
    constructor = OPTIM_WRAPPER_CONSTRUCTORS.build(
        dict(type='ibgan_plugin.GroupedOptimWrapperConstructor', optim_wrapper_cfg=optim_cfg(**optim)))
    return model.train(), constructor(model)


def batch(num: int = 8, channels: int = 1, size: int = SIZE) -> dict:
    """A batch of uint8 images with a bright square each, at a random place."""
    images = torch.zeros(num, channels, size, size, dtype=torch.uint8)
    for image in images:
        top, left = torch.randint(0, size // 2, (2, ))
        image[:, top:top + size // 2, left:left + size // 2] = 255
    return dict(inputs=images)


def snapshot(module) -> dict:
    """Copies of all weights and buffers."""
    return {key: value.clone() for key, value in module.state_dict().items()}


def assert_same(module, before: dict) -> None:
    """Every weight and buffer is bitwise what it was."""
    changed = [key for key, value in module.state_dict().items() if not torch.equal(value, before[key])]
    assert not changed
