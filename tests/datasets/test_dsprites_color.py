import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from ibgan_plugin.datasets import ColorDSprites, DSprites, EpochSampler, batched_collate
from ibgan_plugin.datasets.dsprites.color import COLOR_GRID, LEVELS, _mix
from ibgan_plugin.datasets.resumable_sampler import EpochIndex
from ibgan_plugin.registry import DATA_SAMPLERS, DATASETS

SOME = np.random.default_rng(1).integers(0, 737280, 20_000)


def images(data, sample_idx):
    return data.__getitems__(list(sample_idx)).collated['inputs'].numpy()


def test_channels_are_levels_of_the_white_image(dsprites_root):
    data = ColorDSprites(dsprites_root)
    assert len(data) == 737280 and data.metainfo['dataset'] == 'color_dsprites'
    colored, white = images(data, SOME[:50]), images(DSprites(dsprites_root), SOME[:50])
    assert colored.shape == (50, 3, 64, 64) and colored.dtype == np.uint8
    levels = data.colors(SOME[:50])
    expected = np.rint(white / 255 * np.linspace(0, 255, 8)[levels][:, :, None, None])
    np.testing.assert_array_equal(colored, expected)
    np.testing.assert_array_equal(LEVELS, [0, 36, 73, 109, 146, 182, 219, 255])


def test_colors_are_uniform_and_include_black(dsprites_root):
    colors = ColorDSprites(dsprites_root).colors(np.arange(737280))
    count = np.bincount(np.ravel_multi_index(tuple(colors.T), (8, 8, 8)), minlength=512)
    chi_square = ((count - 1440)**2 / 1440).sum()
    assert abs(chi_square - 511) < 5 * np.sqrt(2 * 511)
    # Black may be left out; the other colours stay uniform.
    colors = ColorDSprites(dsprites_root, exclude_black=True).colors(np.arange(737280))
    count = np.bincount(np.ravel_multi_index(tuple(colors.T), (8, 8, 8)), minlength=512)
    assert count[0] == 0 and abs(((count[1:] - 737280 / 511)**2 / (737280 / 511)).sum() - 510) < 5 * np.sqrt(2 * 510)


def test_colors_are_unrelated_between_factors_seeds_and_epochs(dsprites_root):
    data = ColorDSprites(dsprites_root)
    first = data.colors(SOME)
    for other in (data.colors(SOME + 1), ColorDSprites(dsprites_root, seed=1).colors(SOME)):
        assert np.abs(np.corrcoef(np.concatenate([first, other], axis=1).T) - np.eye(6)).max() < 0.04
    assert (data.colors(SOME, epoch=1) == first).mean() == pytest.approx(1 / 8, abs=0.01)
    np.testing.assert_array_equal(data.colors(SOME[::-1], epoch=0)[::-1], first)


def test_splitmix64_known_value():
    # The first output of SplitMix64 seeded with 0 and the first of seed 1234567, from its reference implementation.
    np.testing.assert_array_equal(_mix(np.array([0, 1234567], dtype=np.uint64)), [0xE220A8397B1DCDAF, 6457827717110365317])


def test_epochs_do_not_matter_for_testing(dsprites_root):
    data = ColorDSprites(dsprites_root, test_mode=True)
    np.testing.assert_array_equal(data.colors(SOME, epoch=3), data.colors(SOME))


@pytest.mark.parametrize(('workers', 'context'), [(1, 'fork'), (4, 'fork'), (1, 'spawn')])
def test_workers_give_the_same_colors_in_every_epoch(dsprites_root, workers, context):
    def epochs(**options):
        data = DATASETS.build(dict(type='ibgan_plugin.ColorDSprites', data_root=str(dsprites_root), indices=SOME[:40].tolist()))
        sampler = DATA_SAMPLERS.build(dict(type='ibgan_plugin.EpochSampler', dataset=data, shuffle=True, seed=5))
        assert isinstance(sampler, EpochSampler)
        loader = DataLoader(data, batch_size=8, sampler=sampler, collate_fn=batched_collate, **options)
        result = []
        for epoch in range(2):
            sampler.set_epoch(epoch)
            result += [batch['inputs'] for batch in loader]
        return result

    alone = epochs()
    others = epochs(num_workers=workers, multiprocessing_context=context, persistent_workers=True)
    assert len(alone) == len(others) == 10
    assert not any(torch.equal(one, other) for one, other in zip(alone[:5], alone[5:], strict=True))
    assert all(torch.equal(one, other) for one, other in zip(alone, others, strict=True))


def test_an_index_brings_its_epoch(dsprites_root):
    data = ColorDSprites(dsprites_root)
    part = data.get_subset(SOME[:10].tolist())
    epochs = [0, 1, 2, 3, 4] * 2
    mixed = images(part, [EpochIndex(place, epoch) for place, epoch in enumerate(epochs)])
    white = images(DSprites(dsprites_root), SOME[:10])
    levels = LEVELS[data.colors(SOME[:10], np.array(epochs))]
    np.testing.assert_array_equal(mixed, np.where(white, levels[:, :, None, None], 0))
    np.testing.assert_array_equal(part[EpochIndex(3, 3)]['inputs'], mixed[3])


def test_an_endless_run_draws_new_colors_every_epoch(dsprites_root):
    data = ColorDSprites(dsprites_root, indices=16)
    sampler = DATA_SAMPLERS.build(dict(type='ibgan_plugin.ResumableSampler', dataset=data, shuffle=False, seed=0))
    loader = iter(DataLoader(data, batch_size=16, sampler=sampler, collate_fn=batched_collate))
    for epoch in range(3):
        white = images(DSprites(dsprites_root), range(16))
        levels = LEVELS[data.colors(np.arange(16), epoch)]
        np.testing.assert_array_equal(next(loader)['inputs'], np.where(white, levels[:, :, None, None], 0))


def test_colors_as_factors(dsprites_root):
    data = ColorDSprites(dsprites_root, color_factors=True)
    assert len(data) == 512 * 737280 and data.grid is COLOR_GRID
    assert data.metainfo['factor_names'] == ('red', 'green', 'blue', 'shape', 'scale', 'orientation', 'posX', 'posY')
    assert data.metainfo['factor_sizes'] == (8, 8, 8, 3, 6, 40, 32, 32)
    factors = COLOR_GRID.sample_factors(30, np.random.default_rng(0))
    rendered = data.render(factors)
    white = DSprites(dsprites_root).render(factors[:, 3:])
    np.testing.assert_array_equal(rendered, np.where(white, LEVELS[factors[:, :3]][:, :, None, None], 0))
    np.testing.assert_array_equal(images(data, COLOR_GRID.to_index(factors)), rendered)
    np.testing.assert_array_equal(data.colors(COLOR_GRID.to_index(factors), epoch=1), factors[:, :3])


def test_black_can_not_be_left_out_of_the_grid():
    with pytest.raises(ValueError, match='exclude_black=True does not go with color_factors=True'):
        ColorDSprites(exclude_black=True, color_factors=True)


def test_fingerprint_follows_the_colors(dsprites_root):
    sets = [DSprites(dsprites_root), *(ColorDSprites(dsprites_root, **options) for options in (
        {}, {'seed': 1}, {'exclude_black': True}, {'indices': 5}))]
    assert len({data.fingerprint for data in sets}) == 5


def test_runs_of_other_seeds_see_other_colors(dsprites_root):
    data, fixed = ColorDSprites(dsprites_root, indices=40), ColorDSprites(dsprites_root, indices=40, seed=0)
    tests = ColorDSprites(dsprites_root, indices=40, test_mode=True)
    first, second = ([EpochIndex(i, 2, seed) for i in range(40)] for seed in (0, 1))
    assert not np.array_equal(images(data, first), images(data, second))
    np.testing.assert_array_equal(images(data, first), images(fixed, first))
    np.testing.assert_array_equal(images(fixed, first), images(fixed, second))
    np.testing.assert_array_equal(images(tests, first), images(tests, second))
