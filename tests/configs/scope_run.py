"""One shipped config as it is, under any default scope."""
import json
import math
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.registry import RUNNERS, DefaultScope

from ibgan_plugin.config.check import check_config
from ibgan_plugin.datasets.dsprites.build import prepare

CONFIG = Path(__file__).parents[2] / 'configs' / 'ibgan' / 'ibgan_dsprites.py'


def check_run(scope, folder):
    """Two iterations, a validation, a checkpoint and its test under ``scope``; only sizes and places differ from the file."""
    prepare(folder / 'dsprites')
    cfg = Config.fromfile(CONFIG)
    few = dict(num_train=20, num_eval=0, batch_size=2, num_variance_estimate=50, prune_threshold=0.0)
    cfg.merge_from_dict({
        'default_scope': scope, 'work_dir': str(folder / 'run'), 'log_level': 'WARNING', 'visualizer.name': f'{scope}_run',
        'experiment_name': f'{scope}_run',
        'train_dataloader.batch_size': 4, 'default_hooks.logger.interval': 1, 'train_cfg.max_iters': 2, 'train_cfg.val_interval': 2,
        'log_processor.window_size': 1,  # so that every batch is an end of a window, where hooks of other packages ask for more
        'val_evaluator.scores.factor_vae': few, 'test_evaluator.scores': {'_delete_': True, 'factor_vae': few},
        **{f'model.{name}.base_channels': 2 for name in ('generator', 'discriminator', 'reconstructor')},
        **{f'{stage}_dataloader.dataset.data_root': str(folder / 'dsprites') for stage in ('train', 'val', 'test')}})
    check_config(cfg)
    runner = RUNNERS.build(cfg)
    assert DefaultScope.get_current_instance().scope_name == scope
    assert {type(hook).__module__.partition('.')[0] for hook in runner.hooks} == {'mmengine', 'ibgan_plugin'}
    runner.train()
    logs, = (folder / 'run').glob('*/vis_data/scalars.json')
    lines = [json.loads(line) for line in logs.read_text().splitlines()]
    losses = [value for line in lines for key, value in line.items() if 'loss' in key]
    assert len(losses) == 2 * 5 and all(math.isfinite(value) for value in losses)
    assert any('factor_vae/train_accuracy' in line for line in lines)
    assert (folder / 'run' / 'traversal_0000002.png').is_file()
    assert torch.load(folder / 'run' / 'iter_2.pth', weights_only=True)['meta']['iter'] == 2
    runner.load_checkpoint(str(folder / 'run' / 'iter_2.pth'))
    assert 'factor_vae/train_accuracy' in runner.test()
