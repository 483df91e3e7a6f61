"""A checkpoint of the code before the package had its floors (networks of fast layers, saved by hooks) goes on as it would have."""
import json
from pathlib import Path

import pytest

from ibgan_plugin.engine.checkpoints import load_weights
from ibgan_plugin.registry import MODELS
from tests.conftest import model_cfg
from tests.engine.runs import make_runner

#: Iteration 3 of 5, written by commit 54f0a3b.
FILE = Path(__file__).parents[1] / 'data' / 'checkpoint_before_floors.pth'
#: What that code logged in the last two iterations.
LOGGED = {4: dict(loss_disc_real=0.6537935733795166, loss_disc_fake=0.729097843170166, loss_gen=0.6693218946456909,
                  mi_lower_bound=-0.21605968475341797, mi_upper_bound=0.001278158277273178),
          5: dict(loss_disc_real=0.6669851541519165, loss_disc_fake=0.7200262546539307, loss_gen=0.6822236180305481,
                  mi_lower_bound=-0.038456786423921585, mi_upper_bound=0.0019362866878509521)}


def small_cfg():
    cfg = model_cfg()
    for name in ('generator', 'discriminator', 'reconstructor'):
        cfg[name]['base_channels'] = 1
    return cfg


def test_loads():
    load_weights(MODELS.build(small_cfg()), str(FILE))


@pytest.mark.parametrize('fast', [True, False], ids=['fast', 'plain'])
def test_goes_on(fast, tmp_path):
    runner = make_runner(
        tmp_path, max_iters=5, model=small_cfg(), resume=True, load_from=str(FILE),
        hooks=[dict(type='ibgan_plugin.IterationSeedHook'), dict(type='ibgan_plugin.MIBoundsHook', interval=4)],
        env_cfg=dict(cpu=dict.fromkeys(('fast_convs', 'keep_freed_memory', 'onednn_matmul', 'flush_denormal'), fast)),
        log_processor=dict(type='LogProcessor', by_epoch=False, window_size=1),
        default_hooks=dict(logger=dict(type='LoggerHook', interval=1)))
    runner.train()
    logs, = tmp_path.glob('*/vis_data/scalars.json')
    lines = {line['iter']: line for line in map(json.loads, logs.read_text().splitlines()) if 'loss_gen' in line}
    assert lines.keys() == LOGGED.keys()
    for iteration, expected in LOGGED.items():
        assert {key: lines[iteration][key] for key in expected} == pytest.approx(expected, rel=1e-3, abs=1e-5)
