"""The tools as a user runs them: processes, on dSprites, with a small model."""
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.tools.commands import ROOT, SMALL, environment, run, scalars, small_config


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    """A folder to run in: what a run writes under data/ and work_dirs/ stays there."""
    return tmp_path_factory.mktemp('place')


@pytest.fixture(scope='module')
def trained(place):
    """Six iterations of the quick config on dSprites, drawn by the run itself."""
    run(sys.executable, ROOT / 'tools/train.py', small_config(place, 'ibgan_quick_dsprites'), '--seed', 3, '--cfg-options',
        *SMALL, 'train_cfg.max_iters=6', 'train_cfg.val_interval=6', 'default_hooks.checkpoint.interval=3', cwd=place)
    return place / 'work_dirs' / 'ibgan_quick_dsprites'


def test_a_run_leaves_pictures_bounds_a_score_and_a_checkpoint(trained):
    assert sorted(path.name for path in trained.glob('traversal*.png')) == [f'traversal_000000{i}.png' for i in (2, 4, 6)]
    logged = scalars(trained)
    assert {'mi_lower_bound', 'mi_upper_bound'} <= set(logged[0])
    assert any('mi/gap' in line and 'kl/dim_09' in line for line in logged)
    score, = (line['factor_vae/eval_accuracy'] for line in logged if 'factor_vae/eval_accuracy' in line)
    assert 0 <= score <= 1
    checkpoint = torch.load(trained / 'iter_6.pth', weights_only=True)
    assert checkpoint['meta']['iter'] == 6
    assert checkpoint['meta']['seed'] == 3


def test_resume_goes_on_from_the_saved_iteration(trained, tmp_path):
    for resume in ('auto', str(trained / 'iter_3.pth')):
        work_dir = tmp_path / Path(resume).stem
        shutil.copytree(trained, work_dir)
        older = [] if resume == 'auto' else ['--overwrite']  # what the run has saved after it goes
        done = run(sys.executable, ROOT / 'tools/train.py', small_config(tmp_path, 'ibgan_quick_dsprites'), '--work-dir', work_dir,
                   '--resume', resume, *older, '--cfg-options', *SMALL, 'train_cfg.max_iters=8', 'train_cfg.val_interval=100',
                   cwd=trained.parents[1])
        start = 6 if resume == 'auto' else 3
        assert f'resumed epoch: 0, iter: {start}' in done.stdout + done.stderr
        newest = max(work_dir.glob('*/vis_data'), key=lambda path: path.stat().st_mtime)
        lines = [json.loads(line) for line in (newest / 'scalars.json').read_text().splitlines()]
        assert [line['iter'] for line in lines if 'loss_gen' in line] == list(range(start + 1, 9))
        # beta goes on along its line, 0.01 an iteration; the first has none.
        betas = {line['iter']: line['loss_kl'] / line['mi_upper_bound'] for line in lines if 'loss_kl' in line}
        assert betas == {step: pytest.approx((step - 1) / 100) for step in range(start + 1, 9)}


def test_test_computes_the_metrics_of_a_checkpoint(trained, tmp_path):
    done = run(sys.executable, ROOT / 'tools/test.py', small_config(tmp_path, 'ibgan_quick_dsprites'), trained / 'iter_6.pth',
               '--work-dir', tmp_path, '--cfg-options', *SMALL, cwd=trained.parents[1])
    assert 'factor_vae/eval_accuracy' in done.stdout + done.stderr


def test_neither_a_test_nor_a_refused_run_changes_the_config_of_a_run(trained):
    config = trained / 'ibgan_quick_dsprites.py'
    before = config.read_text()
    run(sys.executable, ROOT / 'tools/test.py', config, trained / 'iter_6.pth', '--work-dir', trained, '--metrics', 'mig',
        '--protocol', 'quick', '--cfg-options', *SMALL, cwd=trained.parents[1])
    done = run(sys.executable, ROOT / 'tools/train.py', config, '--work-dir', trained, '--resume', '--cfg-options',
               'model.encoder.r_dim=4', 'model.generator.r_dim=4', 'train_cfg.max_iters=8', cwd=trained.parents[1], check=False)
    assert done.returncode == 2 and config.read_text() == before
    assert "resume = False" in before and "load_from = None" in before


def test_two_processes_over_gloo(trained, tmp_path):
    done = run('bash', ROOT / 'tools/dist_train.sh', small_config(tmp_path, 'ibgan_quick_dsprites'), 2, '--work-dir', tmp_path,
               '--cfg-options', *SMALL, 'train_cfg.max_iters=3', 'train_cfg.val_interval=3', 'default_hooks.checkpoint.interval=3',
               cwd=trained.parents[1])
    said = done.stdout + done.stderr + ''.join(path.read_text() for path in tmp_path.glob('*/*.log'))
    assert '[3/3]' in said
    assert not [line for line in said.splitlines() if 'broadcast_buffers' in line or 'strides' in line or 'deprecat' in line]
    checkpoint = torch.load(tmp_path / 'iter_3.pth', weights_only=True)
    assert checkpoint['state_dict'].keys() == torch.load(trained / 'iter_6.pth', weights_only=True)['state_dict'].keys()
    done = run('bash', ROOT / 'tools/dist_test.sh', small_config(tmp_path, 'ibgan_quick_dsprites'), tmp_path / 'iter_3.pth', 2,
               '--work-dir', tmp_path, '--cfg-options', *SMALL, cwd=trained.parents[1])
    assert 'factor_vae/eval_accuracy' in done.stdout + done.stderr


@pytest.mark.parametrize(('arguments', 'message'), [
    (['--cfg-options', 'model.generator.base_chanels=4'], 'unknown key model.generator.base_chanels = 4; did you mean'),
    (['--cfg-options', 'train_cfg.max_itres=4'], "unknown key train_cfg.max_itres = 4; did you mean 'max_iters'"),
    (['--resume', 'nowhere.pth'], "no checkpoint file 'nowhere.pth'"),
    (['--device', 'gpu'], "--device (env_cfg.device) must be 'cpu', 'cuda' or 'cuda:N', got 'gpu'"),
    (['--cfg-options', 'model.generator.image_size=32'], 'differ in the image size: model.generator.image_size = 32'),
    (['--cfg-options', 'model.generator.image_size=32', 'model.discriminator.image_size=32', 'model.reconstructor.image_size=32'],
     'train_dataloader: DSprites gives images of shape (1, 64, 64) (channels, height, width), but the model takes (1, 32, 32)'),
])
def test_a_mistake_is_one_clear_message(trained, tmp_path, arguments, message):
    done = run(sys.executable, ROOT / 'tools/train.py', ROOT / 'configs/ibgan/ibgan_dsprites.py', '--work-dir', tmp_path,
               *arguments, cwd=trained.parents[1], check=False)
    assert done.returncode == 2
    error, = (line for line in done.stderr.splitlines() if line.startswith('error: '))
    assert message in error
    assert 'Traceback' not in done.stderr


@pytest.mark.parametrize(('option', 'tool', 'what'), [
    ('train_cfg.max_iters', 'train.py', 'such as train_cfg.max_iters=200'),
    ('model.adversarial_loss.real_label=(0.7,1.2', 'analysis/get_flops.py', 'with balanced brackets')])
def test_an_option_that_can_not_be_read_is_one_clear_message(tmp_path, option, tool, what):
    done = run(sys.executable, ROOT / 'tools' / tool, ROOT / 'configs/ibgan/ibgan_dsprites.py', '--cfg-options', 'work_dir=here',
               option, cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert '--cfg-options: must be KEY=VALUE' in done.stderr.splitlines()[-1]
    assert what in done.stderr.splitlines()[-1] and f'got {option!r}' in done.stderr.splitlines()[-1]


def test_missing_data_is_one_clear_message(tmp_path):
    done = run(sys.executable, ROOT / 'tools/train.py', ROOT / 'configs/ibgan/ibgan_celeba.py', '--cfg-options',
               'model.generator.base_channels=2', cwd=tmp_path, check=False)
    assert done.returncode == 2
    error, = (line for line in done.stderr.splitlines() if line.startswith('error: '))
    assert 'data/celeba' in error
    assert 'tools/prepare_data.py' in error


def test_get_flops_prints_and_writes(tmp_path):
    done = run(sys.executable, ROOT / 'tools/analysis/get_flops.py', ROOT / 'configs/ibgan/ibgan_dsprites.py', '--batch-size', 2,
               '--json', tmp_path / 'flops.json')
    assert '1,179,489' in done.stdout
    costs = json.loads((tmp_path / 'flops.json').read_text())
    assert costs['discriminator']['parameters'] + costs['reconstructor']['parameters'] == 4_496_817


@pytest.mark.parametrize('script', ['dist_train.sh', 'dist_test.sh', 'slurm_train.sh'])
def test_scripts_say_how_they_are_used(script):
    done = run('bash', ROOT / 'tools' / script, check=False)
    assert done.returncode == 2
    assert f'tools/{script}' in done.stderr


def test_slurm_script_passes_everything_on(tmp_path):
    srun = tmp_path / 'srun'
    srun.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    srun.chmod(0o755)
    done = subprocess.run(['bash', str(ROOT / 'tools/slurm_train.sh'), 'part', 'job', 'cfg.py', 'a dir', '--seed', '1'],
                          env={**environment(), 'PATH': f'{tmp_path}:{os.environ["PATH"]}', 'GPUS': '4', 'GPUS_PER_NODE': '2'},
                          capture_output=True, text=True, timeout=60)
    arguments = done.stdout.splitlines()
    assert {'--partition=part', '--job-name=job', '--gres=gpu:2', '--ntasks=4'} <= set(arguments)
    assert arguments[-6:] == ['--work-dir', 'a dir', '--launcher', 'slurm', '--seed', '1']
