"""Explorers of small models, and a server that runs while a test does."""
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from mmengine.registry import MODELS

from ibgan_plugin.apis.dataset import ShownData, encode_pixels
from ibgan_plugin.datasets.dsprites import DSprites
from ibgan_plugin.explorer.models import ExploredModel
from ibgan_plugin.explorer.server import Explorer, make_service
from tests.conftest import batch, model_cfg
from tests.models.configs import categorical_cfg


def small_model(seed: int = 0, **changes):
    """An IB-GAN with weights as after some training: codes and images that differ."""
    torch.manual_seed(seed)
    model = MODELS.build(model_cfg(**changes))
    if model.encoder is not None:
        for weight in model.encoder.parameters():
            weight.data *= 5
    with torch.no_grad():
        for _ in range(20):
            model.generator.train()(torch.randn(16, 4))
            if model.reconstructor is not None:
                model.reconstructor.train()(batch(16)['inputs'] / 127.5 - 1)
    return model


@pytest.fixture(scope='session')
def explorer(dsprites_root):
    """Two models that can encode and one that can not, beside dSprites."""
    models = [ExploredModel('first', small_model(0)), ExploredModel('second', small_model(1)),
              ExploredModel('third <b>', small_model(2, reconstructor=None, info_loss=None, kl_loss=None))]
    return Explorer(models, ShownData(DSprites(dsprites_root)))


class Labelled:
    """Random images with two factors of two classes each, no grid: what the code r1 of ``model`` says, and a coin."""

    def __init__(self, model, num: int = 1000) -> None:
        self.imgs = batch(num)['inputs']
        code = encode_pixels(model.eval(), self.imgs.numpy())[:, 1]
        self.factors = np.stack([code > np.median(code), np.arange(num) % 2], axis=1).astype(np.float64)
        self.metainfo = dict(dataset='labelled', factor_names=('told', 'coin'), factor_sizes=(2, 2),
                             factor_kinds=('categorical', 'categorical'), is_grid=False)

    def __len__(self) -> int:
        return len(self.imgs)

    def __getitem__(self, index: int) -> dict:
        return dict(inputs=self.imgs[index], data_samples=dict(sample_idx=index))


@pytest.fixture(scope='session')
def labelled_explorer():
    """A model beside images with labels that are no grid."""
    model = small_model(0)
    return Explorer([ExploredModel('only', model)], ShownData(Labelled(model)))


@pytest.fixture(scope='session')
def categorical_explorer():
    """A model whose r is a class of three, two uniform codes and two numbers of noise."""
    torch.manual_seed(0)
    return Explorer([ExploredModel('classes', MODELS.build(categorical_cfg()))])


@pytest.fixture(scope='session')
def address(explorer):
    """Where the explorer is served."""
    with served(explorer) as address:
        yield address


@contextmanager
def served(explorer: Explorer) -> Iterator[str]:
    """Serve an explorer meanwhile; gives the address of its page."""
    service = make_service(explorer, port=0)
    thread = threading.Thread(target=service.run)
    thread.start()
    while not service.server.started:
        time.sleep(0.01)
    try:
        yield service.address
    finally:
        service.server.should_exit = True
        thread.join()
