import pytest
import torch
from mmengine.registry import MODELS
from torch import nn

from ibgan_plugin.engine.optim import GroupedOptimWrapperConstructor
from ibgan_plugin.models import SmallGenerator, SpectralDiscriminator, SpectralReconstructor, SpectralTrunk
from ibgan_plugin.models.freeze import frozen
from tests.conftest import SIZE, assert_same, batch, build, snapshot, spectral_cfg


def normalised(module):
    """Its layers with weights, each of which must have spectral norm."""
    return [layer for layer in module.modules() if isinstance(layer, (nn.Conv2d, nn.Linear))]


def singular_value(weight):
    return torch.linalg.matrix_norm(weight.flatten(1), ord=2)


@pytest.mark.parametrize('size', [16, 32, 64])
@pytest.mark.parametrize('channels', [1, 3])
def test_shapes_fit_at_every_size(size, channels):
    imgs = SmallGenerator(5, channels, 4, 8, size)(torch.randn(3, 5))
    assert imgs.shape == (3, channels, size, size)
    assert imgs.abs().max() <= 1
    features = SpectralTrunk(channels, 4, 9, size)(imgs)
    assert features.shape == (3, 9)
    assert SpectralDiscriminator(9)(features).shape == (3, 1)
    assert SpectralReconstructor(7, 9, 8)(features).shape == (3, 7)


@pytest.mark.parametrize('network', [SmallGenerator, SpectralTrunk])
def test_impossible_image_size(network):
    with pytest.raises(ValueError, match='power of two from 16 to 4096, got 8192'):
        network(image_size=8192)


def test_layers_are_those_of_the_recipe():
    widths = [m.out_channels for m in SpectralTrunk().modules() if isinstance(m, nn.Conv2d)]
    assert widths == [16, 16, 32, 32]
    assert [m.out_channels for m in SmallGenerator().modules() if isinstance(m, nn.ConvTranspose2d)] == [32, 16, 16, 1]
    parts = (SpectralTrunk(), SpectralDiscriminator(), SpectralReconstructor(), SmallGenerator())
    assert [sum(p.numel() for p in part.parameters()) for part in parts] == [94_688, 129, 18_576, 97_793]


@pytest.mark.parametrize(('part', 'args'), [(SpectralTrunk, (1, 4, 9, 16)), (SpectralDiscriminator, (9, )),
                                            (SpectralReconstructor, (7, 9, 8))])
def test_every_layer_of_trunk_d_and_q_has_singular_value_one(part, args):
    layers = normalised(part(*args))
    for layer in layers:
        with torch.no_grad():
            layer.parametrizations.weight.original.mul_(37.)  # whatever the scale of the weights
    for _ in range(1000):  # one power iteration each; two singular values that are near each other take many
        weights = [layer.weight for layer in layers]
    for weight in weights:
        assert singular_value(weight).item() == pytest.approx(1, abs=1e-3)


def test_frozen_makes_no_power_iteration():
    trunk, imgs = SpectralTrunk(1, 4, 9, SIZE), torch.randn(2, 1, SIZE, SIZE)
    before = snapshot(trunk)
    with frozen(trunk):
        trunk(imgs)
    assert_same(trunk, before)
    trunk(imgs)
    with pytest.raises(AssertionError):
        assert_same(trunk, before)


def test_one_optimiser_trains_trunk_d_and_q_on_the_sum_of_their_losses():
    model, optim = build(spectral_cfg())
    assert model.optim_groups()['generator'] == ['encoder', 'generator']
    log_vars = model.train_step(batch(), optim)
    assert set(log_vars) == {'loss_disc_real', 'loss_disc_fake', 'loss_info_disc', 'loss_gen', 'loss_info', 'loss_kl',
                             'mi_lower_bound', 'mi_upper_bound'}
    imgs, synthesis = model.data_preprocessor(batch(), True)['inputs'], model.synthesize(8)
    fake = synthesis.fake_imgs.detach()
    model.eval()  # the same singular values in every pass
    losses = model.discriminator_losses(imgs, fake, synthesis.z)
    z_hat = model.reconstructor(model.trunk(fake))
    lower = 0.5 * (synthesis.z.square() - (synthesis.z - z_hat).square()).sum(1)
    torch.testing.assert_close(losses['loss_info_disc'], -model.info_loss.info_weight * lower)

    def gradient(*keys):
        loss = sum(losses[key].mean() for key in keys)
        return torch.autograd.grad(loss, model.trunk.layers[0].bias, retain_graph=True)[0]

    parts = gradient('loss_disc_real', 'loss_disc_fake'), gradient('loss_info_disc')
    assert all(part.abs().sum() > 0 for part in parts)
    torch.testing.assert_close(gradient(*losses), sum(parts))


def test_training_with_a_shared_optimiser_finds_information():
    model = MODELS.build(spectral_cfg(kl_loss=None)).train()
    adam = {side: dict(optimizer=dict(type='Adam', lr=lr, betas=(0.5, 0.999))) for side, lr in (('generator', 2e-3),
                                                                                               ('discriminator', 4e-3))}
    optim = GroupedOptimWrapperConstructor(adam)(model)
    history = [model.train_step(batch(32), optim)['mi_lower_bound'].item() for _ in range(200)]
    assert sum(history[-20:]) / 20 > sum(history[:20]) / 20 + 0.2


@pytest.mark.parametrize(('changes', 'message'), [
    (dict(trunk=None), r"trunk_owner = 'both' needs model.trunk and model.reconstructor"),
    (dict(reconstructor=None, info_loss=None), r"trunk_owner = 'both' needs model.trunk and model.reconstructor"),
    (dict(discriminator=dict(type='ibgan_plugin.SpectralDiscriminator', num_features=8)),
     r'width of the features: .*trunk.num_features = 16, model.discriminator.num_features = 8'),
    (dict(trunk=dict(type='ibgan_plugin.SpectralTrunk', num_features=16, image_size=24)), r'power of two from 16 to 4096, got 24'),
    (dict(generator=dict(type='ibgan_plugin.SmallGenerator', base_channels=0, image_size=SIZE)),
     r'SmallGenerator.base_channels must be 1 to 65536, got 0'),
])
def test_impossible_combinations(changes, message):
    with pytest.raises(ValueError, match=message):
        MODELS.build(spectral_cfg(**changes))
