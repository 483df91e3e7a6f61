
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import HOOKS, MODELS

from ibgan_plugin.utils.errors import IBGANError
from tests.conftest import SIZE, assert_same, batch, snapshot
from tests.models.configs import build, cr_cfg


class Counter:
    """Stands for an optimiser wrapper; notes the order of updates, and checks that each changes its own networks alone."""

    def __init__(self, name, wrapper, model, log):
        self.name, self.wrapper, self.model, self.log = name, wrapper, model, log

    def optim_context(self, model):
        return self.wrapper.optim_context(model)

    def update_params(self, loss):
        own = self.model.optim_groups()[self.name]
        before = {name: snapshot(child) for name, child in self.model.named_children()}
        self.wrapper.update_params(loss)
        self.log.append(self.name)
        for name, child in self.model.named_children():
            if name not in own:
                assert_same(child, before[name])
            else:
                assert any(not torch.equal(value, before[name][key]) for key, value in child.named_parameters()), name


@pytest.mark.parametrize(('weight', 'steps'), [(1.0, ['contrastive', 'discriminator', 'generator', 'generator']),
                                               (0.0, ['discriminator', 'generator', 'generator'])])
def test_the_steps_of_an_iteration(weight, steps):
    model, optim = build(cr_cfg(weight))
    before, log = snapshot(model.contrastive), []
    log_vars = model.train_step(batch(), {name: Counter(name, wrapper, model, log) for name, wrapper in optim.items()})
    assert log == steps
    assert ('loss_contrastive' in log_vars) == ('contrastive_accuracy' in log_vars) == (weight > 0)
    assert {'loss_disc_real', 'loss_disc_fake', 'loss_info_disc', 'loss_gen', 'loss_info', 'mi_lower_bound'} <= set(log_vars)
    assert all(value.isfinite() for value in log_vars.values())
    if weight == 0:
        assert_same(model.contrastive, before)


def test_other_networks_statistics_stay(monkeypatch):
    model, optim = build(cr_cfg())
    before = {name: snapshot(model.get_submodule(name)) for name in ('generator', 'trunk', 'discriminator', 'reconstructor')}
    model.train_contrastive(8, optim['contrastive'])  # BatchNorm of G, spectral norm of D and q
    for name, child in before.items():
        assert_same(model.get_submodule(name), child)
    before = {name: snapshot(model.get_submodule(name)) for name in ('contrastive', 'trunk', 'discriminator', 'reconstructor')}
    model.train_generator(model.synthesize(8), optim['generator'])
    for name, child in before.items():
        assert_same(model.get_submodule(name), child)


def test_all_generator_steps_see_the_same_codes(monkeypatch):
    model, optim = build(cr_cfg(0.0, generator_steps=3))
    seen = []
    step = model.train_generator
    monkeypatch.setattr(model, 'train_generator', lambda synthesis, optim: seen.append(synthesis) or step(synthesis, optim))
    model.train_step(batch(), optim)
    assert len(seen) == 3 and all(torch.equal(synthesis.z, seen[0].z) for synthesis in seen)
    assert not torch.equal(seen[0].fake_imgs, seen[1].fake_imgs)  # of a generator that has learnt


def test_pairs_share_noise_and_one_code(monkeypatch):
    model, _ = build(cr_cfg())
    model.contrastive_loss.gap = 0.5
    seen = []
    model.generator.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    pairs, index = model.synthesize_pairs(32)
    assert pairs.shape == (32, 2, SIZE, SIZE)
    first, second = seen[0].chunk(2)
    assert torch.equal(first[:, 3:], second[:, 3:])
    distance = (first - second)[:, :3].abs()
    assert torch.equal(distance.argmin(1), index) and ((distance == 0).sum(1) == 1).all()
    assert distance.sort(1).values[:, 1].min() >= 0.5 - 1e-6 and first.abs().max() <= 1


def test_the_network_learns_which_code_is_shared():
    model, optim = build(cr_cfg(), lr=2e-3)
    # a generator that shows each code in a stripe of its own
    stripes = torch.zeros(5, SIZE).scatter_(0, torch.arange(SIZE)[None] * 3 // SIZE, 1.0)
    model.generator.forward = lambda r: (r @ stripes)[:, None, :, None].expand(-1, 1, -1, SIZE)
    accuracy = [model.train_contrastive(64, optim['contrastive'])['contrastive_accuracy'].item() for _ in range(150)]
    assert sum(accuracy[-10:]) / 10 > 0.8 > 0.6 > sum(accuracy[:5]) / 5


def test_training_finds_the_codes():
    model, optim = build(cr_cfg(info_loss=dict(type='ibgan_plugin.InformationLoss', info_weight=1.0)), lr=2e-3)
    history = [model.train_step(batch(32), optim) for _ in range(150)]
    first, last = ({key: sum(h[key] for h in part).item() / 15 for key in history[0]} for part in (history[:15], history[-15:]))
    assert last['mi_lower_bound'] > first['mi_lower_bound'] + 0.1
    assert last['loss_contrastive'] < first['loss_contrastive'] - 0.03 and first['loss_contrastive'] < 1.3  # log 3 at first


def test_representation():
    model = MODELS.build(cr_cfg()).eval()
    codes = model.encode(torch.zeros(4, 1, SIZE, SIZE))
    assert codes.shape == (4, 5) and torch.equal(codes[:, 3:], torch.zeros(4, 2))  # the prior's mean, of what q does not see
    assert model.decode(model.sample_latents(4, seed=0)).shape == (4, 1, SIZE, SIZE)
    losses = model.train()(torch.zeros(4, 1, SIZE, SIZE), mode='loss')
    assert losses['loss_contrastive'].shape == (4, )


@pytest.mark.parametrize(('changes', 'message'), [
    (dict(contrastive=dict(type='ibgan_plugin.ContrastiveNetwork', num_codes=4, image_size=SIZE)),
     r'number of codes: model.contrastive.num_codes = 4, model.prior.coded_dim = 3'),
    (dict(contrastive=dict(type='ibgan_plugin.ContrastiveNetwork', num_codes=3, in_channels=3, image_size=SIZE)),
     r'channels: model.contrastive.in_channels = 3, model.generator.out_channels = 1'),
    (dict(prior=None, reconstructor=dict(type='ibgan_plugin.SpectralReconstructor', z_dim=5, num_features=16)),
     r'model.prior of InfoGANCR must have one UniformPrior .* got NormalPrior'),
    (dict(generator_steps=0), 'model.generator_steps must be at least 1, got 0'),
    (dict(discriminator_steps=3), 'model.discriminator_steps of InfoGANCR must be 1, got 3'),
    (dict(contrastive_loss=dict(type='ibgan_plugin.ContrastiveLoss', gap=2.5)),
     r'gap = 2.5 is beyond the range of the codes, -1.0 to 1.0'),
    (dict(prior=dict(type='ibgan_plugin.UniformPrior', dim=4)), r'width of z: model.generator.r_dim = 5, model.prior.dim = 4')])
def test_parts_that_do_not_fit(changes, message):
    with pytest.raises(IBGANError, match=message):
        MODELS.build(cr_cfg(**changes))


def test_published_networks():
    def count(name, **kwargs):
        return sum(p.numel() for p in MODELS.build(dict(type=f'ibgan_plugin.{name}', **kwargs)).parameters())

    convs = (16 * 1 * 32 + 32) + (16 * 32 * 32 + 32) + (16 * 32 * 64 + 64) + (16 * 64 * 64 + 64)
    assert count('SpectralTrunk', base_channels=32) == convs + 1024 * 128 + 128
    assert count('ContrastiveNetwork') == convs + 16 * 32 + 1024 * 128 + 128 + 128 * 5 + 5
    deconvs = (16 * 64 * 64 + 64) + (16 * 64 * 32 + 32) + (16 * 32 * 32 + 32) + (16 * 32 + 1)
    norms = 2 * (128 + 1024 + 64 + 32 + 32)
    assert count('InfoGANGenerator') == 11 * 128 + 129 * 1024 + deconvs + norms
    imgs = MODELS.build(dict(type='ibgan_plugin.InfoGANGenerator'))(torch.randn(2, 10))
    assert imgs.shape == (2, 1, 64, 64) and imgs.abs().max() <= 1


def test_pictures_of_the_shipped_recipe_show_all_of_each_code_and_no_more():
    cfg = Config.fromfile(Path(__file__).parents[2] / 'configs/infogan_cr/infogan_cr_dsprites.py')
    hook = HOOKS.build(dict(cfg.default_hooks.traversal))
    assert [axis.ends(hook.limit) for axis in MODELS.build(cfg.model).latent_axes] == [(-1, 1)] * 10
