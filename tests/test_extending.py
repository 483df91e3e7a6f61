"""The examples of docs/extending.md, as they stand there."""
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from ibgan_plugin.apis import IBGANInferencer
from ibgan_plugin.engine.launch import build_runner, load_run_config
from ibgan_plugin.utils.errors import IBGANError

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / 'docs' / 'extending.md').read_text()
FILES = dict(re.findall(r'```python\n# (\w+\.py)\n(.+?)```', TEXT, re.DOTALL))


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """The files, where python and the configs find them."""
    folder = tmp_path_factory.mktemp('extending')
    for name, code in FILES.items():
        (folder / name).write_text(code.replace("'configs/", f"'{ROOT}/configs/"))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        yield folder


def train(folder, config, iterations):
    """Train for a few iterations; returns the runner and the lines of its log."""
    options = {'train_cfg.max_iters': iterations, 'train_cfg.val_interval': iterations, 'default_hooks.logger.interval': 10,
               'default_hooks.reconstructions.interval': 10, 'log_level': 'WARNING', 'log_processor.window_size': 10,
               'visualizer.name': config}
    runner = build_runner(load_run_config(str(folder / f'{config}.py'), str(folder / config), options, seed=0))
    runner.train()
    log, = (folder / config).glob('*/vis_data/scalars.json')
    return runner, [json.loads(line) for line in log.read_text().splitlines()]


def test_there_is_one_of_each():
    assert set(FILES) == {'squares.py', 'linear_score.py', 'reconstructions.py', 'sparse.py', 'wae.py', 'wae_squares.py',
                          'sparse_squares.py'}
    assert len(FILES['wae.py'].splitlines()) < 60  # a whole method


def test_data_set(folder):
    from squares import Squares
    sample = Squares()[13]  # row 1, column 1
    assert len(Squares()) == 144 and int(sample['data_samples']['sample_idx']) == 13
    assert sample['inputs'].shape == (1, 16, 16)
    assert sample['inputs'].nonzero()[:, 1:].unique().tolist() == [1, 2, 3, 4, 5]


def test_metric(folder):
    from linear_score import LinearScore
    metric = LinearScore()
    metric.dataset_meta = dict(factor_names=('row', 'column'), factor_sizes=(12, 12))
    noise = np.random.default_rng(0).normal(size=144)
    metric.process(None, [dict(sample_idx=i, codes=torch.tensor([2.0 * (i // 12), noise[i]])) for i in range(144)])
    scores = metric.evaluate(144)
    assert scores['linear/row'] == pytest.approx(1) and scores['linear/column'] < 0.1


def test_model_and_hook(folder):
    _, log = train(folder, 'wae_squares', 60)
    losses = [line['loss_reconstruction'] for line in log if 'loss_reconstruction' in line]
    assert len(losses) == 6 and losses[-1] < losses[0] / 2
    assert {'linear/row', 'linear/column'} <= set(log[-1])
    assert (folder / 'wae_squares' / 'reconstructions_0000060.png').is_file()
    from wae import squared_mmd
    x, y = torch.randn(2, 500, 3)
    assert squared_mmd(x, y).abs() < 0.01 < squared_mmd(x, y + 1)
    # the same tools
    inferencer = IBGANInferencer(folder / 'wae_squares.py', folder / 'wae_squares' / 'iter_60.pth')
    assert inferencer.traverse(steps=3).imgs.shape == (4, 3, 16, 16, 3)
    assert inferencer.encode([np.zeros((16, 16), np.uint8)]).shape == (1, 4)


def test_loss(folder):
    runner, log = train(folder, 'sparse_squares', 20)
    lines = [line for line in log if 'loss_sparsity' in line]
    assert len(lines) == 2 and 0 < lines[-1]['loss_sparsity'] < 10
    assert runner.model.regulariser.weight == pytest.approx(19 / 1000)  # set for iteration 20, of which 19 are done
    from sparse import SparseRegulariser
    with pytest.raises(IBGANError, match='weight must be at least 0, got -1'):
        SparseRegulariser(-1.0)
