import os
import pickle

import numpy as np
import pytest
import torch
from mmengine.dataset import InfiniteSampler
from torch.utils.data import DataLoader

from ibgan_plugin.datasets import LMDBImages, batched_collate
from ibgan_plugin.datasets.codec import ImageError, encode
from ibgan_plugin.datasets.store.reader import StoreError, forget
from ibgan_plugin.datasets.store.writer import Job, build
from ibgan_plugin.registry import DATASETS
from tests.datasets.stores import IMAGES, make


@pytest.fixture
def path(tmp_path):
    return make(tmp_path / 'noise.lmdb', arrays={'label': np.arange(40)[::-1], 'name': np.array([b'x'] * 40).view('u1')})


@pytest.mark.parametrize('encoding', ['png', 'raw'])
@pytest.mark.parametrize('channels', [1, 3])
def test_lossless_encodings_give_the_pixels(tmp_path, encoding, channels):
    data = LMDBImages(make(tmp_path / 'noise.lmdb', IMAGES[..., :channels], encoding))
    batch = data.__getitems__([7, 39, 7]).collated['inputs']
    assert batch.dtype == torch.uint8 and batch.is_contiguous(memory_format=torch.channels_last)
    np.testing.assert_array_equal(batch, IMAGES[[7, 39, 7], :, :, :channels].transpose(0, 3, 1, 2))
    assert torch.equal(data[39]['inputs'], batch[1])


def test_annotations(path):
    data = LMDBImages(path, annotations=('label',), indices=[3, 5])
    assert data[1]['data_samples'] == {'sample_idx': 5, 'label': 34}
    assert data.__getitems__([0, 1]).collated['data_samples']['label'].tolist() == [36, 34]
    with pytest.raises(ValueError, match=r"noise\.lmdb has no annotation 'labels', only \['label', 'name'\]"):
        len(LMDBImages(path, annotations=('labels',)))
    with pytest.raises(ValueError, match=r"noise\.lmdb has no annotation 'partition'"):
        len(LMDBImages(path, partition='train'))


def test_what_is_no_file_is_reported_when_the_set_is_built(tmp_path):
    with pytest.raises(ValueError, match=r'none\.lmdb does not exist; make it with tools/prepare_data\.py'):
        DATASETS.build(dict(type='ibgan_plugin.LMDBImages', path=str(tmp_path / 'none.lmdb')))
    with pytest.raises(ValueError, match=r'is a folder, but must be the LMDB file itself'):
        LMDBImages(tmp_path)
    os.mkfifo(tmp_path / 'fifo.lmdb')
    (tmp_path / 'zero.lmdb').symlink_to('/dev/zero')
    for name in ('fifo', 'zero'):
        with pytest.raises(ValueError, match=rf"LMDB file '.*{name}\.lmdb' is no regular file"):
            LMDBImages(tmp_path / f'{name}.lmdb')


@pytest.mark.parametrize('workers', [0, 1])
def test_a_file_that_is_cut_off_while_it_is_read_is_named(tmp_path, workers):
    path = make(tmp_path / 'noise.lmdb', encoding='raw')
    data = LMDBImages(path)
    loader = iter(DataLoader(data, batch_size=4, num_workers=workers, prefetch_factor=2 if workers else None,
                             collate_fn=batched_collate))
    assert len(next(loader)['inputs']) == 4
    os.truncate(path, 8192)
    with pytest.raises(StoreError, match=r'noise\.lmdb was cut off while it was read: 8192 of \d+ bytes are left'):
        list(loader)
    forget(path)
    with pytest.raises(StoreError, match=r'noise\.lmdb is truncated'):
        len(LMDBImages(path))


@pytest.mark.parametrize('encoding', ['png', 'raw'])
def test_a_record_of_the_wrong_size_is_named(tmp_path, encoding):
    path = tmp_path / 'noise.lmdb'
    records = [encode(image, encoding) for image in (IMAGES[0], IMAGES[0, :8])]
    build(path, Job('images', 'noise', 2, lambda start: records, dict(name='noise', encoding=encoding, shape=(16, 20, 3))))
    data = LMDBImages(path)
    assert data[0]
    with pytest.raises(ImageError, match=r'noise\.lmdb: record 1 is missing or .* of shape \[16, 20, 3\]'):
        data[1]


def test_a_pipeline_of_mmcv_transforms(path):
    data = LMDBImages(path, pipeline=[dict(type='ibgan_plugin.CropResize', size=8), dict(type='mmcv.RandomFlip', prob=1.0)])
    batch = data.__getitems__([0, 1]).collated['inputs']
    plain = LMDBImages(path, pipeline=[dict(type='ibgan_plugin.CropResize', size=8)]).__getitems__([0, 1]).collated['inputs']
    assert batch.shape == (2, 3, 8, 8) and batch.is_contiguous() and torch.equal(batch, plain.flip(-1))


@pytest.mark.parametrize(('workers', 'context'), [(1, 'fork'), (4, 'fork'), (1, 'spawn')])
def test_workers_give_the_same_batches(path, workers, context):
    def batches(**options):
        data = LMDBImages(path, annotations=('label',))
        sampler = InfiniteSampler(data, seed=1)
        loader = iter(DataLoader(data, batch_size=16, sampler=sampler, collate_fn=batched_collate, **options))
        return [next(loader) for _ in range(8)]

    others = batches(num_workers=workers, multiprocessing_context=context, persistent_workers=True)
    for one, other in zip(batches(), others, strict=True):
        assert torch.equal(one['inputs'], other['inputs'])
        assert torch.equal(one['data_samples']['label'], other['data_samples']['label'])


def test_it_pickles(path):
    data = LMDBImages(path)
    assert torch.equal(pickle.loads(pickle.dumps(data))[3]['inputs'], data[3]['inputs'])


def test_grid_needs_factors(path):
    with pytest.raises(ValueError, match=r'noise\.lmdb does not hold all the combinations of known factors'):
        LMDBImages(path).render(np.array([[0]]))


def test_fingerprint_follows_the_content_and_not_the_place(path, tmp_path):
    prints = [data.fingerprint for data in (
        LMDBImages(path), LMDBImages(path, indices=39), LMDBImages(path, indices=-39),
        LMDBImages(path, pipeline=[dict(type='CenterCrop', crop_size=8)]),
        LMDBImages(path, pipeline=[dict(type='CenterCrop', crop_size=9)]),
        LMDBImages(make(tmp_path / 'raw.lmdb', encoding='raw')), LMDBImages(make(tmp_path / 'other.lmdb', IMAGES[::-1])))]
    assert len(set(prints)) == len(prints) and all(len(text) == 64 for text in prints)
    assert LMDBImages(make(tmp_path / 'copy.lmdb')).fingerprint == prints[0]
    assert LMDBImages(path, pipeline=[lambda results: results]).fingerprint is None
