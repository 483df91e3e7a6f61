"""Randomness as a function of the iteration."""
import hashlib
import random

import numpy as np
import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ibgan_plugin.registry import HOOKS


def iteration_seed(seed: int, rank: int, iteration: int) -> int:
    """A 63-bit seed, well mixed over its three arguments."""
    digest = hashlib.blake2b(f'{seed},{rank},{iteration}'.encode(), digest_size=8).digest()
    return int.from_bytes(digest, 'little') >> 1


@HOOKS.register_module()
class IterationSeedHook(Hook):
    """Seeds torch (CPU and CUDA), numpy and python before each iteration from the run's seed, the rank and the iteration.

    So a resumed run draws what the uninterrupted one would have drawn, on every rank, with no random state in the checkpoint,
    and whatever hooks, validation or pictures draw in between changes nothing.
    """
    priority = 'VERY_HIGH'

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None) -> None:
        """Seed this iteration. With ``diff_rank_seed`` MMEngine's seed counts the rank already."""
        seed = iteration_seed(runner.seed, get_rank(), runner.iter)
        torch.manual_seed(seed)
        np.random.seed(seed & 0xFFFFFFFF)
        random.seed(seed)
