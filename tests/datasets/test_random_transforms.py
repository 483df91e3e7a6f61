"""Random transforms draw by epoch and sample alone."""
import itertools
import random
import warnings

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from ibgan_plugin.datasets import EpochSampler, ResumableSampler, batched_collate
from ibgan_plugin.datasets.base import ImageDataset
from ibgan_plugin.datasets.resumable_sampler import EpochIndex


class Ramps(ImageDataset):
    """Twelve images with a ramp from left to right, so that a flip shows."""
    metainfo = {'dataset': 'ramps'}

    def _open(self):
        return 12

    def _fetch(self, sample_idx, epoch, seed):
        ramp = np.tile(np.arange(8, dtype=np.uint8), (8, 1))
        return np.stack([ramp[None] + np.uint8(10 * i) for i in sample_idx])


def batches(workers: int, number: int = 9) -> list[torch.Tensor]:
    dataset = Ramps(pipeline=[dict(type='RandomFlip', prob=0.5)])
    loader = DataLoader(dataset, batch_size=4, sampler=ResumableSampler(dataset, seed=1), collate_fn=batched_collate,
                        num_workers=workers)
    return [batch['inputs'] for batch in itertools.islice(iter(loader), number)]


@pytest.fixture(autouse=True)
def scope():
    import mmcv.transforms  # noqa: F401
    from mmengine.registry import DefaultScope
    with DefaultScope.overwrite_default_scope('mmengine'):
        yield


@pytest.mark.parametrize('workers', [1, 4])
def test_the_number_of_workers_changes_nothing(workers):
    assert all(torch.equal(a, b) for a, b in zip(batches(0), batches(workers), strict=True))


def test_epochs_differ_and_the_global_states_are_left_alone():
    states = np.random.get_state()[1].copy(), random.getstate()
    flipped = torch.cat([images[:, 0, 0, 0] > images[:, 0, 0, -1] for images in batches(0)])
    assert 0.2 < flipped.float().mean() < 0.8
    dataset = Ramps()
    samples = torch.cat([images[:, 0].amin((1, 2)) for images in batches(0)])
    by_epoch = [dict(zip(samples[i:i + 12].tolist(), flipped[i:i + 12].tolist(), strict=True)) for i in (0, 12, 24)]
    assert by_epoch[0].keys() == by_epoch[1].keys()
    assert by_epoch[0] != by_epoch[1]
    assert len(dataset) == 12
    assert (np.random.get_state()[1] == states[0]).all()
    assert random.getstate() == states[1]


def test_a_sampler_without_epochs_gives_a_warning_if_anything_is_drawn():
    random_flip, plain = Ramps(pipeline=[dict(type='RandomFlip', prob=0.5)]), Ramps(pipeline=[dict(type='CenterCrop', crop_size=4)])
    with pytest.warns(UserWarning, match='draw the same for an image in every epoch, .* use ibgan_plugin.ResumableSampler'):
        random_flip[0]
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        random_flip[EpochIndex(0, 0)]
        plain[0]
        Ramps(pipeline=[dict(type='RandomFlip', prob=0.5)], test_mode=True)[0]


def test_runs_of_other_seeds_draw_otherwise():
    dataset = Ramps(pipeline=[dict(type='RandomFlip', prob=0.5)])
    ramps = {seed: torch.stack([dataset[EpochIndex(i, 0, seed)]['inputs'] for i in range(12)]) for seed in range(3)}
    assert not torch.equal(ramps[0], ramps[1]) and not torch.equal(ramps[1], ramps[2])
    again = torch.stack([dataset[EpochIndex(i, 0, 1)]['inputs'] for i in range(12)])
    assert torch.equal(again, ramps[1])


@pytest.mark.parametrize('sampler', [ResumableSampler, EpochSampler])
def test_a_sampler_hands_its_seed_to_the_data_set(sampler):
    dataset = Ramps(pipeline=[dict(type='RandomFlip', prob=0.5)])
    by_seed = []
    for seed in (1, 2):
        indices = list(itertools.islice(iter(sampler(dataset, shuffle=False, seed=seed)), 12))
        assert {(index.epoch, index.seed) for index in indices} == {(0, seed)}
        by_seed.append(dataset.__getitems__(indices).collated['inputs'])
    assert not torch.equal(*by_seed)


@pytest.mark.parametrize('sampler', [ResumableSampler, EpochSampler])
def test_without_a_seed_the_run_s_is_taken_whatever_was_drawn_before(sampler):
    orders = []
    for seed, drawn in [(5, 0), (5, 3), (6, 0)]:
        np.random.seed(seed)
        torch.manual_seed(seed)
        np.random.rand(drawn), torch.rand(drawn)  # as a model that is built before the loader
        orders.append(list(itertools.islice(iter(sampler(range(50))), 50)))
    assert orders[0] == orders[1] != orders[2]
    assert orders[0] == list(itertools.islice(iter(sampler(range(50), seed=5)), 50))
