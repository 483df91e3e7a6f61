import numpy as np
import pytest
import torch
from mmengine.registry import MODELS

from ibgan_plugin.engine.loops import generation
from ibgan_plugin.structures import to_uint8
from ibgan_plugin.visualization import grids
from tests.conftest import model_cfg


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64, torch.bfloat16])
def test_pixels_go_there_and_back(dtype):
    pixels = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    exact = pixels if dtype is not torch.bfloat16 else pixels[..., :1, ::15]  # its 8 bits do not tell all levels apart
    assert torch.equal(to_uint8((exact.double() / 127.5 - 1).to(dtype)), exact)
    assert to_uint8(torch.tensor([-1.5, 0.0, 0.0039, 1.5], dtype=dtype)).tolist() == [0, 128, 128, 255]


def test_scores_and_pictures_see_the_same_pixels(monkeypatch):
    model = MODELS.build(model_cfg()).eval()
    with torch.no_grad():
        scored = generation.generate(model, 0, np.arange(3))
        noise = generation.source_noise(0, np.arange(3), model.noise_dim)
        shown = grids.to_pixels(model.decode(model.sample_latents(3, noise)))
    assert np.array_equal(shown[..., 0], scored[:, 0])
    for module in (generation, grids):  # by the one function
        monkeypatch.setattr(module, 'to_uint8', lambda imgs: torch.zeros_like(imgs, dtype=torch.uint8))
    with torch.no_grad():
        assert not generation.generate(model, 0, np.arange(3)).any()
    assert not grids.to_pixels(torch.ones(1, 1, 4, 4)).any()
