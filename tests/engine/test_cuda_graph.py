"""What needs no device: why a step is not captured. The rest is in ``test_cuda_device.py``."""
import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.optim import build_optim_wrapper
from mmengine.structures import BaseDataElement

from ibgan_plugin.engine.cuda_graph import Constants, tensors_of, why_not_captured
from ibgan_plugin.registry import MODELS
from tests.conftest import build, model_cfg
from tests.engine.runs import make_runner


def test_a_cpu_has_no_graphs():
    assert why_not_captured(*build(model_cfg())) == 'the model is not on a CUDA device'


def test_lone_discriminator_steps_and_lazy_penalties_are_not_all_alike():
    assert MODELS.build(model_cfg()).same_every_step
    assert not MODELS.build(model_cfg(discriminator_steps=2)).same_every_step
    assert not MODELS.build(model_cfg(gradient_penalty=dict(type='ibgan_plugin.R1Penalty', interval=16))).same_every_step
    assert MODELS.build(model_cfg(gradient_penalty=dict(type='ibgan_plugin.R1Penalty', interval=1))).same_every_step


def test_the_tensors_of_a_batch_are_those_of_its_samples_too():
    """What is not among them would stay in the graph as it was in the first batch."""
    first, second, third, index = torch.zeros(1), torch.zeros(2), torch.zeros(3), torch.zeros(4)
    samples = [BaseDataElement(gt_img=first, mask=second, metainfo=dict(number=torch.zeros(5))), BaseDataElement(mask=third)]
    found = tensors_of(dict(inputs={}, data_samples=samples, sample_idx=index, names=['a']))
    assert [len(tensor) for tensor in found] == [1, 2, 3, 4]


def test_a_run_without_cuda_trains_as_ever(tmp_path):
    if torch.cuda.is_available():
        return
    runner = make_runner(tmp_path, max_iters=2, env_cfg=dict(cuda_graphs=True),
                         train_cfg=dict(type='ibgan_plugin.ResumableTrainLoop', max_iters=2))
    runner.train()
    assert runner.iter == 2


def groups(optim):
    """Parameter groups of all optimisers."""
    return [group for wrapper in optim.values() for group in wrapper.param_groups]


class Watch(Hook):
    """Which constants have changed before each iteration but the first."""

    priority = 'VERY_LOW'  # after the hooks that set numbers

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        model, optim = runner.model, runner.optim_wrapper
        if runner.iter == 0:
            self.constants = Constants(model, groups(optim), [(model, 'instance_noise_std'), (model.kl_loss, 'beta')])
            self.all, self.seen = Constants(model, groups(optim)), []
        else:
            self.seen.append((self.constants.changed(), self.all.changed()))


def test_what_hooks_set_is_all_that_changes_in_a_training(tmp_path):
    """So a graph is never left without need: pictures, averages, checks and validations leave no trace."""
    own = [dict(type='InstanceNoiseHook', start=1.0, end=0.0), dict(type='MIBoundsHook', interval=2),
           dict(type='IterationSeedHook'),
           dict(type='ScheduleHook', field='kl_loss.beta', points=[(0, 0.1), (9, 1.0)]), dict(type='TraversalHook', interval=2),
           dict(type='HealthHook', interval=2), dict(type='GeneratorSideEMAHook', momentum=0.5)]
    runner = make_runner(tmp_path, hooks=[{**hook, 'type': f'ibgan_plugin.{hook["type"]}'} for hook in own])
    runner.register_hook(watch := Watch())
    runner.train()
    assert watch.seen == [(None, 'IBGAN.instance_noise_std')] * (runner.max_iters - 1)


@pytest.mark.parametrize('name', ['ibgan/ibgan_quick_dsprites', 'ibgan/ibgan_fast_celeba', 'ibgan/infogan_categorical_dsprites',
                                  'vae/beta_vae_fast_dsprites', 'vae/annealed_vae_dsprites', 'vae/factor_vae_fast_dsprites'])
def test_steps_change_no_number_of_a_shipped_model(name):
    cfg = Config.fromfile(f'configs/{name}.py')
    model = MODELS.build(cfg.model).train()
    optim = build_optim_wrapper(model, cfg.optim_wrapper)
    data = {'inputs': torch.randint(0, 256, (4, 3 if 'celeba' in name else 1, 64, 64), dtype=torch.uint8)}
    model.train_step(data, optim)
    constants = Constants(model, groups(optim))
    model.train_step(data, optim)
    assert constants.changed() is None


@pytest.mark.parametrize(('change', 'name'), [
    (lambda model, optim: setattr(model.kl_loss, 'beta', 0.5), 'kl_loss.beta'),
    (lambda model, optim: setattr(model.generator.project[1], 'momentum', 0.3), 'generator.project.1.momentum'),
    (lambda model, optim: optim['generator'].param_groups[0].update(momentum=0.5), 'an optimiser.momentum'),
    (lambda model, optim: optim['generator'].param_groups[0].update(lr=0.5), None)])
def test_a_number_that_a_graph_would_not_see_is_named(change, name):
    model, optim = build(model_cfg())
    constants = Constants(model, groups(optim))
    assert constants.changed() is None
    change(model, optim)
    assert constants.changed() == name


@pytest.mark.parametrize(('clip_grad', 'reason'), [
    (None, None), (dict(max_norm=1.0), 'MMEngine logs the norm by which gradients are clipped, and so waits for the device'),
    (dict(type='value', clip_value=1.0), None)])
def test_the_norm_of_clipped_gradients_is_waited_for(monkeypatch, clip_grad, reason):
    monkeypatch.setattr('ibgan_plugin.engine.cuda_graph.device_of', lambda model: torch.device('cuda'))
    assert why_not_captured(*build(model_cfg(), clip_grad=clip_grad)) == reason


@pytest.mark.parametrize(('kind', 'reason'), [('LinearLR', None), ('LinearMomentum', 'a schedule changes the momentum')])
def test_a_graph_follows_schedules_of_the_learning_rate_alone(tmp_path, monkeypatch, capfd, kind, reason):
    schedule = dict(type=kind, start_factor=0.5, end=9, by_epoch=False)
    runner = make_runner(tmp_path, env_cfg=dict(cuda_graphs=True), log_level='INFO',
                         train_cfg=dict(type='ibgan_plugin.ResumableTrainLoop', max_iters=2))
    runner.param_schedulers = runner.build_param_scheduler(dict(generator=[schedule], discriminator=[]))
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr('ibgan_plugin.engine.loops.train.why_not_captured', lambda *_: None)
    monkeypatch.setattr('ibgan_plugin.engine.loops.train.GraphedStep', lambda *_: 'graph')
    assert runner.train_loop._graph() == (None if reason else 'graph')
    assert (reason or '') in ''.join(capfd.readouterr())
