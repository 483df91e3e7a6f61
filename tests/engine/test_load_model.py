import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS

from ibgan_plugin.config.errors import ConfigError
from ibgan_plugin.engine.checkpoints import CheckpointError
from ibgan_plugin.engine.load_model import load_model
from tests.conftest import model_cfg
from tests.models.configs import vae_cfg


@pytest.fixture
def saved(tmp_path):
    torch.save(MODELS.build(vae_cfg()).state_dict(), tmp_path / 'vae.pth')
    return tmp_path / 'vae.pth'


def test_a_model_has_the_weights_and_is_in_eval_mode(saved):
    model = load_model(Config(dict(model=vae_cfg(type='VAE'), default_scope='ibgan_plugin')), saved)
    assert not any(module.training for module in model.modules())
    weights = torch.load(saved, weights_only=True)
    assert model.state_dict().keys() == weights.keys()
    assert all(torch.equal(value, weights[key]) for key, value in model.state_dict().items())


@pytest.mark.parametrize(('cfg', 'error', 'message'), [
    (dict(other=1), ConfigError, 'config: the key model is missing'),
    (dict(model=dict(type='ibgan_plugin.Generator')), ConfigError, 'model.type must be a LatentModel such as IBGAN, got Generator'),
    (dict(model=vae_cfg(lr=1)), ConfigError, 'unknown key model.lr = 1'),
    (dict(model=vae_cfg(decoder=dict(type='ibgan_plugin.ImageDecoder', r_dim=-1))), ConfigError, 'config: model.decoder'),
    (dict(model=model_cfg()), CheckpointError, 'vae.pth does not fit the config'),
])
def test_what_can_not_be_loaded_is_named(saved, cfg, error, message):
    with pytest.raises(error, match=message):
        load_model(Config(cfg), saved)
