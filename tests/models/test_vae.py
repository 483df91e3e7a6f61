
import numpy as np
import pytest
import torch
from mmengine.registry import MODELS
from torch import nn

from ibgan_plugin.models.base import KL_PER_DIM
from ibgan_plugin.models.losses import variational
from ibgan_plugin.models.losses.functional import gaussian_kl
from ibgan_plugin.utils.errors import IBGANError
from tests.conftest import SIZE, assert_same, batch, snapshot
from tests.models.configs import build, factor_vae_cfg, vae_cfg
from tests.reference.plain_vae import PlainVAE

REGULARISERS = dict(
    vae=dict(type='ibgan_plugin.KLRegulariser'),
    beta_vae=dict(type='ibgan_plugin.KLRegulariser', beta=4.0),
    annealed_vae=dict(type='ibgan_plugin.CapacityRegulariser', capacity=5.0, gamma=10.0),
    beta_tcvae=dict(type='ibgan_plugin.TotalCorrelationRegulariser', beta=6.0),
    dip_vae_i=dict(type='ibgan_plugin.DIPRegulariser', variant='i'),
    dip_vae_ii=dict(type='ibgan_plugin.DIPRegulariser', variant='ii'))


ALL = {**{name: vae_cfg(regulariser=cfg) for name, cfg in REGULARISERS.items()}, 'factor_vae': factor_vae_cfg()}


@pytest.mark.parametrize('name', ALL)
def test_training_lowers_the_loss(name):
    model, optim = build(ALL[name], lr=2e-3)
    history = [model.train_step(batch(32), optim) for _ in range(120)]
    means = [{key: sum(h[key] for h in part).item() / 20 for key in history[0]} for part in (history[:20], history[-20:])]
    losses = [sum(value for key, value in mean.items() if 'loss' in key and key != 'loss_critic') for mean in means]
    assert losses[1] < losses[0] - 20
    assert means[1]['elbo'] > means[0]['elbo'] + 20 and means[1]['elbo'] < 0
    assert all(value.isfinite() and value.ndim == 0 and not value.requires_grad for value in history[-1].values())


def test_the_loss_of_a_vae_is_its_elbo():
    model, _ = build(ALL['vae'])
    imgs = model.data_preprocessor(batch(), True)['inputs']
    posterior = model.posterior(imgs)
    terms = model.autoencoder_losses(imgs, posterior)
    torch.testing.assert_close(terms['loss_reconstruction'] + terms['loss_kl'], -terms['elbo'])
    mu, logvar = model.encoder(imgs)
    torch.testing.assert_close(terms['mi_upper_bound'], gaussian_kl(mu, logvar).sum(1))
    torch.testing.assert_close(terms['loss_reconstruction'], variational.bernoulli_nll(model.decoder(posterior.r), imgs))


@pytest.mark.parametrize('name', ALL)
def test_losses_of_all_methods_against_numpy(name):
    """The whole objective on fixed codes and weights, straight from each paper's equation."""
    model, _ = build(ALL[name])
    model = model.double()
    imgs = model.data_preprocessor(batch(), True)['inputs'].double()
    posterior = model.posterior(imgs)
    loss = model._reduce(model.autoencoder_losses(imgs, posterior))[0].item()
    mu, logvar, r = (value.detach().numpy() for value in posterior)
    with torch.no_grad():
        p = 1 / (1 + np.exp(-model.decoder(posterior.r).numpy()))
        x = (imgs.numpy() + 1) / 2
    reconstruction = -(x * np.log(p) + (1 - x) * np.log(1 - p)).sum((1, 2, 3)).mean()
    kl = 0.5 * (mu**2 + np.exp(logvar) - logvar - 1).sum(1).mean()
    density = -0.5 * ((r[:, None] - mu[None])**2 / np.exp(logvar[None]) + logvar[None] + np.log(2 * np.pi))  # log q(r_ij|x_k)
    tc = (np.log(np.exp(density.sum(2)).mean(1)) - np.log(np.exp(density).mean(1)).sum(1)).mean()
    cov = np.cov(mu.T, bias=True)
    cov_r = cov + np.diag(np.exp(logvar).mean(0))

    def dip(c, off_diagonal, diagonal):
        return off_diagonal * (c - np.diag(np.diag(c))).__pow__(2).sum() + diagonal * ((np.diag(c) - 1)**2).sum()

    regulariser = dict(vae=kl, beta_vae=4 * kl, annealed_vae=10 * abs(kl - 5), beta_tcvae=kl + 5 * tc,
                       dip_vae_i=kl + dip(cov, 10, 100), dip_vae_ii=kl + dip(cov_r, 10, 10))
    if name == 'factor_vae':
        with torch.no_grad():
            logits = model.critic(posterior.r).numpy()
        d = np.exp(logits[:, 0]) / np.exp(logits).sum(1)
        regulariser[name] = kl + 6 * np.log(d / (1 - d)).mean()
    assert loss == pytest.approx(reconstruction + regulariser[name], rel=1e-9)


def test_steps_of_beta_vae_are_those_of_a_plain_port():
    torch.set_default_dtype(torch.float64)  # so that sums in another order do not matter
    cfg = vae_cfg(regulariser=REGULARISERS['beta_vae'], data_preprocessor=dict(type='BaseDataPreprocessor'))
    model, optim = build(cfg)
    plain = PlainVAE(4.0, r_dim=4, size=SIZE, learning_rate=1e-3)
    torch.set_default_dtype(torch.float32)
    ours = nn.ModuleList([model.encoder.body, nn.ModuleList([model.encoder.mu, model.encoder.logvar]), model.decoder.body])
    plain.networks.load_state_dict(ours.state_dict())
    for seed in range(10):
        imgs = batch(16)['inputs'].double() / 127.5 - 1
        torch.manual_seed(seed)
        log_vars = model.train_step(dict(inputs=imgs), optim)
        torch.manual_seed(seed)
        torch.testing.assert_close(log_vars['loss_reconstruction'] + log_vars['loss_kl'], plain.step(imgs), rtol=1e-9, atol=0)
    for key, value in plain.networks.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[key], value, msg=lambda m, key=key: f'{key}: {m}')


def test_each_step_of_factor_vae_changes_only_its_own_networks_bitwise():
    model, optim = build(factor_vae_cfg())
    imgs = model.data_preprocessor(batch(), True)['inputs']
    for _ in range(2):  # the second time with optimiser state
        before = {name: snapshot(child) for name, child in model.named_children()}
        posterior, log_vars = model.train_autoencoder(imgs, optim['autoencoder'])
        assert set(log_vars) == {'loss_reconstruction', 'loss_kl', 'loss_tc', 'elbo', 'mi_upper_bound'}
        assert_same(model.critic, before['critic'])
        assert all(parameter.grad is None for parameter in model.critic.parameters()) or _ == 1
        for name in ('encoder', 'decoder'):
            assert all(not torch.equal(value, before[name][key]) for key, value in model.get_submodule(name).named_parameters())
        before = {name: snapshot(child) for name, child in model.named_children()}
        assert set(model.train_critic(posterior.r.detach(), imgs, optim['critic'])) == {'loss_critic'}
        assert_same(model.encoder, before['encoder'])
        assert_same(model.decoder, before['decoder'])
        assert any(not torch.equal(value, before['critic'][key]) for key, value in model.critic.named_parameters())


def test_factor_vae_trains_on_the_first_half_and_permutes_the_second(monkeypatch):
    model, optim = build(factor_vae_cfg())
    seen, permuted = [], []
    model.encoder.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    monkeypatch.setattr('ibgan_plugin.models.vae.permute_dims', lambda r: permuted.append(r) or r)
    data = batch(10)
    model.train_step(data, optim)
    imgs = model.data_preprocessor(data, True)['inputs']
    assert torch.equal(seen[0], imgs[:5]) and torch.equal(seen[1], imgs[5:])
    assert len(permuted) == 1 and permuted[0].shape == (5, 4) and not permuted[0].requires_grad
    with pytest.raises(IBGANError, match='batch_size must be even, got 7'):
        model.train_step(batch(7), optim)


def test_the_critic_learns_to_tell_dependent_codes():
    model, optim = build(factor_vae_cfg())
    one = torch.randn(256, 1)
    dependent = one.expand(-1, 4) + 0.1 * torch.randn(256, 4)
    model.posterior = lambda imgs: type('P', (), dict(r=dependent))
    losses = [model.train_critic(dependent, None, optim['critic'])['loss_critic'].item() for _ in range(150)]
    assert losses[0] == pytest.approx(np.log(2), abs=0.1) and losses[-1] < 0.3
    ratio = variational.log_density_ratio(model.critic(dependent)).mean()
    assert ratio > 1  # nats: the total correlation is large


def test_representation_and_images():
    model, _ = build(vae_cfg(channels=3))
    model.eval()
    imgs = torch.rand(5, 3, SIZE, SIZE) * 2 - 1
    assert model.image_shape == (3, SIZE, SIZE) and model.r_dim == model.noise_dim == 4
    r = model.encode(imgs)
    torch.testing.assert_close(r, model.encoder(imgs)[0])
    decoded = model.decode(r)
    assert decoded.shape == imgs.shape and decoded.abs().max() <= 1
    torch.testing.assert_close(decoded, 2 * torch.sigmoid(model.decoder(r)) - 1)
    torch.testing.assert_close(model.kl_per_dim(imgs), gaussian_kl(*model.encoder(imgs)).mean(0))
    assert torch.equal(model.kl_per_dim(), model.kl_per_dim())
    assert model(imgs, dict(sample_idx=torch.arange(5)), mode='predict')[3].sample_idx == 3
    losses = model(imgs, mode='loss')
    assert losses['loss_reconstruction'].shape == losses['loss_kl'].shape == (5, )


def test_the_batch_s_kl_is_published_for_the_hooks():
    from mmengine.logging import MessageHub
    model, optim = build(vae_cfg())
    log_vars = model.train_step(batch(), optim)
    kl = MessageHub.get_current_instance().get_info(KL_PER_DIM)
    assert kl.shape == (4, ) and kl.sum().item() == pytest.approx(log_vars['mi_upper_bound'].item(), rel=1e-5)


@pytest.mark.parametrize(('changes', 'message'), [
    (dict(decoder=dict(type='ibgan_plugin.ImageDecoder', r_dim=5, image_size=SIZE)),
     r'width of r: model.encoder.r_dim = 4, model.decoder.r_dim = 5'),
    (dict(decoder=dict(type='ibgan_plugin.ImageDecoder', r_dim=4, image_size=32)),
     r'image size: model.encoder.image_size = 16, model.decoder.image_size = 32'),
    (dict(decoder=dict(type='ibgan_plugin.ImageDecoder', r_dim=4, out_channels=3, image_size=SIZE)),
     r'number of channels: model.encoder.in_channels = 1, model.decoder.out_channels = 3'),
    (dict(encoder=dict(type='ibgan_plugin.ImageEncoder', image_size=50)),
     'image_size must be a multiple of 16 up to 4096, got 50'),
    (dict(encoder=dict(type='ibgan_plugin.ImageEncoder', image_size=2**20)), 'a multiple of 16 up to 4096, got 1048576'),
    (dict(encoder=dict(type='ibgan_plugin.ImageEncoder', base_channels=0)), 'ImageEncoder.base_channels must be 1 to 65536, got 0'),
    (dict(decoder=dict(type='ibgan_plugin.ImageDecoder', hidden_dim=-1)), 'ImageDecoder.hidden_dim must be 1 to 65536, got -1')])
def test_parts_that_do_not_fit(changes, message):
    with pytest.raises(ValueError, match=message):
        MODELS.build(vae_cfg(**changes))


def test_a_critic_of_another_width():
    with pytest.raises(ValueError, match=r'model.encoder.r_dim = 4, model.critic.r_dim = 10'):
        MODELS.build(factor_vae_cfg(critic=dict(type='ibgan_plugin.LatentCritic')))


def test_the_study_s_sizes():
    def count(name):
        return sum(p.numel() for p in MODELS.build(dict(type=f'ibgan_plugin.{name}')).parameters())

    convs = (16 * 32 + 32) + (16 * 32 * 32 + 32) + (4 * 32 * 64 + 64) + (4 * 64 * 64 + 64)
    assert count('ImageEncoder') == convs + (1024 * 256 + 256) + 2 * (256 * 10 + 10)
    deconvs = (16 * 64 * 64 + 64) + (16 * 64 * 32 + 32) + (16 * 32 * 32 + 32) + (16 * 32 + 1)
    assert count('ImageDecoder') == (10 * 256 + 256) + (256 * 1024 + 1024) + deconvs
    assert count('LatentCritic') == 11 * 1000 + 5 * 1001 * 1000 + 1001 * 2


def test_half_the_study_s_widths():
    half = dict(base_channels=16, hidden_dim=128)
    encoder, decoder = (MODELS.build(dict(type=f'ibgan_plugin.Image{name}', **half)) for name in ('Encoder', 'Decoder'))
    assert [m.out_channels for m in encoder.modules() if isinstance(m, nn.Conv2d)] == [16, 16, 32, 32]
    assert [m.out_channels for m in decoder.modules() if isinstance(m, nn.ConvTranspose2d)] == [32, 16, 16, 1]
    assert encoder(decoder(torch.randn(2, 10)))[0].shape == (2, 10)


def test_wrong_images_are_named():
    model, optim = build(vae_cfg())
    with pytest.raises(ValueError, match=r'\(3, 16, 16\)'):
        model.train_step(batch(channels=3), optim)
