import re

import pytest
import torch
from mmengine.registry import MODELS
from torch import nn

from ibgan_plugin.engine.hooks import HealthHook
from ibgan_plugin.engine.hooks.health import NUM_SAMPLES
from ibgan_plugin.models.base import LatentModel
from tests.conftest import SIZE, assert_same, batch, build, model_cfg, snapshot, spectral_cfg, trunk_cfg
from tests.engine.runs import make_runner

HEALTH = dict(type='ibgan_plugin.HealthHook')


@MODELS.register_module(force=True)
class Squares(LatentModel):
    """Knows the data of the test runs by heart: a bright square at a place that r says; or, instead, draws stripes."""
    r_dim, image_shape = 2, (1, SIZE, SIZE)

    def __init__(self, stripes: bool = False, data_preprocessor: dict | None = None) -> None:
        super().__init__(data_preprocessor)
        self.stripes = stripes
        self.weight = nn.Parameter(torch.zeros(1))

    def encode(self, imgs):
        return imgs.new_zeros(len(imgs), 2)

    def decode(self, r):
        corner = (torch.distributions.Normal(0, 1).cdf(r) * SIZE // 2).long()  # N x 2
        inside = (torch.arange(SIZE) - corner[..., None]).clamp(-1, SIZE // 2)  # N x 2 x S
        square = ((inside >= 0) & (inside < SIZE // 2)).float()
        imgs = (square[:, 0, :, None] * square[:, 1, None, :])[:, None] * 2 - 1
        return torch.maximum(imgs, torch.arange(SIZE) % 2 * 2. - 1) if self.stripes else imgs

    def train_step(self, data, optim_wrapper):
        loss = self.weight.square().sum()
        optim_wrapper.update_params(loss)
        return dict(loss=loss.detach())


def run(tmp_path, hooks, **model):
    """What a run of five iterations logs."""
    preprocessor = dict(type='ImgDataPreprocessor', mean=[127.5], std=[127.5])
    make_runner(tmp_path, max_iters=5, hooks=hooks, log_level='INFO', optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
                model=dict(type='Squares', data_preprocessor=preprocessor, **model)).train()
    log, = tmp_path.glob('*/*.log')
    return log.read_text()


def test_a_run_whose_samples_resemble_the_data_is_said_to_be_trusted(tmp_path):
    log = run(tmp_path, [HEALTH, dict(type='ibgan_plugin.TraversalHook', interval=2)])
    assert 'The pictures of this run can be trusted: at iteration 5 the samples resemble the data: brightness 2' in log
    assert 'do not resemble' not in log
    assert 'told apart' not in log  # there is no discriminator


def test_a_run_whose_samples_do_not_is_warned_of_at_each_picture_and_at_the_end(tmp_path):
    log = run(tmp_path, [HEALTH, dict(type='ibgan_plugin.TraversalHook', interval=2)], stripes=True)
    for iteration in (2, 4, 5):
        assert f'iteration {iteration}: the samples do not resemble the data\n  - seen: ' in log
    assert log.count('the samples do not resemble the data\n') == 3
    assert 'stripes, a checkerboard or noise\n    it means: the generator is stuck in a texture' in log
    assert log.index('Do not trust the pictures of this run: at iteration 5') > log.index('iteration 5: the samples')
    assert 'try: a smaller learning rate; a longer training' in log and 'InstanceNoiseHook' not in log
    assert 'learnt from real images: their scores stand' in log  # there is no discriminator, test_quick_recipe.py has one
    assert 'can be trusted' not in log


def test_the_docstring_counts_the_samples():
    counts = re.findall(r'(\d+) samples', HealthHook.__doc__)
    assert counts and set(counts) == {str(NUM_SAMPLES)}


@pytest.mark.parametrize(('given', 'looks'), [(None, (5, )), (3, (3, 5))])
def test_the_interval_of_looks(tmp_path, given, looks):
    log = run(tmp_path, [dict(HEALTH, collapse_interval=given)], stripes=True)
    assert [i for i in range(1, 6) if f' iteration {i}: the samples' in log] == list(looks)


def test_looking_does_not_change_the_training(tmp_path):
    final = []
    for hooks in ([], [dict(HEALTH, collapse_interval=1)]):
        runner = make_runner(tmp_path / str(len(hooks)), max_iters=3, hooks=hooks, model=spectral_cfg())
        runner.train()
        final.append(runner.model.state_dict())
    assert all(torch.equal(final[0][key], final[1][key]) for key in final[0])


@pytest.mark.parametrize('cfg', [model_cfg(), trunk_cfg(), spectral_cfg()])
def test_realness_is_the_discriminators_opinion_and_leaves_no_trace(cfg):
    model, _ = build(cfg)
    model.eval()
    imgs = model.data_preprocessor(batch(), True)['inputs']
    torch.testing.assert_close(model.realness(imgs), model.discriminate(imgs).detach())
    before, state = snapshot(model), torch.get_rng_state()
    model.instance_noise_std = 1.0
    assert not torch.equal(model.realness(imgs), model.discriminate(imgs))
    torch.set_rng_state(state)
    model.realness(imgs)
    assert torch.equal(torch.get_rng_state(), state)
    assert_same(model, before)


def test_bad_intervals():
    with pytest.raises(ValueError, match='interval and collapse_interval must be at least 1, got 50 and 0'):
        HealthHook(collapse_interval=0)
