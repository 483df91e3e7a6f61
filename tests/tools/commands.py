"""Calling the tools on small models."""
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

#: Small networks and few images; the data set, loops, hooks and metrics are those of the shipped config.
SMALL = ['model.generator.base_channels=2', 'model.trunk.base_channels=2', 'train_dataloader.batch_size=8',
         'default_hooks.logger.interval=1', 'log_processor.window_size=1', 'default_hooks.mi_bounds.interval=2',
         'default_hooks.traversal.interval=2', 'default_hooks.beta.points=[(0,0.0),(10,0.1)]']
#: The same of the published recipe.
SMALL_NETWORKS = {f'model.{name}.base_channels': 2 for name in ('generator', 'discriminator', 'reconstructor')}


def small_config(place: Path, name: str) -> Path:
    """A leaf over a shipped config that draws few votes."""
    path = place / f'{name}.py'
    path.write_text(f"""
_base_ = [{str(ROOT / 'configs' / 'ibgan' / (name + '.py'))!r}]
votes = dict(num_train=20, num_eval=20, batch_size=16, num_variance_estimate=200, prune_threshold=0.0)
val_evaluator = dict(_delete_=True, type='ibgan_plugin.DisentanglementMetric', scores=dict(factor_vae=votes))
test_evaluator = dict(_delete_=True, type='ibgan_plugin.FactorVAEScore', **votes)
""")
    return path


def environment() -> dict:
    return {**os.environ, 'OMP_NUM_THREADS': '1', 'CUDA_VISIBLE_DEVICES': '', 'PYTHON': sys.executable}


def run(*command, cwd=None, check=True) -> subprocess.CompletedProcess:
    done = subprocess.run([str(part) for part in command], cwd=cwd, env=environment(), capture_output=True, text=True, timeout=300)
    if check:
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done


def scalars(work_dir: Path) -> list[dict]:
    files = sorted(work_dir.glob('*/vis_data/scalars.json'))
    return [json.loads(line) for path in files for line in path.read_text().splitlines()]
