import itertools
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import HOOKS, MODELS, Registry, build_from_cfg, init_default_scope

import ibgan_plugin.registry
from ibgan_plugin.config.check import check_config
from ibgan_plugin.engine.optim import GroupedOptimWrapperConstructor
from ibgan_plugin.evaluation.disentanglement.protocols import PROTOCOLS
from ibgan_plugin.interop.converters.describe import check_published
from ibgan_plugin.registry import METRICS
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.schedules import piecewise_linear
from tests.conftest import batch

ROOT = Path(__file__).parents[2] / 'configs'
#: Data sets with true factors.
DATASETS = sorted(path.stem for path in (ROOT / '_base_' / 'datasets').glob('*.py') if path.stem not in ('celeba', '3dchairs'))
LEAVES = sorted(path for folder in ('ibgan', 'vae', 'infogan_cr') for path in (ROOT / folder).glob('*.py'))


def load(name: str) -> Config:
    return Config.fromfile(ROOT / 'ibgan' / f'{name}.py')


def test_there_are_leaves():
    names = {path.stem for path in LEAVES}
    assert {'ibgan_dsprites', 'infogan_dsprites', 'gan_dsprites', 'ibgan_quick_dsprites', 'ibgan_celeba', 'ibgan_3dchairs',
            'ibgan_color_dsprites', 'beta_vae_dsprites', 'factor_vae_dsprites', 'infogan_cr_dsprites'} <= names


@pytest.mark.parametrize('path', LEAVES, ids=lambda path: path.stem)
def test_every_config_builds_and_steps_once(path):
    cfg = Config.fromfile(path)
    check_config(cfg)
    init_default_scope('ibgan_plugin')
    model = MODELS.build(cfg.model)
    model.init_weights()
    for hook in filter(None, cfg.default_hooks.values()):
        build_from_cfg(hook, HOOKS)
    wrapper_cfg = {key: value for key, value in cfg.optim_wrapper.items() if key != 'constructor'}
    optim = GroupedOptimWrapperConstructor(wrapper_cfg)(model.train())
    before = {key: value.clone() for key, value in model.named_parameters()}
    assert model.image_shape[1:] == (64, 64)
    log_vars = model.train_step(batch(4, *model.image_shape[:2]), optim)
    assert all(value.isfinite() for value in log_vars.values())
    idle = ('reconstructor', ) if path.stem.startswith('gan_') else ('contrastive', )  # whose weight is 0 at first
    for child in {key.split('.')[0] for key in before}:
        changed = any(not torch.equal(value, before[key]) for key, value in model.named_parameters() if key.split('.')[0] == child)
        assert changed == (child not in idle), child
    assert model.eval().decode(model.sample_latents(2)).shape == (2, *model.image_shape)


@pytest.mark.parametrize('path', LEAVES, ids=lambda path: path.stem)
def test_all_our_types_are_prefixed(path):
    registries = [value for value in vars(ibgan_plugin.registry).values() if isinstance(value, Registry)]
    for registry in registries:
        registry.import_from_location()
    ours = {name for registry in registries for name in registry.module_dict}
    assert {'IBGAN', 'DSprites', 'MIBoundsHook', 'ResumableTrainLoop', 'DisentanglementMetric', 'batched_collate'} <= ours

    def types(value):
        if isinstance(value, dict):
            yield from ([value['type']] if isinstance(value.get('type'), str) else [])
            for child in value.values():
                yield from types(child)
        elif isinstance(value, (list, tuple)):
            for child in value:
                yield from types(child)

    cfg = Config.fromfile(path).to_dict()
    assert not ours & {cfg['optim_wrapper']['constructor'], *types(cfg)}


def test_other_default_scopes_find_no_types_of_theirs_in_the_runtime():
    runtime = Config.fromfile(LEAVES[0].parents[1] / '_base_' / 'default_runtime.py')
    parts = [*runtime.default_hooks.values(), runtime.log_processor, runtime.visualizer, *runtime.vis_backends,
             runtime.model_wrapper_cfg]
    assert not [part.type for part in parts if '.' not in part.type]


@pytest.mark.parametrize(('name', 'z', 'r', 'beta', 'lr_d', 'iters', 'noise', 'label', 'channels'), [
    ('ibgan_dsprites', 16, 10, 0.141, 1e-6, 150_000, (1.0, 0.0, 100_000), 1.0, 1),
    ('ibgan_color_dsprites', 16, 10, 0.071, 1e-6, 500_000, (1.0, 0.0, 100_000), 1.0, 3),
    ('ibgan_celeba', 64, 15, 0.35, 2e-6, 1_000_000, (0.5, 0.01, None), (0.7, 1.2), 3),
    ('ibgan_3dchairs', 64, 10, 0.325, 2e-6, 700_000, (0.5, 0.01, None), (0.7, 1.2), 1),
    ('ibgan_released_celeba', 64, 15, 0.35, 2e-6, 1_000_000, (0.5, 0.01, None), (0.7, 1.2), 3),
    ('ibgan_released_3dchairs', 64, 10, 0.325, 2e-6, 700_000, (0.5, 0.01, None), (0.7, 1.2), 1),
])
def test_published_hyper_parameters(name, z, r, beta, lr_d, iters, noise, label, channels):
    cfg = load(name)
    assert (cfg.model.encoder.z_dim, cfg.model.encoder.r_dim, cfg.model.kl_loss.beta) == (z, r, beta)
    assert cfg.model.info_loss.info_weight == 1.0
    for side, lr in (('generator', 5e-5), ('discriminator', lr_d)):
        assert cfg.optim_wrapper[side].optimizer == dict(type='RMSprop', lr=lr, momentum=0.9)
    assert cfg.train_dataloader.batch_size == 64
    assert cfg.train_cfg.max_iters == iters
    hook = cfg.default_hooks.instance_noise
    assert (hook.start, hook.end, hook.get('over')) == noise
    assert cfg.model.adversarial_loss.real_label == label
    assert cfg.model.generator.out_channels == channels


@pytest.mark.parametrize(('name', 'wider'), [('celeba', 1), ('3dchairs', 2)])
def test_the_released_code_differs_from_the_paper_by_one_convolution(name, wider):
    paper, released = load(f'ibgan_{name}').to_dict(), load(f'ibgan_released_{name}').to_dict()
    with pytest.raises(IBGANError, match=r'discriminator.conv_multipliers = \(4,\), but the published networks have \(4, 4\)'):
        check_published(paper['model'])
    check_published(released['model'])
    assert released['model']['discriminator'].pop('conv_multipliers') == (4, 4)
    assert paper['model']['discriminator'].pop('conv_multipliers') == (4, )
    for part in ('trunk', 'discriminator', 'reconstructor'):
        paper['model'][part]['base_channels'] *= wider
    assert released == paper


@pytest.mark.parametrize('path', [path for path in LEAVES
                                  if path.parent.name == 'vae' and not {'quick', 'fast'} & set(path.stem.split('_'))],
                         ids=lambda path: path.stem)
def test_settings_of_the_study(path):
    cfg = Config.fromfile(path)
    is_factor_vae = cfg.model.type == 'ibgan_plugin.FactorVAE'
    assert cfg.train_dataloader.batch_size == (128 if is_factor_vae else 64)  # two batches of 64 an iteration
    assert cfg.train_cfg.max_iters == 300_000
    assert cfg.optim_wrapper.autoencoder.optimizer == dict(type='Adam', lr=1e-4)
    assert cfg.model.encoder.r_dim == 10 and cfg.model.reconstruction_loss.type == 'ibgan_plugin.BernoulliReconstruction'
    if is_factor_vae:
        assert cfg.optim_wrapper.critic.optimizer == dict(type='Adam', lr=1e-4, betas=(0.5, 0.9))
        assert list(cfg.model.critic.hidden_dims) == [1000] * 6


def test_published_infogan_cr():
    cfg = Config.fromfile(ROOT / 'infogan_cr' / 'infogan_cr_dsprites.py')
    assert {side: cfg.optim_wrapper[side].optimizer.lr for side in ('generator', 'discriminator', 'contrastive')} == dict(
        generator=1e-3, discriminator=2e-3, contrastive=2e-3)
    assert (cfg.train_cfg.max_iters, cfg.train_dataloader.batch_size) == (28 * 11_520, 64)
    assert (cfg.model.info_loss.info_weight, cfg.model.generator_steps, cfg.model.trunk_owner) == (0.05, 2, 'both')
    hook = build_from_cfg(cfg.default_hooks.contrastive, HOOKS)
    assert hook.field == 'contrastive_loss.weight'
    assert [piecewise_linear(i, hook.points) for i in (0, 287_999, 288_000, 322_559)] == [0, 0, 2, 2]


METHODS = [path for path in LEAVES if path.parent.name in ('vae', 'infogan_cr') and path.stem.endswith('_dsprites')
           and not {'quick', 'color'} & set(path.stem.split('_')) and '_base_/datasets/' in path.read_text()]


PAIRS = list(itertools.product(METHODS, DATASETS))


@pytest.mark.parametrize(('path', 'dataset'), PAIRS, ids=lambda value: value if isinstance(value, str) else value.stem)
def test_another_data_set_is_one_line(path, dataset, tmp_path):
    text = path.read_text().replace('datasets/dsprites.py', f'datasets/{dataset}.py')
    assert text.count(f'datasets/{dataset}.py') == 1
    (tmp_path / path.name).write_text(text.replace('../_base_', str(ROOT / '_base_')))
    cfg = Config.fromfile(tmp_path / path.name)
    check_config(cfg)
    model = MODELS.build(cfg.model)
    assert model.image_shape == (cfg.image_channels, 64, 64)


def test_limits_differ_from_ibgan_in_numbers_only():
    ibgan, infogan, gan = (load(f'{name}_dsprites').to_dict() for name in ('ibgan', 'infogan', 'gan'))
    assert infogan['model']['kl_loss']['beta'] == gan['model']['kl_loss']['beta'] == gan['model']['info_loss']['info_weight'] == 0
    for limit in (infogan, gan):
        limit['model']['kl_loss'] = ibgan['model']['kl_loss']
        limit['model']['info_loss'] = ibgan['model']['info_loss']
        assert limit == ibgan


@pytest.mark.parametrize(('evaluator', 'protocol'), [('val_evaluator', 'infogan_cr'), ('test_evaluator', 'study')])
def test_numbers_are_those_of_the_named_protocol_and_may_be_replaced(evaluator, protocol):
    cfg = load('ibgan_dsprites')[evaluator]
    assert cfg.protocol == protocol
    assert METRICS.build(cfg).scores == PROTOCOLS[protocol]
    cfg.scores.factor_vae.num_train = 7
    assert METRICS.build(cfg).scores['factor_vae'] == {**PROTOCOLS[protocol]['factor_vae'], 'num_train': 7}
