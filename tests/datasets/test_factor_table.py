import os
from decimal import Decimal

import numpy as np
import pytest

from ibgan_plugin.datasets.factor_table import read_table

IMAGES = ['a/0.png', 'a/1.png', 'b/2.png', 'b/3.png']
CSV = '''file,shape,size,angle,round
b/2.png,cube,10,0.5,True
a/0.png,ball,2,1.0,False
a/1.png,cube,2,-3e1,True
b/3.png,ball,10,2.5,False
'''


@pytest.fixture
def path(tmp_path):
    (tmp_path / 'factors.csv').write_text(CSV)
    return tmp_path / 'factors.csv'


def parquet(path):
    pytest.importorskip('pyarrow', reason='reading Parquet needs pyarrow')
    from pyarrow import csv, parquet
    parquet.write_table(csv.read_csv(path), path.with_suffix('.parquet'))
    return path.with_suffix('.parquet')


@pytest.mark.parametrize('kind', ['csv', 'tsv', 'parquet', 'bom'])
def test_columns_become_factors_in_the_order_of_the_images(path, kind):
    if kind == 'parquet':
        path = parquet(path)
    elif kind == 'tsv':
        path = path.with_suffix('.tsv')
        path.write_text(CSV.replace(',', '\t'))
    elif kind == 'bom':
        path.write_bytes(b'\xef\xbb\xbf' + CSV.replace('\n', '\r\n').encode())
    table, unused = read_table(path, IMAGES)
    assert unused == [] and table.names == ('shape', 'size', 'angle', 'round')
    assert table.kinds == ('categorical', 'categorical', 'continuous', 'categorical')
    assert table.labels[0] == ('ball', 'cube') and table.labels[1] == ('2', '10') and table.labels[2] is None
    np.testing.assert_array_equal(table.values.T, [[0, 1, 1, 0], [0, 0, 1, 1], [1, -30, 0.5, 2.5], [0, 1, 1, 0]])
    assert table.sizes == (2, 2, 4, 2) and table.grid is None


def test_kinds_can_be_told(path):
    table, _ = read_table(path, IMAGES, continuous=['size'], categorical=['angle'])
    assert table.kinds == ('categorical', 'continuous', 'categorical', 'categorical')
    assert table.values[:, 1].tolist() == [2, 2, 10, 10] and table.labels[2] == ('-30', '0.5', '1', '2.5')


@pytest.mark.parametrize(('texts', 'labels'), [
    (['1_0', '10'], ('10', '1_0')), (['01', '1'], ('01', '1')), (['1000001', '1000002'], ('1000001', '1000002')),
    (['9007199254740993', '9007199254740992'], ('9007199254740992', '9007199254740993')),
    (['1', '1e0'], ('1', )), (['-0', '0'], ('0', )), (['10', '9'], ('9', '10')), (['1e300', '5'], ('5', '1e+300')),
    (['3', '1e-999999999'], ('1e-999999999', '3')),
])
def test_classes_are_told_apart_exactly(tmp_path, texts, labels):
    (tmp_path / 'it.csv').write_text('f,x\n' + ''.join(f'{image},{texts[k % 2]}\n' for k, image in enumerate(IMAGES)))
    table, _ = read_table(tmp_path / 'it.csv', IMAGES)
    assert table.kinds == ('categorical', ) and table.labels == (labels, ) and table.sizes == (len(labels), )


def test_a_cell_may_hold_what_unicode_counts_as_the_end_of_a_line(tmp_path):
    words = ['a\u2028b', 'a\x85b', 'a\x0cb', '"a\nb"']
    rows = ''.join(f'{image},{word}\r\n' for image, word in zip(IMAGES, words, strict=True))
    (tmp_path / 'it.csv').write_bytes(f'f,x\r\n{rows}'.encode())
    table, _ = read_table(tmp_path / 'it.csv', IMAGES)
    assert table.labels == (('a\nb', 'a\x0cb', 'a\x85b', 'a\u2028b'), )


def test_numbers_with_decimals_are_measurements_in_parquet(tmp_path):
    pyarrow = pytest.importorskip('pyarrow', reason='reading Parquet needs pyarrow')
    from pyarrow import parquet
    price = pyarrow.array([Decimal(k) for k in range(4)], pyarrow.decimal128(10, 2))
    count = pyarrow.array([Decimal(k) for k in range(4)], pyarrow.decimal128(10, 0))
    parquet.write_table(pyarrow.table({'f': IMAGES, 'price': price, 'count': count}), tmp_path / 'it.parquet')
    table, _ = read_table(tmp_path / 'it.parquet', IMAGES)
    assert table.kinds == ('continuous', 'categorical') and table.values.tolist() == [[k, k] for k in range(4)]
    assert table.labels == (None, ('0', '1', '2', '3'))


def test_file_names_may_be_short_and_rows_unused(tmp_path):
    path = tmp_path / 'it.csv'
    path.write_text('x,name\n1,0.png\n2,1.png\n3,2.png\n4,3.png\n5,9.png\n')
    table, unused = read_table(path, IMAGES)
    assert unused == ['9.png'] and table.values[:, 0].tolist() == [0, 1, 2, 3] and table.labels == (('1', '2', '3', '4'), )
    with pytest.raises(ValueError, match=r"2 images are called '0\.png': name them by their path, such as 'a/0\.png'"):
        read_table(path, [*IMAGES, 'c/0.png'])


@pytest.mark.parametrize(('text', 'grid'), [
    ('f,x,y\na/0.png,1,1\na/1.png,0,1\nb/2.png,1,0\nb/3.png,0,0\n', (2, 2)),  # a full grid, in another order
    ('f,x,y\na/0.png,1,1\na/1.png,0,1\nb/2.png,1,0\nb/3.png,1,0\n', None),  # a cell twice
    ('f,x,y\na/0.png,1,1\na/1.png,0,1\nb/2.png,2,0\nb/3.png,0,0\n', None),  # cells missing
    ('f,x,y\na/0.png,1,1.0\na/1.png,0,1.0\nb/2.png,1,0.0\nb/3.png,0,0.0\n', None),  # continuous
    ('f,x\na/0.png,d\na/1.png,a\nb/2.png,c\nb/3.png,b\n', (4, )),
])
def test_a_full_grid_is_put_into_its_order(tmp_path, text, grid):
    (tmp_path / 'it.csv').write_text(text)
    table, _ = read_table(tmp_path / 'it.csv', IMAGES)
    order = table.order()
    assert sorted(order.tolist()) == [0, 1, 2, 3]
    assert (None if table.rows(order).grid is None else table.rows(order).grid.sizes) == grid
    if grid is None:
        assert order.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(('text', 'message'), [
    ('', 'is empty or no table'), ('file,x\n', 'has no rows'),
    ('file\na/0.png\n', "no column names all images; 'file' lacks 3 of 4"),
    ('f\na/0.png\na/1.png\nb/2.png\nb/3.png\n', "has no column but 'f': there is no factor"),
    (CSV.replace('b/3.png', 'c/3.png,1'), r'row 4 has 6 values for the 5 columns'),
    (CSV.replace('b/3.png', 'c/4.png'), r"no column names all images; 'file' lacks 1 of 4, 'b/3\.png' first"),
    (CSV.replace('0.5', ''), r"factor 'angle' has no value for 'b/2\.png'"),
    (CSV.replace('0.5', 'nan'), r"'angle' is not finite for 'b/2"),
    (CSV.replace('-3e1', 'inf'), r"factor 'angle' is not finite for 'a/1\.png'"),
    (CSV + 'a/0.png,ball,2,1.0,False\n', r"has 2 rows for the image 'a/0\.png'"),
    (CSV.replace('size', 'shape'), 'every column needs a name of its own'), (CSV.replace('size', ''), 'every column needs a name'),
    (CSV.replace('ball', '"ball'), 'is empty or no table'), (b'\xff\xfe\x00', 'is no text in UTF-8'),
])
def test_a_bad_table_ends_in_one_line(path, text, message):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError, match=message) as error:
        read_table(path, IMAGES)
    assert str(path) in str(error.value) and '\n' not in str(error.value)


def test_other_mistakes(path, tmp_path):
    with pytest.raises(ValueError, match=r"has no factor 'weight', only \['shape', 'size', 'angle', 'round'\]"):
        read_table(path, IMAGES, continuous=['weight'])
    with pytest.raises(ValueError, match=r"factor 'shape' is to be continuous, but holds 'ball'"):
        read_table(path, IMAGES, continuous=['shape'])
    with pytest.raises(ValueError, match=r"^factor 'size' is to be both continuous and categorical: name it once$"):
        read_table(path, IMAGES, continuous=['size'], categorical=['size'])
    os.mkfifo(tmp_path / 'fifo.csv')
    (tmp_path / 'rubbish.parquet').write_bytes(b'rubbish' * 10)
    pytest.importorskip('pyarrow')
    for name, message in [('none.csv', 'none.csv does not exist'), ('fifo.csv', 'is no regular file'),
                          ('rubbish.parquet', 'is damaged or no Parquet file'), ('none.parquet', 'none.parquet does not exist')]:
        with pytest.raises(ValueError, match=message):
            read_table(tmp_path / name, IMAGES)
