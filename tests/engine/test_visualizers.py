"""The shipped config with other backends of MMEngine's visualiser, without a network: the packages themselves and stand-ins."""
import sys
from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from ibgan_plugin.engine.launch import build_runner, load_run_config
from tests.tools.commands import ROOT, run

LOCAL = dict(type='ibgan_plugin.LocalVisBackend')
#: As docs/looking.md has them.
WANDB = dict(type='mmengine.WandbVisBackend', init_kwargs=dict(project='ibgan', mode='offline'),
             define_metric_cfg=[dict(name='*', step_metric='iter')])
MLFLOW = dict(type='mmengine.MLflowVisBackend')
#: What a run shows, among others.
KEYS = {'mi/lower_bound', 'mi/gap', 'kl/dim_00', 'loss_gen', 'instance_noise_std', 'generator.lr'}
PICTURES = ['samples', 'traversal']


def train(place, dsprites_root, backend: dict) -> None:
    """Four iterations of the quick config with one line changed."""
    options = {'train_dataloader.dataset.data_root': str(dsprites_root), 'train_dataloader.batch_size': 8,
               'train_cfg.max_iters': 4, 'default_hooks.logger.interval': 2, 'default_hooks.mi_bounds.interval': 2,
               'default_hooks.traversal': dict(interval=2, steps=3, num_samples=4),
               **{f'{split}_{key}': None for split in ('val', 'test') for key in ('cfg', 'dataloader', 'evaluator')},
               'visualizer.vis_backends': [LOCAL, backend]}
    build_runner(load_run_config('ibgan_quick_dsprites', str(place), options)).train()


class StandIn(SimpleNamespace):
    """A module that notes the calls that are made to it."""

    def __init__(self, *names: str) -> None:
        self.calls: list[tuple] = []
        super().__init__(**{name: self.noting(name) for name in names})

    def noting(self, name: str):
        return lambda *args, **kwargs: self.calls.append((name, args, kwargs))

    def of(self, name: str) -> list[tuple]:
        return [(args, kwargs) for called, args, kwargs in self.calls if called == name]


def test_wandb_gets_scalars_with_their_iteration_and_pictures(tmp_path, dsprites_root, monkeypatch):
    wandb = StandIn('init', 'define_metric', 'log', 'join')
    wandb.Image = lambda image: ('image', image.shape)
    wandb.config = SimpleNamespace(update=wandb.noting('config'))
    wandb.run = SimpleNamespace(log_code=wandb.noting('code'))
    monkeypatch.setitem(sys.modules, 'wandb', wandb)
    train(tmp_path, dsprites_root, WANDB)
    assert wandb.of('init')[0][1]['mode'] == 'offline'
    assert wandb.of('config')[0][0][0]['model']['type'] == 'ibgan_plugin.IBGAN'
    logged = [args[0] for args, _ in wandb.of('log')]
    scalars = [line for line in logged if not set(PICTURES) & set(line)]
    assert {key for line in scalars for key in line} >= KEYS
    assert [line['iter'] for line in scalars if 'mi/gap' in line] == [2, 4]
    assert all('iter' in line for line in scalars)
    assert sorted(key for line in logged for key in line if key in PICTURES) == [each for each in PICTURES for _ in range(2)]
    assert len(wandb.of('join')) == 1


def test_mlflow_gets_scalars_at_their_iteration_and_pictures_as_files(tmp_path, dsprites_root, monkeypatch):
    mlflow = StandIn('set_tracking_uri', 'create_experiment', 'set_experiment', 'log_params', 'log_text', 'log_metrics',
                     'log_artifact', 'end_run')
    mlflow.get_experiment_by_name = lambda name: None
    saved = {}

    def log_image(image: np.ndarray, artifact_file: str) -> None:  # as MLflow does: the suffix says the format
        Image.fromarray(image).save(tmp_path / 'mlflow' / artifact_file)
        saved[artifact_file] = image.shape

    mlflow.log_image = log_image
    (tmp_path / 'mlflow').mkdir()
    monkeypatch.setitem(sys.modules, 'mlflow', mlflow)
    train(tmp_path / 'run', dsprites_root, MLFLOW)
    assert mlflow.of('log_params')[0][0][0]['model.type'] == 'ibgan_plugin.IBGAN'
    metrics = {(key, step) for (values, step), _ in mlflow.of('log_metrics') for key in values}
    assert {(key, step) for key in KEYS for step in (2, 4)} <= metrics
    assert sorted(saved) == [f'{name}_{step:07d}.png' for name in PICTURES for step in (2, 4)]
    assert any(args[0].endswith('scalars.json') for args, _ in mlflow.of('log_artifact'))
    assert len(mlflow.of('end_run')) == 1


def train_in_a_process(place, dsprites_root, backend: dict) -> None:
    """The same by the tool: the packages leave threads behind, beside which a later test that forks would hang."""
    leaf = place / 'leaf.py'
    leaf.write_text(f"""
_base_ = ['{ROOT / 'configs/ibgan/ibgan_quick_dsprites.py'}']
train_cfg = dict(max_iters=4)
train_dataloader = dict(batch_size=8, dataset=dict(data_root={str(dsprites_root)!r}))
val_cfg = val_dataloader = val_evaluator = test_cfg = test_dataloader = test_evaluator = None
default_hooks = dict(logger=dict(interval=2), mi_bounds=dict(interval=2), traversal=dict(interval=2, steps=3, num_samples=4))
vis_backends = {[LOCAL, backend]!r}
visualizer = dict(vis_backends=vis_backends)
""")
    run(sys.executable, ROOT / 'tools/train.py', leaf, '--work-dir', place / 'run', cwd=place)


@pytest.mark.skipif(find_spec('wandb') is None, reason='needs wandb')
def test_wandb_itself_works_offline(tmp_path, dsprites_root, monkeypatch):
    monkeypatch.setenv('WANDB_SILENT', 'true')
    train_in_a_process(tmp_path, dsprites_root, WANDB)
    [folder] = tmp_path.glob('run/*/vis_data/wandb/offline-run-*')
    [record] = folder.glob('*.wandb')
    content = record.read_bytes()
    assert all(key.encode() in content for key in KEYS)
    assert sorted(file.name.split('_')[0] for file in (folder / 'files/media/images').iterdir()) == [
        each for each in PICTURES for _ in range(2)]


@pytest.mark.skipif(find_spec('mlflow') is None, reason='needs mlflow')
def test_mlflow_itself_works_offline(tmp_path, dsprites_root, monkeypatch):
    monkeypatch.setenv('MLFLOW_ALLOW_FILE_STORE', 'true')
    train_in_a_process(tmp_path, dsprites_root, MLFLOW)
    [folder] = {file.parent for file in tmp_path.glob('run/*/vis_data/*/*/metrics')}
    pictures = sorted(file.name for file in (folder / 'artifacts').glob('*.png'))
    assert pictures == [f'{name}_{step:07d}.png' for name in PICTURES for step in (2, 4)]
    steps = [line.split()[2] for line in (folder / 'metrics/mi/gap').read_text().splitlines()]
    assert steps == ['2', '4']
