import pytest
import torch
from mmengine.logging import MessageHub
from mmengine.registry import MODELS

from ibgan_plugin.models.base import KL_PER_DIM
from ibgan_plugin.structures import GenSample
from ibgan_plugin.utils.errors import IBGANError
from tests.conftest import SIZE, assert_same, batch, build, model_cfg, snapshot, spectral_cfg, trunk_cfg

GENERATOR_SIDE = ('encoder', 'generator', 'reconstructor')
LIMITS = dict(
    ibgan=model_cfg(),
    infogan=model_cfg(kl_loss=dict(type='ibgan_plugin.KLLoss', beta=0.0)),
    textbook_infogan=model_cfg(
        encoder=None, kl_loss=None,
        reconstructor=dict(type='ibgan_plugin.Reconstructor', z_dim=4, base_channels=4, image_size=SIZE)),
    categorical_infogan=model_cfg(
        encoder=None, kl_loss=None, generator=dict(type='ibgan_plugin.Generator', r_dim=7, base_channels=4, image_size=SIZE),
        reconstructor=dict(type='ibgan_plugin.Reconstructor', z_dim=5, base_channels=4, image_size=SIZE),
        prior=dict(type='ibgan_plugin.ProductPrior', parts=[
            dict(type='ibgan_plugin.CategoricalPrior', dim=3), dict(type='ibgan_plugin.UniformPrior', dim=2),
            dict(type='ibgan_plugin.NormalPrior', dim=2, coded=False)])),
    gan=model_cfg(encoder=None, kl_loss=None, reconstructor=None, info_loss=None),
    shared_trunk=trunk_cfg(),
    generator_trunk=trunk_cfg(trunk_owner='generator'),
    both=spectral_cfg())


class Recorder:
    """Stands for an optimiser wrapper; checks that around its update only what it trains has changed."""

    def __init__(self, wrapper, model, own):
        self.wrapper, self.model, self.own, self.updates = wrapper, model, own, 0

    def optim_context(self, model):
        self.before = {name: snapshot(child) for name, child in self.model.named_children()}
        return self.wrapper.optim_context(model)

    def update_params(self, loss):
        self.wrapper.update_params(loss)
        self.updates += 1
        for name, child in self.model.named_children():
            if name not in self.own:
                assert_same(child, self.before[name])
            elif any(True for _ in child.parameters()):
                weights = dict(child.named_parameters())
                assert any(not torch.equal(weights[key], self.before[name][key]) for key in weights), f'{name} was not trained'


@pytest.mark.parametrize('name', LIMITS)
def test_each_step_changes_only_its_own_networks_bitwise(name):
    cfg = LIMITS[name]
    model, optim = build(cfg)
    model.instance_noise_std = 0.3
    groups = model.optim_groups()
    real, discriminator = batch(), Recorder(optim['discriminator'], model, groups['discriminator'])
    imgs = model.data_preprocessor(real, True)['inputs']
    for _ in range(2):  # the second time with optimiser state
        synthesis = model.synthesize(8)
        model.train_discriminator(imgs, synthesis.fake_imgs.detach(), discriminator, synthesis.z)
        generator = Recorder(optim['generator'], model, groups['generator'])
        model.train_generator(synthesis, generator)
    assert discriminator.updates == 2


@pytest.mark.parametrize('name', LIMITS)
def test_no_gradient_is_left_on_the_other_side(name):
    model, optim = build(LIMITS[name])
    groups = model.optim_groups()
    imgs = model.data_preprocessor(batch(), True)['inputs']
    synthesis = model.synthesize(8)
    model._reduce(model.discriminator_losses(imgs, synthesis.fake_imgs.detach(), synthesis.z))[0].backward()
    for side in ('generator', 'discriminator'):
        for child in groups[side]:
            has_gradient = [p.grad is not None for p in getattr(model, child).parameters()]
            assert all(has_gradient) if side == 'discriminator' else not any(has_gradient)
    optim['discriminator'].zero_grad()
    model._reduce(model.generator_losses(synthesis))[0].backward()
    for child in groups['discriminator']:
        assert all(p.grad is None for p in getattr(model, child).parameters())
    for child in groups['generator']:
        assert all(p.grad is not None for p in getattr(model, child).parameters())


@pytest.mark.parametrize(('name', 'keys'), [
    ('ibgan', {'loss_disc_real', 'loss_disc_fake', 'loss_gen', 'loss_info', 'loss_kl', 'mi_lower_bound', 'mi_upper_bound'}),
    ('textbook_infogan', {'loss_disc_real', 'loss_disc_fake', 'loss_gen', 'loss_info', 'mi_lower_bound'}),
    ('categorical_infogan', {'loss_disc_real', 'loss_disc_fake', 'loss_gen', 'loss_info', 'mi_lower_bound'}),
    ('gan', {'loss_disc_real', 'loss_disc_fake', 'loss_gen'}),
])
def test_logged_values(name, keys):
    model, optim = build(LIMITS[name])
    log_vars = model.train_step(batch(), optim)
    assert set(log_vars) == keys
    assert all(value.isfinite() and value.ndim == 0 and not value.requires_grad for value in log_vars.values())
    if name == 'ibgan':
        assert log_vars['loss_info'] == -log_vars['mi_lower_bound']
        assert log_vars['loss_kl'].item() == pytest.approx(0.1 * log_vars['mi_upper_bound'].item(), rel=1e-5)
        kl = MessageHub.get_current_instance().get_info(KL_PER_DIM)
        assert kl.shape == (4, )
        assert kl.sum().item() == pytest.approx(log_vars['mi_upper_bound'].item(), rel=1e-5)


def test_codes_of_infogan_s_prior():
    model = MODELS.build(LIMITS['categorical_infogan']).eval()
    assert (model.r_dim, model.z_dim, model.noise_dim) == (7, 7, 7)
    r = model.sample_latents(200, seed=0)
    assert torch.equal(r[:, :3].sum(1), torch.ones(200)) and r[:, 3:5].abs().max() <= 1 < r[:, 5:].abs().max()
    assert torch.equal(model.sample_latents(200, seed=0), r)
    imgs = model.decode(r[:8])
    stats, codes = model.reconstructor(imgs), model.encode(imgs)
    torch.testing.assert_close(codes, torch.cat([stats[:, :3].softmax(1), stats[:, 3:], torch.zeros(8, 2)], dim=1))
    z = model.noise_fn(num_batches=8)
    torch.testing.assert_close(model.info_loss(z, stats, model.prior), -model.prior.mi_lower_bound(z, stats))


def test_zero_weights_are_a_gan():
    model, optim = build(model_cfg(info_loss=dict(type='ibgan_plugin.InformationLoss', info_weight=0.0),
                                   kl_loss=dict(type='ibgan_plugin.KLLoss', beta=0.0)))
    before = snapshot(model.reconstructor)
    log_vars = model.train_step(batch(), optim)
    assert log_vars['loss_info'] == log_vars['loss_kl'] == 0
    for key, value in model.reconstructor.named_parameters():
        assert torch.equal(value, before[key])


def test_training_lowers_the_loss_and_finds_information():
    model, optim = build(model_cfg(), lr=2e-3)
    history = [model.train_step(batch(32), optim) for _ in range(120)]
    first, last = ({key: sum(h[key] for h in part).item() / 10 for key in history[0]} for part in (history[:10], history[-10:]))
    assert last['loss_info'] < first['loss_info'] - 0.2
    assert 0.2 < last['mi_lower_bound'] < last['mi_upper_bound']


def test_real_and_fake_reach_the_discriminator_with_noise_and_clamped():
    model, optim = build(model_cfg())
    model.instance_noise_std = 1.0
    seen = []
    model.discriminator.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    model.train_step(batch(), optim)
    _, fake, fake_again = seen
    assert torch.equal(fake, fake_again)
    for imgs in seen:
        assert imgs.abs().max() == 1
        assert ((imgs.abs() < 0.9).float().mean()) > 0.2


@pytest.mark.parametrize('steps', [1, 3])
def test_discriminator_steps(steps):
    model, optim = build(model_cfg(discriminator_steps=steps))
    hub = MessageHub.get_current_instance()
    for iteration in range(6):
        hub.update_info('iter', iteration)
        generator_side = [snapshot(getattr(model, name)) for name in GENERATOR_SIDE]
        log_vars = model.train_step(batch(), optim)
        assert ('loss_gen' in log_vars) == ((iteration + 1) % steps == 0)
        if 'loss_gen' not in log_vars:
            for name, before in zip(GENERATOR_SIDE, generator_side, strict=True):
                assert_same(getattr(model, name), before)


def test_wasserstein_with_gradient_penalty_trains_the_critic():
    model, optim = build(model_cfg(
        adversarial_loss=dict(type='ibgan_plugin.AdversarialLoss', mode='wasserstein'),
        discriminator=dict(type='ibgan_plugin.Discriminator', base_channels=4, image_size=SIZE, norm=False),
        gradient_penalty=dict(type='ibgan_plugin.GradientPenalty', weight=10.0)))
    log_vars = [model.train_step(batch(), optim) for _ in range(20)]
    assert log_vars[-1]['loss_gradient_penalty'] < log_vars[0]['loss_gradient_penalty']
    assert log_vars[-1]['loss_disc_real'] + log_vars[-1]['loss_disc_fake'] < 0


@pytest.mark.parametrize('mode', ['hinge', 'least_squares'])
def test_other_adversarial_losses_step(mode):
    model, optim = build(model_cfg(adversarial_loss=dict(type='ibgan_plugin.AdversarialLoss', mode=mode)))
    assert all(value.isfinite() for value in model.train_step(batch(), optim).values())


def test_gradient_accumulation_and_clipping():
    model, optim = build(model_cfg(), accumulative_counts=2, clip_grad=dict(max_norm=1e-12))
    before = {key: value.clone() for key, value in model.named_parameters()}
    model.train_step(batch(), optim)
    assert all(torch.equal(value, before[key]) for key, value in model.named_parameters())
    model.train_step(batch(), optim)
    weight = 'generator.project.0.weight'
    # RMSprop divides by the gradient's size, so clipping shows in its square average alone.
    assert not torch.equal(model.get_parameter(weight), before[weight])
    state = optim['generator'].optimizer.state[model.get_parameter(weight)]
    assert state['square_avg'].max() < 1e-20


def test_forward_modes():
    model = MODELS.build(model_cfg()).eval()
    imgs = torch.rand(3, 1, SIZE, SIZE) * 2 - 1
    codes = model(imgs)
    torch.testing.assert_close(codes, model.encoder(model.reconstructor(imgs))[0])
    samples = model(imgs, dict(sample_idx=torch.tensor([7, 8, 9])), mode='predict')
    assert [s.sample_idx for s in samples] == [7, 8, 9]
    torch.testing.assert_close(torch.stack([s.codes for s in samples]), codes)
    assert model(dict(num_batches=5)).shape == (5, 1, SIZE, SIZE)
    assert model(dict(noise=torch.randn(2, 6)), mode='predict')[0]['fake_img'].shape == (1, SIZE, SIZE)
    r = torch.randn(2, 4)
    torch.testing.assert_close(model(dict(r=r)), model.generator(r))
    losses = model.train()(imgs, mode='loss')
    assert losses['loss_gen'].shape == losses['loss_disc_real'].shape == losses['loss_kl'].shape == (3, )


@torch.no_grad()
def test_requests_for_images():
    model = MODELS.build(model_cfg()).eval()
    for request, num in ((dict(num_batches=2), 2), (dict(noise=torch.zeros(3, 6), num_batches=3), 3), ({}, 1)):
        samples = model(request, mode='predict')
        assert [type(sample) for sample in samples] == [GenSample] * num
        assert all(sample['fake_img'].shape == (1, SIZE, SIZE) and sample.fake_img.max() > 1 for sample in samples)


@pytest.mark.parametrize(('request_', 'mode', 'message'), [
    (dict(nois=1), 'tensor', 'a request for images takes noise, r and num_batches, got nois'),
    (dict(sample_model='orig'), 'predict', 'got sample_model'),
    ({}, 'los', "mode must be 'tensor' or 'predict' for a request for images, got 'los'")])
def test_impossible_requests_are_named(request_, mode, message):
    with pytest.raises(ValueError, match=message):
        MODELS.build(model_cfg()).eval()(request_, mode=mode)


def test_a_batch_of_one_is_refused_where_there_is_batchnorm():
    model, optim = build(model_cfg())
    with pytest.raises(ValueError, match=r'a training batch of one image can not pass BatchNorm: train_dataloader\.batch_size'):
        model.train_step(batch(1), optim)


def test_a_generator_with_noise_size_takes_that_as_the_width_of_r():
    cfg = model_cfg(generator=dict(type='ibgan_plugin.NoiseGenerator', generator=model_cfg()['generator']))
    model, optim = build(cfg)
    assert model.r_dim == 4 and not hasattr(model.generator, 'r_dim')
    assert all(value.isfinite() for value in model.train_step(batch(), optim).values())
    cfg['generator']['generator']['r_dim'] = 5
    with pytest.raises(ValueError, match=r'width of r: model\.encoder\.r_dim = 4, model\.generator\.r_dim = 5'):
        MODELS.build(cfg)


def test_test_step_takes_a_raw_batch():
    model = MODELS.build(model_cfg()).eval()
    data = dict(**batch(2), data_samples=dict(sample_idx=torch.tensor([3, 1])))
    with torch.no_grad():
        assert [s.sample_idx for s in model.test_step(data)] == [3, 1]


def test_generation_follows_the_posterior():
    model = MODELS.build(model_cfg()).eval()
    z = torch.randn(4, 6)
    mu, logvar = model.posterior(z)
    with torch.no_grad():
        model.encoder.net[-1].weight[4:] = 0
        model.encoder.net[-1].bias[4:] = -50  # no variance: r = mu
    torch.testing.assert_close(model.generate(noise=z), model.generator(model.posterior(z)[0]))
    assert mu.shape == logvar.shape == (4, 4)


@pytest.mark.parametrize(('changes', 'message'), [
    (dict(generator=dict(type='ibgan_plugin.Generator', r_dim=5, base_channels=4, image_size=SIZE)),
     r'width of r: model.encoder.r_dim = 4, model.generator.r_dim = 5'),
    (dict(reconstructor=dict(type='ibgan_plugin.Reconstructor', z_dim=5, base_channels=4, image_size=SIZE)),
     r'width of z: model.encoder.z_dim = 6, model.reconstructor.z_dim = 5'),
    (dict(encoder=None, kl_loss=None), r'width of z: model.generator.r_dim = 4, model.reconstructor.z_dim = 6'),
    (dict(discriminator=dict(type='ibgan_plugin.Discriminator', base_channels=4, image_size=32)),
     r'image size: .*discriminator.image_size = 32'),
    (dict(discriminator=dict(type='ibgan_plugin.Discriminator', in_channels=3, base_channels=4, image_size=SIZE)),
     r'number of channels: .*discriminator.in_channels = 3'),
    (dict(discriminator=dict(type='ibgan_plugin.Discriminator', base_channels=4, image_size=SIZE, shared_trunk=True)),
     r'discriminator.shared_trunk is True, but model.trunk is missing'),
    (dict(trunk_owner='nobody'), r"trunk_owner must be one of 'discriminator', 'generator', 'both', got 'nobody'"),
    (dict(discriminator_steps=0), r'discriminator_steps must be at least 1, got 0'),
    (dict(reconstructor=None), r'info_loss needs model.reconstructor'),
    (dict(encoder=None, reconstructor=None, info_loss=None), r'kl_loss needs model.encoder'),
])
def test_impossible_combinations(changes, message):
    with pytest.raises(ValueError, match=message):
        MODELS.build(model_cfg(**changes))


def test_beta_above_lambda_is_warned_of():
    with pytest.warns(UserWarning, match=r'kl_loss.beta = 2.0 is above model.info_loss.info_weight = 1.0'):
        MODELS.build(model_cfg(kl_loss=dict(type='ibgan_plugin.KLLoss', beta=2.0)))


def test_half_precision_autocast_steps():
    model, optim = build(model_cfg())
    with torch.autocast('cpu', torch.bfloat16):
        log_vars = model.train_step(batch(), optim)
    assert all(value.isfinite() for value in log_vars.values())
    assert all(value.dtype == torch.float32 for value in log_vars.values())


def test_wrong_images_and_noise():
    model, optim = build(model_cfg())
    with pytest.raises(ValueError, match=r'images of shape \(1, 32, 32\).*takes \(1, 16, 16\)'):
        model.train_step(batch(size=32), optim)
    raw, optim = build(model_cfg(data_preprocessor=None))
    with pytest.raises(IBGANError, match=r'floating-point images in \[-1, 1\], got torch.uint8: model.data_preprocessor must'):
        raw.train_step(batch(), optim)
    with pytest.raises(ValueError, match=r'noise must be N x 6 \(z_dim\), got \(2, 4\)'):
        model.generate(noise=torch.randn(2, 4))
    with pytest.raises(ValueError, match="mode must be 'tensor' or 'predict', or 'loss' of a model that has losses, got 'los'"):
        model(torch.zeros(1, 1, SIZE, SIZE), mode='los')
    with pytest.raises(ValueError, match='no reconstructor'):
        MODELS.build(LIMITS['gan']).encode(torch.zeros(1, 1, SIZE, SIZE))
