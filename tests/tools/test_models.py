"""Every tool takes every kind of model: trained, also on two ranks and in bfloat16, resumed, scored, compared, exported."""
import csv
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from ibgan_plugin.apis import IBGANInferencer
from ibgan_plugin.apis.export import export
from ibgan_plugin.apis.testing import ranking, score_checkpoint
from ibgan_plugin.engine.launch import build_runner, load_run_config
from tests.reliability.processes import environments, wait
from tests.reliability.training import CONTEXT
from tests.tools.commands import run, small_config

ROOT = Path(__file__).parents[2]
CONFIGS = dict(beta_vae=('vae/beta_vae_dsprites', {}), factor_vae=('vae/factor_vae_dsprites', {}),
               infogan_cr=('infogan_cr/infogan_cr_dsprites', {'default_hooks.contrastive.points': [(2, 0.0), (3, 2.0)]}))
VOTES = dict(num_train=20, num_eval=20, batch_size=8, num_variance_estimate=100, prune_threshold=0.0)


def runner_of(name, root, work_dir, iterations=4, amp=None, launcher='none', **more):
    """A runner of a shipped config with small batches and few votes; all else is what is shipped."""
    config, options = CONFIGS[name]
    options = {**{f'{stage}_dataloader.dataset.data_root': str(root) for stage in ('train', 'val', 'test')},
               'train_dataloader.batch_size': 8, 'val_evaluator.scores': dict(_delete_=True, factor_vae=VOTES),
               'test_evaluator.scores': dict(_delete_=True, factor_vae=VOTES, mig=dict(num_train=100, batch_size=16, num_bins=20)),
               'train_cfg.max_iters': iterations, 'train_cfg.val_interval': 4, 'default_hooks.logger.interval': 1,
               'default_hooks.checkpoint.interval': 2, 'default_hooks.mi_bounds.interval': 2, 'log_level': 'WARNING',
               'log_processor.window_size': 1, 'visualizer.name': f'{name}_{work_dir.name}', **options, **more}
    resume = 'auto' if list(work_dir.glob('iter_*.pth')) else None
    return build_runner(load_run_config(str(ROOT / f'configs/{config}.py'), str(work_dir), options, seed=1, resume=resume, amp=amp,
                                        launcher=launcher))


@pytest.fixture(scope='module', params=CONFIGS)
def trained(request, dsprites_root, tmp_path_factory):
    """Name and work directory of four iterations, from beginning to end."""
    work_dir = tmp_path_factory.mktemp(request.param)
    runner_of(request.param, dsprites_root, work_dir).train()
    return request.param, work_dir


def test_a_resumed_run_is_bitwise_the_whole_run(trained, dsprites_root, tmp_path):
    name, whole = trained
    runner_of(name, dsprites_root, tmp_path, iterations=2).train()
    runner_of(name, dsprites_root, tmp_path).train()  # goes on from iteration 2, with the schedules where they were
    for part in ('state_dict', 'optimizer'):
        one, two = (flat(torch.load(folder / 'iter_4.pth', weights_only=True)[part]) for folder in (whole, tmp_path))
        assert one.keys() == two.keys()
        assert not [key for key, value in one.items() if not torch.equal(torch.as_tensor(value), torch.as_tensor(two[key]))]


def flat(value, path='') -> dict:
    """Leaves of nested dicts and lists by their paths."""
    if isinstance(value, (dict, list, tuple)):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return {key: leaf for name, child in items for key, leaf in flat(child, f'{path}/{name}').items()}
    return {} if value is None else {path: value}


def test_logs_scores_and_pictures(trained):
    name, work_dir = trained
    lines = [json.loads(line) for path in work_dir.glob('*/vis_data/scalars.json') for line in path.read_text().splitlines()]
    logged = {key for line in lines for key in line}
    assert 'factor_vae/eval_accuracy' in logged
    if name == 'infogan_cr':
        assert {'loss_contrastive', 'contrastive_accuracy', 'mi/lower_bound'} <= logged  # the schedule's last iteration
        assert sum('loss_contrastive' in line for line in lines) == 1
    else:
        assert {'elbo', 'mi/upper_bound', 'kl/dim_09', 'kl/active_dims'} <= logged
    assert list(work_dir.glob('traversal_*.png')) and list(work_dir.glob('samples_*.png'))


def test_scored_by_the_test_loop(trained, dsprites_root):
    name, work_dir = trained
    runner = runner_of(name, dsprites_root, work_dir)
    runner.load_or_resume()
    scores = runner.test()
    assert 0 <= scores['factor_vae/eval_accuracy'] <= 1 and 'mig/discrete_mig' in scores


def test_checkpoints_are_compared_without_labels(trained, dsprites_root):
    name, work_dir = trained
    runner = runner_of(name, dsprites_root, work_dir)
    places = ranking({file.stem: score_checkpoint(runner, file) for file in work_dir.glob('iter_*.pth')})
    assert set(places) == {'iter_2', 'iter_4'} and {'udr_spearman', 'model_centrality'} <= set(places['iter_4'])


@pytest.mark.parametrize('name', CONFIGS)
def test_bfloat16_leaves_losses_and_weights_in_float32(name, dsprites_root, tmp_path, monkeypatch):
    monkeypatch.setattr('ibgan_plugin.engine.launch.has_bfloat16', lambda: True)  # slowly, it works on any processor
    runner_of(name, dsprites_root, tmp_path, iterations=2, amp='bf16').train()
    saved = torch.load(tmp_path / 'iter_2.pth', weights_only=True)
    assert {value.dtype for value in saved['state_dict'].values() if value.is_floating_point()} == {torch.float32}
    line = json.loads(next(tmp_path.glob('*/vis_data/scalars.json')).read_text().splitlines()[0])
    losses = [value for key, value in line.items() if key.startswith('loss')]
    assert losses and np.isfinite(losses).all()


def train_rank(environment, *arguments):
    """One of two ranks."""
    os.environ.update(environment)
    torch.set_num_threads(1)
    runner = runner_of(*arguments, launcher='pytorch')
    runner.train()
    weights = torch.cat([value.detach().flatten() for value in runner.model.parameters()])
    torch.save(weights, arguments[2] / f'rank{environment["RANK"]}.pt')


@pytest.mark.parametrize('name', CONFIGS)
def test_two_ranks_end_with_the_same_weights(name, dsprites_root, tmp_path):
    ranks = [CONTEXT.Process(target=train_rank, args=(environment, name, dsprites_root, tmp_path))
             for environment in environments()]
    for process in ranks:
        process.start()
    assert wait(ranks) == [0, 0]
    one, two = (torch.load(tmp_path / f'rank{number}.pt', weights_only=True) for number in (0, 1))
    assert torch.equal(one, two) and torch.isfinite(one).all() and (tmp_path / 'iter_4.pth').exists()


def test_a_sweep_over_a_vae_ends_with_one_table(tmp_path, dsprites_root):
    text = small_config(tmp_path, 'ibgan_quick_dsprites').read_text().replace('ibgan/ibgan_quick_dsprites', 'vae/beta_vae_dsprites')
    (tmp_path / 'vae.py').write_text(text)
    data = [f'{stage}_dataloader.dataset.data_root={dsprites_root}' for stage in ('train', 'val', 'test')]
    done = run(sys.executable, ROOT / 'tools/sweep.py', tmp_path / 'vae.py', '--seeds', 0, 1, '--work-dir', 'sweep',
               '--grid', 'model.regulariser.beta=1.0', '--cfg-options', 'train_dataloader.batch_size=8', 'train_cfg.max_iters=4',
               'train_cfg.val_interval=100', 'train_cfg.val_begin=100', *data, cwd=tmp_path)
    with (tmp_path / 'sweep/sweep.csv').open() as file:
        assert [row['status'] for row in csv.DictReader(file)] == ['done', 'done', 'mean', 'std']
    assert 'mean +- std' in done.stdout


def test_encoded_traversed_and_exported(trained, tmp_path):
    _, work_dir = trained
    config, = work_dir.glob('*.py')
    inferencer = IBGANInferencer(config, work_dir / 'iter_4.pth')
    assert inferencer.traverse(steps=3).imgs.shape == (10, 3, 64, 64, 3)
    images = list(inferencer.sample(3)[..., :1])
    codes = inferencer.encode(images)
    assert codes.shape == (3, 10) and inferencer.interpolate(codes[0], codes[1], steps=4).shape == (4, 64, 64, 3)
    for part in ('generator', 'representation'):
        export(inferencer.model, part, 'torchscript', tmp_path / f'{part}.pt')  # compares the file's outputs with the model's
    loaded = torch.jit.load(tmp_path / 'representation.pt')
    imgs = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float() / 127.5 - 1
    np.testing.assert_allclose(loaded(imgs).detach(), codes, atol=1e-4)


def test_posterior_collapse_is_noticed(dsprites_root, tmp_path):
    options = {'default_hooks.health.min_kl': 1e3, 'default_hooks.health.collapse_interval': 2, 'train_cfg.val_interval': 9}
    runner = runner_of('beta_vae', dsprites_root, tmp_path, iterations=2, **options)
    warnings = []
    runner.logger.warning = lambda message, *args: warnings.append(str(message))
    runner.train()
    assert any(message.startswith('posterior collapse at iteration 2') for message in warnings)
