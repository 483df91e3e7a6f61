import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope

from ibgan_plugin.evaluation.image.extractors import ModelExtractor
from ibgan_plugin.registry import MODELS
from tests.conftest import model_cfg, trunk_cfg
from tests.evaluation.stand_ins import pictures
from tests.models.configs import vae_cfg


@pytest.fixture
def trained(tmp_path):
    """Config file, checkpoint and model."""
    torch.manual_seed(3)
    model = MODELS.build(model_cfg()).eval()
    model.init_weights()
    torch.save({'state_dict': model.state_dict(), 'meta': {}}, tmp_path / 'iter_1.pth')
    Config({'model': model_cfg()}).dump(tmp_path / 'config.py')
    return tmp_path / 'config.py', tmp_path / 'iter_1.pth', model


def test_output_of_the_reconstructor(trained):
    config, checkpoint, model = trained
    imgs = pictures(4, channels=1)
    with torch.no_grad():
        expected = model.reconstructor(imgs / 127.5 - 1)
    torch.testing.assert_close(ModelExtractor(config, checkpoint)(imgs).features, expected)


def test_layer_before_the_last(trained):
    config, checkpoint, model = trained
    last = len(model.reconstructor.head) - 1
    extractor = ModelExtractor(model_cfg(), checkpoint, layer=f'reconstructor.head.{last - 1}')
    imgs = pictures(4, channels=1)
    features = extractor(imgs).features
    with torch.no_grad():
        expected = model.reconstructor(imgs / 127.5 - 1)
        torch.testing.assert_close(model.reconstructor.head[last](features[:, :, None, None]).flatten(1), expected)
    assert extractor.fingerprint != ModelExtractor(config, checkpoint).fingerprint


@pytest.mark.parametrize('layer', ['auto', None])
def test_representation_of_a_model_without_a_reconstructor(tmp_path, layer):
    model = MODELS.build(vae_cfg()).eval()
    torch.save(model.state_dict(), tmp_path / 'vae.pth')
    imgs = pictures(4, channels=1)
    with DefaultScope.overwrite_default_scope('ibgan_plugin'):  # as in a run
        extractor = ModelExtractor(vae_cfg(type='VAE'), tmp_path / 'vae.pth', layer=layer)
    with torch.no_grad():
        torch.testing.assert_close(extractor(imgs).features, model.encode(imgs / 127.5 - 1))
    assert extractor.fingerprint['layer'] is None


def test_images_are_resized_to_the_model(trained):
    config, checkpoint, _ = trained
    extractor = ModelExtractor(config, checkpoint)
    assert extractor(pictures(2, channels=1, size=64)).features.shape == (2, 6)
    with pytest.raises(ValueError, match='ModelExtractor takes images with 1 channels, got 3'):
        extractor(pictures(2))


def test_mistakes(trained, tmp_path):
    config, checkpoint, _ = trained
    with pytest.raises(ValueError, match=r"no config file 'nowhere\.py'"):
        ModelExtractor('nowhere.py', checkpoint)
    (tmp_path / 'empty.py').write_text('other = 1\n')
    with pytest.raises(ValueError, match=r'empty\.py: the key model is missing'):
        ModelExtractor(tmp_path / 'empty.py', checkpoint)
    with pytest.raises(ValueError, match=r'unknown key model\.lr = 1; IBGAN takes'):
        ModelExtractor(model_cfg(lr=1), checkpoint)
    with pytest.raises(ValueError, match='no checkpoint'):
        ModelExtractor(config, tmp_path / 'nowhere.pth')
    with pytest.raises(ValueError, match=r"layer must be one of encoder\.net, .*reconstructor\.head\.9, got 'penultimate'"):
        ModelExtractor(config, checkpoint, layer='penultimate')
    with pytest.raises(ValueError, match=r'iter_1.pth does not fit the config: it lacks'):
        ModelExtractor(trunk_cfg(), checkpoint)
    with pytest.raises(ValueError, match="got 'generator'"):  # images do not go through it
        ModelExtractor(config, checkpoint, layer='generator')
    torch.save({'state_dict': {'a': Exception}}, tmp_path / 'objects.pth')
    with pytest.raises(ValueError, match='holds objects of type'):
        ModelExtractor(config, tmp_path / 'objects.pth')
