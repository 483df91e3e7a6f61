"""What needs no device: why a step is not captured. The rest is in ``test_cuda_device.py``."""
import pytest
import torch
from mmengine.structures import BaseDataElement

from ibgan_plugin.engine.cuda_graph import tensors_of, why_not_captured
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
