import pytest
import torch

from ibgan_plugin.apis.run_dir import RunDir
from ibgan_plugin.config.load import read_config
from ibgan_plugin.engine.hooks import ScheduleHook
from tests.conftest import optim_cfg, spectral_cfg
from tests.engine.runs import Spy, make_runner

BETA = dict(type='ibgan_plugin.ScheduleHook', field='kl_loss.beta', points=[(1, 0.0), (3, 0.2), (5, 0.1)])
NOISE = dict(type='ibgan_plugin.ScheduleHook', field='instance_noise_std', points=[(0, 1.0), (4, 0.0)])


def test_numbers_follow_the_iteration_and_reach_the_losses(tmp_path):
    shipped = read_config('ibgan_quick_dsprites').log_processor
    runner = make_runner(tmp_path, hooks=[BETA, NOISE], log_processor=shipped)
    losses = Spy(lambda runner: (runner.message_hub.get_scalar('train/loss_kl').current(),
                                 runner.message_hub.get_scalar('train/mi_upper_bound').current()))
    numbers = Spy(lambda runner: (runner.model.kl_loss.beta, runner.model.instance_noise_std))
    runner.register_hook(losses, priority='LOWEST')
    runner.register_hook(numbers)
    runner.train()
    betas = [0.0, 0.0, 0.1, 0.2, 0.15, 0.1]
    assert [beta for beta, _ in numbers.seen] == pytest.approx(betas)
    assert [noise for _, noise in numbers.seen] == pytest.approx([1.0, 0.75, 0.5, 0.25, 0.0, 0.0])
    logged = RunDir(tmp_path).scalars
    assert logged['kl_loss.beta'].steps.tolist() == [2, 4, 6]
    assert logged['kl_loss.beta'].values == pytest.approx(betas[1::2])
    assert logged['instance_noise_std'].values == pytest.approx([0.75, 0.25, 0.0])
    assert [loss for loss, _ in losses.seen] == pytest.approx([beta * kl for beta, (_, kl) in zip(betas, losses.seen, strict=True)])


def test_a_run_of_spectral_networks_with_everything_resumes_exactly(tmp_path):
    cfg = dict(
        model=spectral_cfg(gradient_penalty=dict(type='ibgan_plugin.R1Penalty', interval=3)),
        optim_wrapper=dict(constructor='ibgan_plugin.GroupedOptimWrapperConstructor', **optim_cfg()),
        hooks=[BETA, NOISE, dict(type='ibgan_plugin.IterationSeedHook'),
               dict(type='ibgan_plugin.GeneratorSideEMAHook', momentum=0.5,
                    modules=('encoder', 'generator', 'trunk', 'reconstructor'))],
        train_dataloader=dict(
            batch_size=8, num_workers=0, sampler=dict(type='ibgan_plugin.ResumableSampler', shuffle=True),
            collate_fn=dict(type='default_collate'), dataset=dict(type='ibgan_plugin.MadeImages')),
        train_cfg=dict(type='ibgan_plugin.ResumableTrainLoop', max_iters=6))
    make_runner(tmp_path / 'whole', **cfg).train()
    make_runner(tmp_path / 'resumed', resume=True, load_from=str(tmp_path / 'whole' / 'iter_2.pth'), **cfg).train()
    states = [torch.load(tmp_path / name / 'iter_6.pth', weights_only=True) for name in ('whole', 'resumed')]
    for part in ('state_dict', 'ema_state_dict'):
        assert states[0][part].keys() == states[1][part].keys()
        assert all(torch.equal(states[0][part][key], states[1][part][key]) for key in states[0][part])
    assert any(key.startswith('trunk.') for key in states[0]['state_dict'])


def test_a_number_of_the_config_that_a_schedule_overrules_is_named(tmp_path):
    with pytest.warns(UserWarning, match=r'model.kl_loss.beta = 0.3 counts for nothing: a schedule sets it, from 0.0 on'):
        make_runner(tmp_path, model=spectral_cfg(kl_loss=dict(type='ibgan_plugin.KLLoss', beta=0.3)), hooks=[BETA],
                    optim_wrapper=dict(constructor='ibgan_plugin.GroupedOptimWrapperConstructor', **optim_cfg())).train()


@pytest.mark.parametrize('field', ['kl_loss.bet', 'kl_los.beta', 'generator', 'kl_loss.beta.x'])
def test_a_field_must_name_a_number(tmp_path, field):
    hook = dict(BETA, field=field)
    with pytest.raises(ValueError, match=f"ScheduleHook.field '{field}' must name a number of IBGAN, which has"):
        make_runner(tmp_path, hooks=[hook]).train()


@pytest.mark.parametrize(('points', 'message'), [
    ([], r'one or more pairs \(iteration, value\), got \[\]'),
    ([(0, 1, 2)], 'one or more pairs'),
    ([3], 'one or more pairs'),
    ([(0, '1')], 'one or more pairs'),
    ([(0, 1.0), (0, 2.0)], r'at least 0 and rise, got \[0, 0\]'),
    ([(-1, 1.0)], r'at least 0 and rise, got \[-1\]'),
])
def test_bad_points(points, message):
    with pytest.raises(ValueError, match=message):
        ScheduleHook('kl_loss.beta', points)
