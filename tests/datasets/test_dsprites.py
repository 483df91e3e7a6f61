import pickle

import numpy as np
import pytest
import torch
from mmengine.dataset import DefaultSampler, pseudo_collate
from torch.utils.data import DataLoader, default_collate

from ibgan_plugin.datasets import DSprites, SampleBatch, batched_collate
from ibgan_plugin.datasets.dsprites import GRID, render
from ibgan_plugin.registry import DATASETS


@pytest.fixture
def data(dsprites_root):
    return DSprites(dsprites_root)


def expected(sample_idx):
    return render(GRID.to_factors(np.asarray(sample_idx)))[:, None]


def test_all_samples_are_there_in_the_official_order(data):
    assert len(data) == 737280
    assert data.metainfo == {'dataset': 'dsprites', 'factor_names': ('shape', 'scale', 'orientation', 'posX', 'posY'),
                             'factor_sizes': (3, 6, 40, 32, 32)}
    chosen = np.random.default_rng(0).integers(0, 737280, 200)
    np.testing.assert_array_equal(data.__getitems__(chosen.tolist()).collated['inputs'], expected(chosen))


def test_agrees_with_real_frames_by_their_index(data, real_images):
    real = np.load(real_images / 'dsprites_real.npz', allow_pickle=False)
    batch = data.__getitems__(real['index'].tolist()).collated
    np.testing.assert_array_equal(batch['inputs'][:, 0], 255 * real['imgs'])
    np.testing.assert_array_equal(data.render(real['classes'])[:, 0], 255 * real['imgs'])


def test_a_sample(data):
    sample = data[123456]
    assert sample['inputs'].dtype == torch.uint8 and sample['inputs'].shape == (1, 64, 64)
    assert sample['data_samples'] == {'sample_idx': 123456} and type(sample['data_samples']['sample_idx']) is int
    np.testing.assert_array_equal(sample['inputs'][None], expected([123456]))


def test_a_batch_is_the_samples(data):
    indices = [5, 737279, 5, 400000]
    batch = data.__getitems__(indices)
    assert isinstance(batch, SampleBatch) and len(batch) == 4
    for index, sample in zip(indices, batch, strict=True):
        assert torch.equal(sample['inputs'], data[index]['inputs'])
        assert sample['data_samples'] == data[index]['data_samples']
    assert torch.equal(batch.collated['data_samples']['sample_idx'], torch.tensor(indices))


def test_collating_gives_the_finished_batch(data):
    batch = data.__getitems__([1, 2, 3])
    finished = batched_collate(batch)
    assert finished['inputs'].shape == (3, 1, 64, 64) and finished is batch.collated
    for collated in (default_collate(batch), batched_collate(list(batch))):
        assert torch.equal(collated['inputs'], finished['inputs'])
        assert torch.equal(collated['data_samples']['sample_idx'], finished['data_samples']['sample_idx'])
    assert torch.equal(torch.stack(pseudo_collate(batch)['inputs']), finished['inputs'])


@pytest.mark.parametrize(('indices', 'numbers'), [(3, [0, 1, 2]), (-2, [737278, 737279]), ([7, -1], [7, 737279])])
def test_subsets_keep_the_sample_numbers(dsprites_root, data, indices, numbers):
    for part in (data.get_subset(indices), DSprites(dsprites_root, indices=indices)):
        assert len(part) == len(numbers)
        assert [part[index]['data_samples']['sample_idx'] for index in range(len(part))] == numbers
        np.testing.assert_array_equal(part.__getitems__(range(len(part))).collated['inputs'], expected(numbers))
        assert part.get_subset([1])[0]['data_samples']['sample_idx'] == numbers[1]
        with pytest.raises(IndexError, match=rf'must be in -{len(part)}\.\.{len(part) - 1}'):
            part[len(part)]
    assert len(data) == 737280


@pytest.mark.parametrize('indices', [737281, -737281, [0, 737280]])
def test_subsets_beyond_the_set(data, indices):
    with pytest.raises(IndexError, match='737280'):
        data.get_subset(indices)


def test_render_checks_its_factors(data):
    assert data.grid is GRID
    assert data.render(np.array([[0, 0, 0, 0, 0], [2, 5, 39, 31, 31]])).shape == (2, 1, 64, 64)
    with pytest.raises(ValueError, match=r"'posX' is 32 in row 0, but must be in 0\.\.31"):
        data.render(np.array([[0, 0, 0, 32, 0]]))


def test_the_grid_is_known_without_any_file(tmp_path):
    data = DSprites(tmp_path / 'none')
    assert data.grid.sizes == (3, 6, 40, 32, 32) and not (tmp_path / 'none').exists()


def test_pipeline_sees_images_and_numbers(dsprites_root):
    seen = []

    def halve(results):
        seen.append((results['img'].shape, results['img_shape'], results['sample_idx']))
        return {**results, 'img': results['img'][::2, ::2, 0]}

    data = DSprites(dsprites_root, pipeline=[halve])
    batch = data.__getitems__([10, 20]).collated
    assert seen == [((64, 64, 1), (64, 64), 10), ((64, 64, 1), (64, 64), 20)]
    np.testing.assert_array_equal(batch['inputs'], expected([10, 20])[:, :, ::2, ::2])


def test_pipeline_may_leave_different_sizes(dsprites_root):
    data = DSprites(dsprites_root, pipeline=[lambda results: {**results, 'img': results['img'][:results['sample_idx']]}])
    batch = data.__getitems__([10, 20])
    assert [sample['inputs'].shape for sample in batch] == [(1, 10, 64), (1, 20, 64)]
    assert [sample['data_samples']['sample_idx'] for sample in batch] == [10, 20]


def test_it_is_built_from_a_config(dsprites_root):
    data = DATASETS.build(dict(type='ibgan_plugin.DSprites', data_root=str(dsprites_root), indices=10))
    assert len(data) == 10


def test_it_pickles_small_and_without_a_handle(data):
    assert len(data) and data[0]
    text = pickle.dumps(data)
    assert len(text) < 100_000 and b'Environment' not in text
    assert torch.equal(pickle.loads(text)[77]['inputs'], data[77]['inputs'])


@pytest.mark.parametrize(('workers', 'context'), [(1, 'fork'), (4, 'fork'), (1, 'spawn')])
def test_workers_give_the_same_batches(data, workers, context):
    part = data.get_subset(range(0, 737280, 7919))
    assert part[0]['data_samples'] == {'sample_idx': 0}  # the parent has the file open, too

    def batches(**options):
        sampler = DefaultSampler(part, shuffle=True, seed=3)
        return list(DataLoader(part, batch_size=16, sampler=sampler, collate_fn=batched_collate, **options))

    alone = batches()
    others = batches(num_workers=workers, multiprocessing_context=context, persistent_workers=True)
    assert len(alone) == len(others) == 6
    for one, other in zip(alone, others, strict=True):
        assert torch.equal(one['inputs'], other['inputs'])
        assert torch.equal(one['data_samples']['sample_idx'], other['data_samples']['sample_idx'])
