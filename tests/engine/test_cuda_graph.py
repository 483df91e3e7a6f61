"""What needs no device: why a step is not captured. The rest is in ``test_cuda_device.py``."""
import torch

from ibgan_plugin.engine.cuda_graph import why_not_captured
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


def test_a_run_without_cuda_trains_as_ever(tmp_path):
    if torch.cuda.is_available():
        return
    runner = make_runner(tmp_path, max_iters=2, env_cfg=dict(cuda_graphs=True),
                         train_cfg=dict(type='ibgan_plugin.ResumableTrainLoop', max_iters=2))
    runner.train()
    assert runner.iter == 2
