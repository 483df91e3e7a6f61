import json

import pytest
from mmengine.config import Config

from ibgan_plugin.apis.complexity import component_costs, format_costs
from ibgan_plugin.utils.errors import IBGANError
from tests.conftest import model_cfg, optim_cfg, spectral_cfg
from tests.models.configs import cr_cfg, factor_vae_cfg, vae_cfg


def config(model, *groups):
    side = optim_cfg()['generator']
    constructor = 'ibgan_plugin.GroupedOptimWrapperConstructor'
    return Config(dict(model=model, optim_wrapper=dict(constructor=constructor, **dict.fromkeys(groups, side))))


GAN = ('generator', 'discriminator')
ALL = [(model_cfg(), GAN, ['encoder', 'generator', 'discriminator', 'reconstructor']),
       (spectral_cfg(), GAN, ['encoder', 'generator', 'trunk', 'discriminator', 'reconstructor']),
       (vae_cfg(), ('autoencoder', ), ['encoder', 'decoder']),
       (factor_vae_cfg(), ('autoencoder', 'critic'), ['encoder', 'decoder', 'critic']),
       (cr_cfg(), (*GAN, 'contrastive'), ['generator', 'trunk', 'discriminator', 'reconstructor', 'contrastive'])]


def test_linear_layers_by_hand():
    cfg = model_cfg(encoder=dict(type='ibgan_plugin.Encoder', z_dim=6, r_dim=4, hidden_dims=(10, )))
    cost = component_costs(config(cfg, *GAN), batch_size=3)['encoder']
    assert cost.parameters == 6 * 10 + 10 + 10 * 8 + 8
    assert cost.flops == 2 * 3 * (6 * 10 + 10 * 8)


def test_a_step_by_hand():
    """Of a VAE: forward, and both gradients but those of the images."""
    costs = component_costs(config(vae_cfg(), 'autoencoder'), batch_size=4)
    first_layer = 2 * 4 * (8 * 8) * (16 * 32)  # 4x4 stride 2: 16 weights a channel, 8x8 places, 32 channels
    assert costs['training step'].flops == 3 * (costs['encoder'].flops + costs['decoder'].flops) - first_layer
    # a critic on half of the batch: both passes and both gradients on both halves, and a pass and a gradient for the encoder
    factor = component_costs(config(factor_vae_cfg(), 'autoencoder', 'critic'), batch_size=8)
    critic, first_critic_layer = factor['critic'].flops, 2 * 4 * 4 * 32
    assert critic == 2 * 4 * (4 * 32 + 32 * 32 + 32 * 2)
    extra = factor['training step'].flops - costs['training step'].flops - costs['encoder'].flops
    assert extra == 2 * critic + 6 * critic - 2 * first_critic_layer


@pytest.mark.parametrize(('model', 'groups', 'names'), ALL, ids=lambda value: value['type'] if isinstance(value, dict) else '')
def test_components_of_every_kind_of_model(model, groups, names):
    costs = component_costs(config(model, *groups), batch_size=4)
    assert set(costs) == {*names, 'training step'}
    step = costs.pop('training step')
    assert step.parameters == sum(cost.parameters for cost in costs.values())
    assert all(cost.flops > 0 for cost in costs.values()) and step.flops > 2 * sum(cost.flops for cost in costs.values())
    # each of them is proportional to the batch
    twice = component_costs(config(model, *groups), batch_size=8)
    assert {name: cost.flops for name, cost in twice.items() if name in costs} == {n: 2 * cost.flops for n, cost in costs.items()}


def test_other_models_are_refused():
    with pytest.raises(IBGANError, match=r'model.type must be a LatentModel such as IBGAN, got Trunk'):
        component_costs(config(dict(type='ibgan_plugin.Trunk'), *GAN))


@pytest.mark.parametrize('number', [0, -3])
def test_a_batch_has_images(number):
    with pytest.raises(IBGANError, match=f'batch_size must be at least 1, got {number}'):
        component_costs(config(model_cfg(), *GAN), batch_size=number)


def test_networks_that_a_step_does_not_run_cost_nothing():
    costs = component_costs(config(cr_cfg(weight=0.0), *GAN, 'contrastive'))
    assert costs['contrastive'].flops == 0 < costs['contrastive'].parameters


def test_table_has_a_line_a_component():
    costs = component_costs(config(model_cfg(), *GAN))
    names = [line.split('  ')[0] for line in format_costs(costs).splitlines()]
    assert names == ['component', 'encoder', 'generator', 'discriminator', 'reconstructor', 'training step']
    assert json.loads(json.dumps({name: cost._asdict() for name, cost in costs.items()}))['encoder']['parameters'] > 0
