import pytest
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import HOOKS, MODELS
from torch import nn

from ibgan_plugin.config.check import ConfigError, accepted_keys, check_config
from ibgan_plugin.engine.launch import build_runner
from ibgan_plugin.engine.size import check_size
from tests.engine.runs import run_cfg


def changed(tmp_path, **options) -> Config:
    cfg = run_cfg(tmp_path)
    cfg.merge_from_dict({key.replace('__', '.'): value for key, value in options.items()})
    return cfg


def test_a_right_config_passes(tmp_path):
    cfg = run_cfg(tmp_path, hooks=[dict(type='ibgan_plugin.GeneratorSideEMAHook', momentum=0.1, begin_iter=1, priority='NORMAL')])
    cfg.my_variable = 1
    check_config(cfg)
    for template in ('iter_{}.pth', 'epoch_{:d}.pth', 'iter_{:07d}.pth', 'iter_{:012}.pth', None):
        cfg.default_hooks.checkpoint.filename_tmpl = template
        check_config(cfg)
    for schedules in ([], dict(type='LinearLR'), dict(generator=[], discriminator=[])):
        cfg.param_scheduler = schedules
        check_config(cfg)


@pytest.mark.parametrize(('options', 'message'), [
    (dict(model__generator__base_chanels=4),
     r"unknown key model.generator.base_chanels = 4; did you mean 'base_channels'\? Generator takes: base_channels, "),
    (dict(model__generatr=dict(r_dim=3)), r"unknown key model.generatr .*did you mean 'generator'\? IBGAN takes"),
    (dict(model__encoder__type='ibgan_plugin.Encodr'),
     r"model.encoder.type = 'ibgan_plugin.Encodr' is not registered; did you mean .*ibgan_plugin.Encoder"),
    (dict(train_cfg__max_itres=3), r"unknown key train_cfg.max_itres = 3; did you mean 'max_iters'"),
    (dict(train_dataloader__batchsize=3),
     r"unknown key train_dataloader.batchsize = 3; did you mean 'batch_size'\? a data loader takes"),
    (dict(train_dataloder=dict(batch_size=3)), r"unknown key 'train_dataloder'; did you mean 'train_dataloader'"),
    (dict(optim_wrapper__generator__optimizer__learning_rate=1), r'unknown key optim_wrapper.generator.optimizer.learning_rate'),
    (dict(default_hooks__checkpoint__filename_tmpl='ckpt_{}.pth'),
     r"default_hooks.checkpoint.filename_tmpl = 'ckpt_\{\}.pth' must be 'iter_\{\}.pth' or 'epoch_\{\}.pth', with leading zeros"),
    (dict(default_hooks__checkpoint__filename_tmpl='iter_{:7d}.pth'), r"filename_tmpl = 'iter_\{:7d\}.pth' must be"),
    (dict(default_hooks__checkpoint__filename_tmpl='iter_{:x}.pth'), r"filename_tmpl = 'iter_\{:x\}.pth' must be"),
    (dict(default_hooks__checkpoint__filename_tmpl=3), r'filename_tmpl = 3 must be'),
    (dict(custom_hooks=[dict(type='CheckpointHook', filename_tmpl='{}.pth')]), r"custom_hooks\[0\].filename_tmpl = '\{\}.pth'"),
    (dict(default_hooks__logger__intervall=3), r"unknown key default_hooks.logger.intervall = 3; did you mean 'interval'"),
    (dict(model__generator__base_channels='wide'), r"model.generator.base_channels = 'wide' must be int, not str"),
    (dict(model__encoder__hidden_dims=8), r'model.encoder.hidden_dims = 8 must be tuple\[int, ...\], not int'),
    (dict(model__kl_loss=3), r'model.kl_loss = 3 must be dict or None, not int'),
    (dict(param_scheduler=dict(generator=[])),
     r'param_scheduler must have the groups of optim_wrapper, discriminator, generator, .*\[\] for .*; got generator$'),
    (dict(train_dataloader__batch_size=0), r'train_dataloader.batch_size = 0 must be an integer of at least 1'),
    (dict(train_dataloader__num_workers='two'), r"train_dataloader.num_workers = 'two' must be an integer of at least 0"),
    (dict(model__data_preprocessor__men=[1]), r"unknown key model.data_preprocessor.men = \[1\]; did you mean 'mean'"),
    (dict(test_evaluator=dict(type='ibgan_plugin.DisentanglementMetric', scores=dict(mig=3))),
     r'test_evaluator: mig = 3 must be keyword arguments or the name of a protocol'),
    (dict(test_evaluator=[dict(type='ibgan_plugin.DisentanglementMetric', scores=dict(migg='study'))]),
     r"test_evaluator\[0\]: unknown metric 'migg'; known are"),
    (dict(test_evaluator=dict(type='ibgan_plugin.ImageMetric', extractor=dict(), scores=dict(fd=dict(k=1)))),
     r"test_evaluator: fd takes the keywords"),
])
def test_one_message_names_file_key_value_and_what_is_allowed(tmp_path, options, message):
    with pytest.raises(ConfigError, match=message) as error:
        check_config(changed(tmp_path, **options))
    assert str(error.value).startswith('config: ')
    assert '\n' not in str(error.value)


@pytest.mark.parametrize(('options', 'message'), [
    (dict(model__generator__image_size=48), 'model.generator: image_size must be a power of two from 16 to 4096, got 48'),
    (dict(model__encoder__r_dim=3), 'the components differ in the width of r: model.encoder.r_dim = 3, model.generator.r_dim = 4'),
    (dict(default_hooks__bounds=dict(type='ibgan_plugin.MIBoundsHook', interval=0)),
     'default_hooks.bounds: interval must be at least 1, got 0'),
    (dict(optim_wrapper__genrator=dict(optimizer=dict(type='SGD', lr=1))),
     "optim_wrapper.genrator names 'genrator', which is no submodule of IBGAN; it has: encoder, generator, "),
    (dict(default_hooks__checkpoint=dict(type='ibgan_plugin.SafeCheckpointHook', intervall=4)),
     r"default_hooks.checkpoint: unknown arguments of SafeCheckpointHook: \{'intervall': 4\}"),
])
def test_what_can_not_be_built_is_named_with_its_key(tmp_path, options, message, monkeypatch):
    monkeypatch.setattr('ibgan_plugin.engine.runner.tune_cpu', lambda settings: None)
    cfg = changed(tmp_path, launcher='none', **options)
    check_config(cfg)
    with pytest.raises(ConfigError, match=f'^config: {message}'):
        build_runner(cfg)


@pytest.mark.parametrize(('options', 'message'), [
    (dict(model__type='Adam'), "model.type = 'Adam' is registered as an optimizer, but a model must stand here"),
    (dict(model__generator__type='ibgan_plugin.InstanceNoiseHook'), 'is registered as a hook, but a model must stand here'),
    (dict(train_dataloader__dataset__type='mmengine.EMAHook'), 'is registered as a hook, but a dataset must stand here'),
    (dict(train_dataloader__collate_fn=dict(type='Adam')), 'train_dataloader.collate_fn.type .* but a function must stand here'),
    (dict(default_hooks__timer=dict(type='LinearLR')), 'default_hooks.timer.type .* as a parameter scheduler, but a hook must'),
    (dict(optim_wrapper__constructor='ibgan_plugin.IBGAN'), 'optim_wrapper.constructor = .* is registered as a model, but an opt'),
    (dict(runner_type='Adam'), "runner_type = 'Adam' is registered as an optimizer, but a runner must stand here"),
])
def test_what_is_registered_as_something_else_is_never_looked_for_among_modules(tmp_path, monkeypatch, options, message):
    (tmp_path / 'Adam.py').write_text(f"open({str(tmp_path / 'marker')!r}, 'w')\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match=message):
        check_config(changed(tmp_path, **options))
    assert not (tmp_path / 'marker').exists()


def test_arguments_of_another_package_may_have_types_of_their_own(tmp_path):

    @HOOKS.register_module(force=True)
    class ForeignHook(Hook):

        def __init__(self, kinds):
            pass

    check_config(run_cfg(tmp_path, hooks=[dict(type='ForeignHook', kinds=[dict(type='GAN', name='x')])]))
    with pytest.raises(ConfigError, match=r"custom_hooks\[1\].type = 'ForeignHok' is not registered; did you mean ForeignHook"):
        check_config(run_cfg(tmp_path, hooks=[dict(type='ForeignHook', kinds=[]), dict(type='ForeignHok')]))


def test_mistakes_of_keys_and_of_components_come_together(tmp_path):
    cfg = changed(tmp_path, train_dataloader__batch_size=0, model__generator__image_size=48, model__kl_loss__beta=-1,
                  model__encoder__z_dmi=3)
    with pytest.raises(ConfigError) as error:
        check_config(cfg)
    unknown, batch_size, *parts = error.value.lines
    assert 'unknown key model.encoder.z_dmi' in unknown and 'train_dataloader.batch_size = 0' in batch_size
    assert sorted(parts) == ['config: model.generator: image_size must be a power of two from 16 to 4096, got 48',
                             'config: model.kl_loss: beta must be at least 0, got -1']
    del cfg.model.encoder['z_dmi']  # the others are found when the model is built too
    with pytest.raises(ConfigError) as error:
        check_size(cfg)
    assert sorted(error.value.lines) == sorted(parts)


def test_a_bug_in_another_package_s_component_keeps_its_traceback(tmp_path):

    @MODELS.register_module(force=True)
    class BrokenLoss(nn.Module):
        __module__ = 'another_zoo.losses'

        def __init__(self, weight=1):
            super().__init__()
            if weight < 0:
                raise ValueError('weight must be at least 0')
            self.sides = None.sides

    cfg = changed(tmp_path, model__kl_loss=dict(type='BrokenLoss', _delete_=True))
    with pytest.raises(AttributeError, match="no attribute 'sides'") as error:
        check_size(cfg)
    assert error.value.__notes__ == ['config: model.kl_loss']
    cfg.model.kl_loss.weight = -1
    with pytest.raises(ConfigError, match=r'^config: model.kl_loss: .*weight must be at least 0'):
        check_size(cfg)


def test_accepted_keys_follow_keyword_arguments_to_the_base():

    class Base:

        def __init__(self, a):
            pass

    class Child(Base):

        def __init__(self, b, **kwargs):
            super().__init__(**kwargs)

    def anything(**kwargs):
        pass

    assert accepted_keys(Child) == {'a', 'b'}
    assert accepted_keys(anything) is None


@pytest.mark.parametrize('scope', ['mmengine', 'ibgan_plugin', None])
def test_types_without_a_prefix_are_those_of_the_default_scope(scope):
    cfg = Config(dict(default_scope=scope, model=dict(type='IBGAN', data_preprocessor=dict(type='ImgDataPreprocessor'))))
    if scope == 'ibgan_plugin':
        check_config(cfg)
    else:
        with pytest.raises(ConfigError, match=r"model.type = 'IBGAN' is not registered"):
            check_config(cfg)


@pytest.mark.parametrize('value', [1, 'Adam', [dict(type='OptimWrapper')], True])
def test_an_optimiser_that_is_no_dict(tmp_path, value):
    cfg = run_cfg(tmp_path)
    cfg.optim_wrapper = value
    with pytest.raises(ConfigError, match=r'optim_wrapper = .* must be a dict, or None where nothing is trained'):
        check_config(cfg)
