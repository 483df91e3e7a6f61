import json

import cv2
import pytest
import torch

from ibgan_plugin.apis.dataset import kl_of
from ibgan_plugin.engine.hooks import InstanceNoiseHook, MIBoundsHook, TraversalHook
from ibgan_plugin.explorer.models import ExploredModel
from ibgan_plugin.models.base import ACTIVE_THRESHOLD, active_dims
from ibgan_plugin.visualization.traversal import traverse
from ibgan_plugin.visualization.traversal_sheet import TraversalSheet
from tests.conftest import trunk_cfg
from tests.engine.runs import Spy, make_runner, run_cfg


def scalars(work_dir):
    path, = work_dir.glob('*/vis_data/scalars.json')
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize(('over', 'expected'), [(4, [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]), (None, [1 - i / 6 for i in range(6)])])
def test_instance_noise_follows_the_iteration(tmp_path, over, expected):
    runner = make_runner(tmp_path, hooks=[dict(type='ibgan_plugin.InstanceNoiseHook', start=1.0, end=0.0, over=over)])
    spy = Spy(lambda runner: runner.model.instance_noise_std)
    runner.register_hook(spy)
    runner.train()
    assert spy.seen == pytest.approx(expected)


def test_instance_noise_needs_a_model_that_takes_it():
    class Plain:
        model = torch.nn.Linear(1, 1)

    with pytest.raises(ValueError, match='Linear has none'):
        InstanceNoiseHook(1.0, 0.0).before_train(Plain)


def test_mi_bounds_are_means_over_the_interval(tmp_path):
    runner = make_runner(tmp_path, hooks=[dict(type='ibgan_plugin.MIBoundsHook', interval=3, active_threshold=0.0)])
    spy = Spy(lambda runner: float(runner.message_hub.get_scalar('train/mi_upper_bound').current()))
    runner.register_hook(spy, priority='LOWEST')
    runner.train()
    first, second = (line for line in scalars(tmp_path) if 'mi/gap' in line)
    assert (first['step'], second['step']) == (3, 6)
    assert first['mi/upper_bound'] == pytest.approx(sum(spy.seen[:3]) / 3, rel=1e-5)
    assert second['mi/upper_bound'] == pytest.approx(sum(spy.seen[3:]) / 3, rel=1e-5)
    assert second['mi/gap'] == pytest.approx(second['mi/upper_bound'] - second['mi/lower_bound'])
    assert sum(second[f'kl/dim_{i:02d}'] for i in range(4)) == pytest.approx(second['mi/upper_bound'], rel=1e-5)
    assert second['kl/active_dims'] == 4


@pytest.mark.parametrize('threshold', [ACTIVE_THRESHOLD, 0.0, 1e9])
def test_log_picture_and_explorer_count_the_same_active_dimensions(tmp_path, threshold):
    runner = make_runner(tmp_path, hooks=[dict(type='ibgan_plugin.MIBoundsHook', interval=3, active_threshold=threshold)])
    model = runner.train().eval()
    logged = [line['kl/active_dims'] for line in scalars(tmp_path) if 'kl/active_dims' in line][-1]
    assert logged == runner.message_hub.runtime_info['active_dims'] == active_dims(kl_of(model, None), threshold)
    assert logged == sum(TraversalSheet([traverse(model)], active_threshold=threshold).active)
    if threshold == ACTIVE_THRESHOLD:
        assert logged == sum(ExploredModel('name', model).active)


def test_mi_bounds_reach_every_backend(tmp_path):
    tensorboard = pytest.importorskip('tensorboard.backend.event_processing.event_accumulator')
    backends = [dict(type='LocalVisBackend'), dict(type='TensorboardVisBackend')]
    make_runner(tmp_path, hooks=[dict(type='ibgan_plugin.MIBoundsHook', interval=3), dict(type='ibgan_plugin.TraversalHook')],
                visualizer=dict(type='Visualizer', vis_backends=backends)).train()
    local = [line for line in scalars(tmp_path) if 'mi/gap' in line]
    events = tensorboard.EventAccumulator(str(next(tmp_path.glob('*/vis_data')))).Reload()
    keys = {'mi/lower_bound', 'mi/upper_bound', 'mi/gap', 'kl/active_dims', *(f'kl/dim_{i:02d}' for i in range(4))}
    for key in keys:
        assert [(event.step, event.value) for event in events.Scalars(key)] == [
            (line['step'], pytest.approx(line[key], rel=1e-5)) for line in local]
    assert {'traversal', 'samples'} <= set(events.Tags()['images'])


def test_an_interval_of_mi_bounds_survives_resuming(tmp_path):
    hooks = [dict(type='ibgan_plugin.IterationSeedHook'), dict(type='ibgan_plugin.MIBoundsHook', interval=5)]
    make_runner(tmp_path / 'whole', max_iters=6, hooks=hooks).train()
    resumed = make_runner(tmp_path / 'resumed', max_iters=6, hooks=hooks, resume=True,
                          load_from=str(tmp_path / 'whole' / 'iter_4.pth'))
    resumed.train()
    whole, again = ([line for line in scalars(tmp_path / name) if 'mi/gap' in line] for name in ('whole', 'resumed'))
    assert whole == again
    assert len(whole) == 1


def test_traversal_and_samples_are_written_at_intervals_and_at_the_end(tmp_path):
    runner = make_runner(tmp_path, max_iters=5, hooks=[dict(type='ibgan_plugin.TraversalHook', interval=2, steps=3, num_samples=9)])
    runner.train()
    expected = [f'{name}_{i:07d}.png' for name in ('samples', 'traversal') for i in (2, 4, 5)]
    assert sorted(p.name for p in tmp_path.glob('*.png')) == expected
    assert cv2.imread(str(tmp_path / 'samples_0000005.png')).shape == (2 * 18 + 2, 8 * 18 + 2, 3)
    assert not list(tmp_path.glob('*/vis_data/vis_image'))  # no second copy
    assert not list(tmp_path.glob('.*.part'))


def test_pictures_do_not_change_the_training(tmp_path):
    final = []
    for hooks in ([], [dict(type='ibgan_plugin.TraversalHook', interval=1)]):
        runner = make_runner(tmp_path / str(len(hooks)), max_iters=3, hooks=hooks)
        runner.train()
        final.append(runner.model.state_dict())
    assert all(torch.equal(final[0][key], final[1][key]) for key in final[0])


def test_ema_averages_the_generator_side_only(tmp_path):
    runner = make_runner(tmp_path, max_iters=4, hooks=[dict(type='ibgan_plugin.GeneratorSideEMAHook', momentum=0.5)])
    history = Spy(lambda runner: {key: value.clone() for key, value in runner.model.named_parameters()})
    runner.register_hook(history)
    runner.train()
    checkpoint = torch.load(tmp_path / 'iter_4.pth', weights_only=True)
    averaged = {key.split('.')[1] for key in checkpoint['ema_state_dict'] if key != 'steps'}
    assert averaged == {'encoder', 'generator', 'reconstructor'}
    key = 'generator.project.0.weight'
    # MMEngine's first update copies; then average = (1 - momentum) * average + momentum * weight.
    average = history.seen[0][key]
    for weights in history.seen[1:]:
        average = 0.5 * average + 0.5 * weights[key]
    torch.testing.assert_close(checkpoint['state_dict'][key], average)
    torch.testing.assert_close(checkpoint['ema_state_dict'][f'module.{key}'], history.seen[-1][key])
    torch.testing.assert_close(checkpoint['state_dict']['discriminator.stem.0.weight'],
                               history.seen[-1]['discriminator.stem.0.weight'])


def test_ema_resumes_and_loads(tmp_path):
    ema = [dict(type='ibgan_plugin.GeneratorSideEMAHook', momentum=0.5)]
    ema.append(dict(type='ibgan_plugin.IterationSeedHook'))
    whole = make_runner(tmp_path / 'whole', max_iters=4, hooks=ema)
    whole.train()
    checkpoint = str(tmp_path / 'whole' / 'iter_2.pth')
    resumed = make_runner(tmp_path / 'resumed', max_iters=4, hooks=ema, resume=True, load_from=checkpoint)
    resumed.train()
    states = [torch.load(tmp_path / name / 'iter_4.pth', weights_only=True) for name in ('whole', 'resumed')]
    for part in ('state_dict', 'ema_state_dict'):  # averages and trained weights alike, bit for bit
        assert states[0][part].keys() == states[1][part].keys()
        assert all(torch.equal(states[0][part][key], states[1][part][key]) for key in states[0][part])
    with pytest.raises(ValueError, match='names no submodule of IBGAN'):
        make_runner(tmp_path, hooks=[dict(type='ibgan_plugin.GeneratorSideEMAHook', modules=('critic', ))]).train()


def test_ema_of_a_shared_trunk_goes_with_that_of_its_readers(tmp_path):
    hook = dict(type='ibgan_plugin.GeneratorSideEMAHook', momentum=0.5)
    make_runner(tmp_path, max_iters=3, model=trunk_cfg(), hooks=[hook]).train()
    checkpoint = torch.load(tmp_path / 'iter_3.pth', weights_only=True)
    averaged = dict.fromkeys(key.split('.')[1] for key in checkpoint['ema_state_dict'] if key != 'steps')
    assert list(averaged) == ['encoder', 'generator', 'trunk', 'reconstructor']
    key = 'trunk.layers.0.weight'
    assert not torch.equal(checkpoint['state_dict'][key], checkpoint['ema_state_dict'][f'module.{key}'])


def test_ema_resumes_from_a_checkpoint_that_averages_less(tmp_path, capsys):
    """As checkpoints do that were written when a trunk was not averaged by default."""
    before = dict(type='ibgan_plugin.GeneratorSideEMAHook', momentum=0.5, modules=('encoder', 'generator', 'reconstructor'))
    make_runner(tmp_path, max_iters=2, model=trunk_cfg(), hooks=[before]).train()
    old = torch.load(tmp_path / 'iter_2.pth', weights_only=True)
    now = dict(type='ibgan_plugin.GeneratorSideEMAHook', momentum=0.5)
    runner = make_runner(tmp_path / 'on', max_iters=4, model=trunk_cfg(), hooks=[now], resume=True,
                         load_from=str(tmp_path / 'iter_2.pth'))
    start = Spy(lambda runner: {key: value.clone() for key, value in runner.model.state_dict().items()})
    runner.register_hook(start)
    runner.train()
    assert 'The checkpoint has no averages of trunk: they start from its weights' in capsys.readouterr().out
    new = torch.load(tmp_path / 'on/iter_4.pth', weights_only=True)
    key = 'trunk.layers.0.weight'  # what the old checkpoint holds of it was never averaged
    average = old['state_dict'][key]
    for weights in start.seen:
        average = 0.5 * average + 0.5 * weights[key]
    torch.testing.assert_close(new['state_dict'][key], average)
    assert torch.equal(new['ema_state_dict'][f'module.{key}'], start.seen[-1][key])
    key = 'generator.project.0.weight'  # the others go on where they were: the trained weights are in ema_state_dict
    average = old['state_dict'][key]
    for weights in start.seen:
        average = 0.5 * average + 0.5 * weights[key]
    torch.testing.assert_close(new['state_dict'][key], average)


def test_checkpoints_are_plain_and_resume(tmp_path):
    make_runner(tmp_path, max_iters=4).train()
    checkpoint = torch.load(tmp_path / 'iter_4.pth', weights_only=True)
    assert len(checkpoint['message_hub']['log_scalars']['train/loss_gen']['values']) == 4
    assert checkpoint['meta']['iter'] == 4
    runner = make_runner(tmp_path, max_iters=6, resume=True)
    spy = Spy(lambda runner: (runner.iter, len(runner.message_hub.get_scalar('train/loss_gen').data[0])))
    runner.register_hook(spy, priority='LOWEST')
    runner.train()
    assert spy.seen == [(4, 5), (5, 6)]


def test_log_history_stays_short(tmp_path):
    info = dict(runtime_info=dict(type='ibgan_plugin.DeferredRuntimeInfoHook', interval=1, max_history=2))
    runner = make_runner(tmp_path, max_iters=6, default_hooks={**run_cfg(tmp_path).default_hooks, **info})
    runner.train()
    assert len(runner.message_hub.get_scalar('train/loss_gen').data[0]) == 2
    checkpoint = torch.load(tmp_path / 'iter_6.pth', weights_only=True)
    assert len(checkpoint['message_hub']['log_scalars']['train/loss_gen']['values']) == 2


def test_resuming_continues_noise_and_learning_rate_schedules(tmp_path):
    hooks = [dict(type='ibgan_plugin.InstanceNoiseHook', start=1.0, end=0.0, over=10)]
    schedule = dict(generator=[dict(type='LinearLR', start_factor=1.0, end_factor=0.1, begin=0, end=10, by_epoch=False)],
                    discriminator=[])
    default_hooks = dict(param_scheduler=dict(type='ParamSchedulerHook'),
                         checkpoint=dict(type='CheckpointHook', interval=2, by_epoch=False))

    def read(runner):
        return runner.iter, runner.model.instance_noise_std, runner.optim_wrapper['generator'].get_lr()['lr'][0]

    seen = {}
    for name, cfg in dict(whole=dict(), resumed=dict(resume=True, load_from=str(tmp_path / 'whole' / 'iter_4.pth'))).items():
        runner = make_runner(tmp_path / name, hooks=hooks, param_scheduler=schedule, default_hooks=default_hooks, **cfg)
        runner.register_hook(spy := Spy(read), priority='VERY_HIGH')
        runner.train()
        seen[name] = spy.seen
    assert [iteration for iteration, *_ in seen['resumed']] == [4, 5]
    assert seen['resumed'] == seen['whole'][4:]
    assert seen['whole'][5][2] < seen['whole'][0][2]


@pytest.mark.parametrize(('make', 'message'), [
    (lambda: InstanceNoiseHook(-1.0, 0.0), 'must be at least 0, got -1.0'),
    (lambda: MIBoundsHook(interval=0), 'interval must be at least 1, got 0'),
    (lambda: TraversalHook(interval=0), 'interval must be at least 1, got 0'),
])
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(('arguments', 'message'), [
    (dict(interval=0), 'interval must be at least 1'), (dict(steps=1), 'steps must be at least 2'),
    (dict(limit=-1.0), 'limit must be a positive number'), (dict(num_samples=0), 'num_samples must be at least 1'),
])
def test_a_picture_that_can_not_be_drawn_is_refused_before_training(arguments, message):
    with pytest.raises(ValueError, match=message):
        TraversalHook(**arguments)
