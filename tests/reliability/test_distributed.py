"""Two processes over gloo: resumed, compared with one, and with one of them dying."""
import os
import signal
from pathlib import Path

import pytest
import torch

from ibgan_plugin.utils.cli import leave_process_group
from tests.conftest import model_cfg, trunk_cfg
from tests.reliability.processes import environments, wait
from tests.reliability.training import CONTEXT, MAX_ITERS, assert_same_run, options, start, wait_for

pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')
STEPS, BATCH = 50, 64


def start_ranks(work_dir: Path, cfg_options: dict) -> list:
    return [start(work_dir, cfg_options, environment=environment) for environment in environments()]


@pytest.fixture(scope='module')
def whole_ranks(data_root, tmp_path_factory):
    """An uninterrupted run of two ranks."""
    work_dir = tmp_path_factory.mktemp('whole_ranks')
    assert wait(start_ranks(work_dir, options(data_root))) == [0, 0]
    return work_dir


def test_two_ranks_killed_and_resumed_are_the_same_run(data_root, whole_ranks, tmp_path):
    for number in (4, 12):
        ranks = start_ranks(tmp_path, options(data_root))
        wait_for(tmp_path / f'iter_{number}.pth', *ranks)
        for process in ranks:
            process.kill()
        wait(ranks)
    assert wait(start_ranks(tmp_path, options(data_root))) == [0, 0]
    assert_same_run(whole_ranks, tmp_path)


def test_a_signal_to_one_rank_ends_both_with_a_checkpoint(data_root, whole_ranks, tmp_path):
    ranks = start_ranks(tmp_path, options(data_root, **{'default_hooks.preemption.sync_interval': 1}))
    wait_for(tmp_path / 'iter_4.pth', *ranks)
    os.kill(ranks[1].pid, signal.SIGTERM)
    assert wait(ranks, 60) == [75, 75]
    assert wait(start_ranks(tmp_path, options(data_root))) == [0, 0]
    assert_same_run(whole_ranks, tmp_path)


def test_a_rank_that_dies_ends_the_run_within_a_minute(data_root, tmp_path):
    ranks = start_ranks(tmp_path, options(data_root, **{'train_cfg.max_iters': 100_000}))
    wait_for(tmp_path / 'iter_4.pth', *ranks)
    ranks[1].kill()
    ranks[0].join(60)
    assert ranks[0].exitcode not in (None, 0)


def test_the_runner_synchronises_batchnorm_where_the_model_asks_for_it(data_root, whole_ranks, tmp_path):
    """The statistics of two ranks, which draw different codes, are the same; else each has its own until the last iteration."""
    assert wait(start_ranks(tmp_path, options(data_root, **{'model.sync_bn': True, 'train_cfg.max_iters': 8}))) == [0, 0]
    for path, alike in ((tmp_path / 'iter_4.pth', True), (whole_ranks / f'iter_{MAX_ITERS - 4}.pth', False)):
        first, second = torch.load(path, weights_only=True)['rank_buffers']
        means = [key for key in first if key.endswith('running_mean')]
        assert means
        assert all(torch.equal(first[key], second[key]) == alike for key in means)


def equality_run(rank: int, environment: dict, cfg: dict, out: str) -> None:
    """Train on this rank's share of fixed batches, codes and noise, and save the weights."""
    from mmengine.model import MMSeparateDistributedDataParallel
    from mmengine.registry import MODELS

    from ibgan_plugin.engine.optim import GroupedOptimWrapperConstructor
    from ibgan_plugin.models.losses import functional
    from ibgan_plugin.ops import accelerate, convert_sync_batchnorm
    from tests.conftest import batch, optim_cfg
    os.environ.update(environment)
    size = int(environment['WORLD_SIZE'])
    torch.set_num_threads(1)
    if size > 1:
        torch.distributed.init_process_group('gloo')
    torch.manual_seed(0)
    model = accelerate(MODELS.build(cfg)).double().train()
    if size > 1 and model.sync_bn:  # as the runner does
        convert_sync_batchnorm(model)
    optim = GroupedOptimWrapperConstructor(optim_cfg(lr=1e-4))
    wrapped = MMSeparateDistributedDataParallel(model, device_ids=None) if size > 1 else model
    optim = optim(wrapped)
    draws = torch.Generator().manual_seed(1)
    share = slice(rank * BATCH // size, (rank + 1) * BATCH // size)

    def draw(shape) -> torch.Tensor:
        """This rank's rows of what one process would draw."""
        return torch.randn(BATCH, *shape[1:], generator=draws, dtype=torch.float64)[share]

    model.noise_fn = lambda noise=None, num_batches=1: draw((num_batches, model.z_dim))
    functional.torch.randn_like = lambda like: draw(like.shape)
    torch.manual_seed(2)
    for _ in range(STEPS):
        images = batch(BATCH)['inputs'][share].double()
        wrapped.train_step(dict(inputs=images), optim)
    if rank == 0:
        torch.save(model.state_dict(), out)
    leave_process_group()


@pytest.mark.parametrize('cfg', [model_cfg(sync_bn=True), trunk_cfg(sync_bn=True)], ids=['separate', 'shared_trunk'])
def test_two_ranks_of_32_equal_one_of_64_after_50_steps(cfg, tmp_path):
    cfg['data_preprocessor'] = dict(type='BaseDataPreprocessor')
    states = []
    for size in (1, 2):
        ranks = [CONTEXT.Process(target=equality_run, args=(rank, environment, cfg, str(tmp_path / f'{size}.pth')))
                 for rank, environment in enumerate(environments(size))]
        for process in ranks:
            process.start()
        assert wait(ranks) == [0] * size
        states.append(torch.load(tmp_path / f'{size}.pth', weights_only=True))
    one, two = states
    assert one.keys() == two.keys()
    for key in one:
        torch.testing.assert_close(two[key], one[key], rtol=1e-5, atol=1e-7, msg=lambda m, key=key: f'{key}: {m}')
