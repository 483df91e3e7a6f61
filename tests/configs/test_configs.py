from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import HOOKS, MODELS, Registry, build_from_cfg, init_default_scope

import ibgan_plugin.registry
from ibgan_plugin.config.check import check_config
from ibgan_plugin.engine import GroupedOptimWrapperConstructor
from ibgan_plugin.evaluation.disentanglement.protocols import PROTOCOLS
from ibgan_plugin.registry import METRICS
from tests.conftest import batch

ROOT = Path(__file__).parents[2] / 'configs'
LEAVES = sorted(path for path in (ROOT / 'ibgan').glob('*.py'))


def load(name: str) -> Config:
    return Config.fromfile(ROOT / 'ibgan' / f'{name}.py')


def test_there_are_leaves():
    names = {path.stem for path in LEAVES}
    assert {'ibgan_dsprites', 'infogan_dsprites', 'gan_dsprites', 'ibgan_quick_dsprites', 'ibgan_celeba', 'ibgan_3dchairs',
            'ibgan_color_dsprites'} <= names


@pytest.mark.parametrize('path', LEAVES, ids=lambda path: path.stem)
def test_every_config_builds_and_steps_once(path):
    cfg = Config.fromfile(path)
    check_config(cfg)
    init_default_scope('ibgan_plugin')
    model = MODELS.build(cfg.model)
    model.init_weights()
    for hook in cfg.default_hooks.values():
        build_from_cfg(hook, HOOKS)
    wrapper_cfg = {key: value for key, value in cfg.optim_wrapper.items() if key != 'constructor'}
    optim = GroupedOptimWrapperConstructor(wrapper_cfg)(model.train())
    before = {key: value.clone() for key, value in model.named_parameters()}
    channels = cfg.model.generator.out_channels
    log_vars = model.train_step(batch(2, channels, 64), optim)
    assert all(value.isfinite() for value in log_vars.values())
    idle = ('reconstructor', ) if path.stem.startswith('gan_') else ()
    for child in {key.split('.')[0] for key in before}:
        changed = any(not torch.equal(value, before[key]) for key, value in model.named_parameters() if key.split('.')[0] == child)
        assert changed == (child not in idle), child
    assert model.eval().generate(num_batches=2).shape == (2, channels, 64, 64)


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
