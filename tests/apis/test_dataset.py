"""A model is given images in one way, which is its own affair."""
import numpy as np
import pytest
import torch
from mmengine.registry import MODELS

from ibgan_plugin.apis.dataset import encode_pixels, kl_of
from ibgan_plugin.apis.encoding import encode_dataset
from ibgan_plugin.evaluation.image.extractors import ModelExtractor
from ibgan_plugin.models import VAE
from ibgan_plugin.report.content import _reconstructions
from ibgan_plugin.visualization import image_grid
from tests.conftest import batch
from tests.models.configs import vae_cfg


@MODELS.register_module(force=True)
class Negatives(VAE):
    """A VAE of images whose black and white are exchanged before anything else."""

    def real_images(self, data, training=True):
        return -super().real_images(data, training)


HALF = dict(type='ImgDataPreprocessor', mean=[127.5], std=[255.0])  # -0.5 to 0.5


@pytest.fixture(params=[(dict(type='Negatives'), -1.0), (dict(data_preprocessor=HALF), 0.5)], ids=['own', 'configured'])
def trained(request, tmp_path):
    """A model's config, model and checkpoint, pixels, and the images that the model must be given."""
    changes, factor = request.param
    cfg = vae_cfg(**changes)
    model = MODELS.build(cfg).eval()
    for weight in model.encoder.parameters():
        weight.data *= 3
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'iter_1.pth')
    pixels = batch(70)['inputs']
    return cfg, model, tmp_path / 'iter_1.pth', pixels, (pixels / 127.5 - 1) * factor


@torch.no_grad()
def test_all_that_encode_prepare_images_as_the_model_does(trained, tmp_path):
    cfg, model, checkpoint, pixels, imgs = trained
    codes = model.encode(imgs).numpy()
    assert np.abs(codes - model.encode(pixels / 127.5 - 1).numpy()).max() > 1e-3
    np.testing.assert_allclose(encode_pixels(model, pixels.numpy()), codes, atol=1e-5)
    np.testing.assert_allclose(ModelExtractor(cfg, checkpoint, layer=None)(pixels).features, codes, atol=1e-5)
    dataset = [dict(inputs=image, data_samples=dict(sample_idx=number)) for number, image in enumerate(pixels)]
    encode_dataset(model, dataset, tmp_path / 'codes.npz')
    np.testing.assert_allclose(np.load(tmp_path / 'codes.npz')['codes'], codes, atol=1e-5)
    np.testing.assert_allclose(kl_of(model, pixels.numpy()), model.kl_per_dim(imgs).tolist(), rtol=1e-4)


@torch.no_grad()
def test_reconstructions_stand_below_the_pixels_that_the_data_have(trained):
    _, model, _, pixels, imgs = trained
    real = pixels[:16].expand(-1, 3, -1, -1).permute(0, 2, 3, 1).numpy()
    made = image_grid(model.decode(model.encode(imgs[:8])), 8)
    shown = _reconstructions(model, pixels[:16].numpy())
    assert shown.shape[0] == 4 * 18 + 2
    assert np.array_equal(shown[:18], image_grid(real[:8], 8)[:18])
    assert np.abs(shown[18:36].astype(int) - made[:18]).max() <= 1
