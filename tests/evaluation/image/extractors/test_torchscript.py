import pytest
import torch

from ibgan_plugin.registry import MODELS
from tests.evaluation.stand_ins import Tiny, pictures, save_tiny


def build(path, **options):
    return MODELS.build({'type': 'ibgan_plugin.TorchScriptExtractor', 'path': path, **options})


def test_features_are_those_of_the_network(tmp_path):
    imgs = pictures(4)
    features, logits = build(save_tiny(tmp_path / 'tiny.pt'))(imgs)
    torch.testing.assert_close(features, Tiny()(imgs.float()))
    assert logits is None and not features.requires_grad


def test_pair_gives_logits_and_numbers_are_normalised(tmp_path):
    imgs = pictures(4)
    features, logits = build(save_tiny(tmp_path / 'tiny.pt', logits=True), mean=(1, 2, 3), std=(2, 2, 2))(imgs)
    expected = Tiny(logits=True)((imgs.float() - torch.tensor([1.0, 2, 3]).reshape(3, 1, 1)) / 2)
    torch.testing.assert_close((features, logits), expected)


def test_fingerprint_follows_weights_and_settings(tmp_path):
    paths = [save_tiny(tmp_path / f'{seed}.pt', seed=seed) for seed in (0, 1)]
    prints = [build(paths[0]).fingerprint, build(paths[1]).fingerprint, build(paths[0], std=2).fingerprint,
              build(paths[0], image_size=8).fingerprint]
    assert all(prints[0] != other for other in prints[1:])
    assert build(paths[0]).fingerprint == prints[0]


def test_missing_or_other_file(tmp_path):
    with pytest.raises(ValueError, match=r'TorchScriptExtractor: there is no file nowhere\.pt; nothing is downloaded'):
        build('nowhere.pt')
    (tmp_path / 'text.pt').write_text('hello')
    with pytest.raises(ValueError, match=r'text\.pt is no TorchScript file'):
        build(tmp_path / 'text.pt')


def test_images_that_the_script_can_not_take(tmp_path):
    extractor = build(save_tiny(tmp_path / 'tiny.pt', channels=1))
    with pytest.raises(ValueError, match=r'can not take images of shape \[4, 3, 16, 16\], see channels and image_size: Runtime'):
        extractor(pictures(4, channels=1))
    assert build(tmp_path / 'tiny.pt', channels=1)(pictures(4, channels=1)).features.shape == (4, 8)
