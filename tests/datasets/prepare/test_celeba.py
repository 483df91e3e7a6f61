import zipfile

import cv2
import numpy as np
import pytest

from ibgan_plugin.datasets import LMDBImages
from ibgan_plugin.datasets.codec import decode, encode
from ibgan_plugin.datasets.prepare import celeba
from ibgan_plugin.datasets.prepare.convert import Recipe
from ibgan_plugin.datasets.store.writer import build
from ibgan_plugin.datasets.transforms import CropResize

NAMES = [f'{number:06d}.jpg' for number in (1, 2, 3, 5, 8)]


def face(number, size=(218, 178)):
    return np.random.default_rng(number).integers(0, 256, (size[0] // 8 + 1, size[1] // 8 + 1, 3), dtype=np.uint8).repeat(
        8, axis=0).repeat(8, axis=1)[:size[0], :size[1]]


@pytest.fixture
def root(tmp_path):
    """CelebA in miniature, as its owners ship it."""
    images = tmp_path / 'img_align_celeba'
    images.mkdir()
    for number, name in enumerate(NAMES):
        (images / name).write_bytes(encode(face(number), 'jpeg', 100))
    extra = '000009.jpg'  # the annotations cover more images than are here
    rows = [*NAMES, extra]
    parts = zip(rows, '001220', strict=True)
    (tmp_path / 'list_eval_partition.txt').write_text(''.join(f'{name} {part}\n' for name, part in parts))
    (tmp_path / 'identity_CelebA.txt').write_text(''.join(f'{name} {1000 + row}\n' for row, name in enumerate(rows)))
    attributes = ''.join(f'{name}  {2 * (row % 2) - 1} -1  1\n' for row, name in enumerate(rows))
    (tmp_path / 'list_attr_celeba.txt').write_text(f'6\nBald Smiling Young \n{attributes}')
    return tmp_path


def prepare(root, out, **options):
    recipe = Recipe(crop='celeba_148', encoding='png', expected=(178, 218))
    conversion, job = celeba.job(root, options.pop('recipe', recipe), partial=True, **options)
    build(out, job)
    return conversion


def test_images_and_annotations_are_kept(root, tmp_path):
    prepare(root, tmp_path / 'celeba.lmdb')
    data = LMDBImages(tmp_path / 'celeba.lmdb', annotations=('attributes', 'identity', 'numbers', 'partition'))
    assert len(data) == 5
    assert data.metainfo['dataset'] == 'celeba' and data.metainfo['crop'] == 'celeba_148'
    assert data.metainfo['attribute_names'] == ('Bald', 'Smiling', 'Young')
    batch = data.__getitems__(range(5)).collated
    annotations = batch['data_samples']
    assert annotations['attributes'].tolist() == [[-1, -1, 1], [1, -1, 1], [-1, -1, 1], [1, -1, 1], [-1, -1, 1]]
    assert annotations['identity'].tolist() == [1000, 1001, 1002, 1003, 1004]
    assert annotations['numbers'].tolist() == [1, 2, 3, 5, 8] and annotations['partition'].tolist() == [0, 0, 1, 2, 2]
    for name, image in zip(NAMES, batch['inputs'], strict=True):
        original = decode((root / 'img_align_celeba' / name).read_bytes(), 3, name)
        np.testing.assert_array_equal(image.permute(1, 2, 0), CropResize(64, 'celeba_148').apply(original))


def test_the_folder_of_images_itself_is_taken_with_the_annotations_beside_it(root, tmp_path):
    _, job = celeba.job(root / 'img_align_celeba', celeba.RECIPE, partial=True)
    assert job.inputs == 5 and sorted(job.arrays([])) == ['attributes', 'identity', 'numbers', 'partition']


@pytest.mark.parametrize(('partition', 'numbers'), [('train', [0, 1]), ('val', [2]), ('test', [3, 4])])
def test_partitions(root, tmp_path, partition, numbers):
    prepare(root, tmp_path / 'celeba.lmdb')
    data = LMDBImages(tmp_path / 'celeba.lmdb', partition=partition)
    assert [data[index]['data_samples']['sample_idx'] for index in range(len(data))] == numbers
    assert len(LMDBImages(tmp_path / 'celeba.lmdb', partition=partition, indices=1)) == 1
    with pytest.raises(ValueError, match=r"partition must be one of \['train', 'val', 'test'\], got 'valid'"):
        len(LMDBImages(tmp_path / 'celeba.lmdb', partition='valid'))


def test_unreadable_images_stop_it_or_are_left_out_with_their_annotations(root, tmp_path):
    broken = root / 'img_align_celeba' / NAMES[1]
    broken.write_bytes(broken.read_bytes()[:900])
    (root / 'img_align_celeba' / NAMES[3]).write_bytes(encode(face(3, (109, 89)), 'jpeg'))
    with pytest.raises(ValueError, match=r'img_align_celeba: 000002\.jpg: the file is cut off after 900 bytes; pass --skip'):
        prepare(root, tmp_path / 'celeba.lmdb')
    assert not (tmp_path / 'celeba.lmdb').exists()
    conversion = prepare(root, tmp_path / 'celeba.lmdb', skip_unreadable=True)
    assert conversion.problems == {NAMES[1]: '000002.jpg: the file is cut off after 900 bytes',
                                   NAMES[3]: '000005.jpg: the image is 89x109, but the official ones are 178x218 '
                                             '(--partial accepts others)'}
    data = LMDBImages(tmp_path / 'celeba.lmdb', annotations=('numbers', 'identity'))
    annotations = data.__getitems__(range(len(data))).collated['data_samples']
    assert annotations['numbers'].tolist() == [1, 3, 8] and annotations['identity'].tolist() == [1000, 1002, 1004]


def test_the_number_of_images_is_checked(root):
    with pytest.raises(ValueError, match=r'img_align_celeba holds 5 images, but CelebA has 202,599; pass --partial'):
        celeba.job(root, celeba.RECIPE)


def test_no_images_at_all(tmp_path):
    with pytest.raises(ValueError, match=r'holds none of img_align_celeba, img_align_celeba\.zip, .*README\.md says'):
        celeba.job(tmp_path, celeba.RECIPE)


@pytest.mark.parametrize(('file', 'content', 'message'), [
    ('list_eval_partition.txt', '000001.jpg 0\n', r"list_eval_partition\.txt has no line for the image '000002\.jpg'"),
    ('list_eval_partition.txt', '000001.jpg\n', r"the line of '000001\.jpg' has 0 values, but must have 1"),
    ('identity_CelebA.txt', ''.join(f'{name} x\n' for name in NAMES), r"identity_CelebA\.txt: invalid literal .* 'x'"),
    ('list_attr_celeba.txt', '5\nBald Young\n000001.jpg 1 1 1\n', r"the line of '000001\.jpg' has 3 values, but must have 2"),
])
def test_malformed_annotations(root, file, content, message):
    (root / file).write_text(content)
    with pytest.raises(ValueError, match=message):
        celeba.job(root, celeba.RECIPE, partial=True)


def test_real_images_through_conversion_and_loading(real_images, tmp_path):
    """The real images are half as large, so half of the usual crop."""
    path = real_images / 'celeba_half_4000.zip'
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.endswith('.jpg')][:200]
        with zipfile.ZipFile(tmp_path / 'img_align_celeba.zip', 'w') as few:
            for name in names:
                few.writestr(name, archive.read(name))
    prepare(tmp_path, tmp_path / 'jpeg.lmdb', recipe=Recipe(crop='74x74'), workers=2)
    prepare(tmp_path, tmp_path / 'raw.lmdb', recipe=Recipe(crop='74x74', encoding='raw'))
    jpeg, raw = (LMDBImages(tmp_path / f'{name}.lmdb', annotations=('numbers',)).__getitems__(range(200)).collated
                 for name in ('jpeg', 'raw'))
    assert raw['inputs'].shape == (200, 3, 64, 64)
    assert raw['data_samples']['numbers'].tolist() == list(range(1, 201))
    difference = (jpeg['inputs'].int() - raw['inputs'].int()).abs().float()
    assert difference.mean() < 2.5 and difference.mean(dim=(0, 2, 3)).max() < 4
    first = cv2.imread(str(extract(tmp_path, names[0])))[17:91, 7:81, ::-1]
    np.testing.assert_array_equal(raw['inputs'][0].permute(1, 2, 0), cv2.resize(first, (64, 64), interpolation=cv2.INTER_AREA))
    means = raw['inputs'].float().mean(dim=(0, 2, 3))
    assert means[0] > means[1] > means[2], 'faces are redder than blue: the channels are in order'


def extract(folder, name):
    with zipfile.ZipFile(folder / 'img_align_celeba.zip') as archive:
        return archive.extract(name, folder)


def as_kaggle(root):
    """The annotations as Kaggle ships them, in place of the owners'."""
    lines = (root / 'list_attr_celeba.txt').read_text().splitlines()
    heads = {'list_eval_partition': 'image_id,partition', 'list_attr_celeba': f'image_id,{",".join(lines[1].split())}'}
    for stem, head in heads.items():
        rows = (root / f'{stem}.txt').read_text().splitlines()[2 if stem == 'list_attr_celeba' else 0:]
        (root / f'{stem}.csv').write_text('\n'.join([head, *(','.join(row.split()) for row in rows)]) + '\n')
        (root / f'{stem}.txt').unlink()
    (root / 'identity_CelebA.txt').unlink()


def test_kaggles_files_give_the_same_annotations(root):
    expected, layout = celeba.read_annotations(root, NAMES)
    as_kaggle(root)
    found, layout_too = celeba.read_annotations(root, NAMES)
    assert sorted(found) == ['attributes', 'numbers', 'partition'] and layout == layout_too
    assert layout['attribute_names'] == ('Bald', 'Smiling', 'Young')
    for name, values in found.items():
        np.testing.assert_array_equal(values, expected[name])
        assert values.dtype == expected[name].dtype


@pytest.mark.parametrize('places', [('Anno', 'Eval'), ('.', '.')])
def test_kaggles_nested_folder_and_other_places(root, tmp_path, places):
    as_kaggle(root)
    (root / 'img_align_celeba').rename(root / 'inner')
    (root / 'img_align_celeba').mkdir()
    (root / 'inner').rename(root / 'img_align_celeba' / 'img_align_celeba')
    for name, place in zip(('list_attr_celeba.csv', 'list_eval_partition.csv'), places, strict=True):
        (root / place).mkdir(exist_ok=True)
        (root / name).rename(root / place / name)
    prepare(root, tmp_path / 'celeba.lmdb')
    data = LMDBImages(tmp_path / 'celeba.lmdb', partition='test', annotations=('attributes', 'numbers'))
    assert [data[i]['data_samples']['numbers'] for i in range(2)] == [5, 8] and len(data) == 2


@pytest.mark.parametrize(('name', 'content', 'message'), [
    ('list_eval_partition.csv', 'image_id,partition\n000001.jpg,7\n', r'partition\.csv: a partition must be 0, 1 or 2, got \[7\]'),
    ('list_attr_celeba.csv', 'image_id,Bald\n000001.jpg,0\n', r'celeba\.csv: an attribute must be -1 or 1, got \[0\]'),
    ('list_attr_celeba.csv', 'image_id,Bald\n000001.jpg,1,1\n', r"the line of '000001\.jpg' has 2 values, but must have 1"),
    ('list_attr_celeba.csv', '', r"celeba\.csv has no line for the image '000001\.jpg'"),
    ('identity_CelebA.csv', b'\xff\xfe', r'CelebA\.csv is no text in UTF-8: byte 0 is 0xff'),
    ('identity_CelebA.csv', 'image_id,id\n000001.jpg,one\n', r"CelebA\.csv: invalid literal for int\(\) with base 10: 'one'"),
])
def test_malformed_csv(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError, match=message):
        celeba.read_annotations(tmp_path, ['000001.jpg'])


def test_changed_annotations_are_another_source(root):
    first = celeba.job(root, celeba.RECIPE, partial=True)[1].source
    path = root / 'list_attr_celeba.txt'
    path.write_text(path.read_text().replace('000001.jpg  -1', '000001.jpg  1'))
    assert celeba.job(root, celeba.RECIPE, partial=True)[1].source != first


def test_attributes_as_factors(root, tmp_path):
    prepare(root, tmp_path / 'celeba.lmdb')
    data = LMDBImages(tmp_path / 'celeba.lmdb', factors='attributes', partition='test')
    assert data.metainfo['factor_names'] == ('Bald', 'Smiling', 'Young') and data.metainfo['factor_sizes'] == (2, 2, 2)
    assert data.metainfo['factor_kinds'] == ('categorical', ) * 3 and not data.metainfo['is_grid']
    np.testing.assert_array_equal(data.factors, [[0, 0, 1], [1, 0, 1], [0, 0, 1], [1, 0, 1], [0, 0, 1]])
    assert 'factor_names' not in LMDBImages(tmp_path / 'celeba.lmdb').metainfo
    with pytest.raises(ValueError, match=r"celeba\.lmdb has no factors 'smile', only the annotations \['attributes', 'identity'"):
        len(LMDBImages(tmp_path / 'celeba.lmdb', factors='smile'))
