import numpy as np
import pytest

from ibgan_plugin.evaluation.checks import check_codes
from ibgan_plugin.evaluation.disentanglement.codes import CodeTable


def test_lookup_in_any_shape_and_order(grid):
    codes = np.arange(len(grid) * 2.0).reshape(-1, 2)
    index = np.random.RandomState(0).permutation(len(grid))[:40]
    table = CodeTable(grid, index, codes[index])
    asked = index[:6].reshape(2, 3)
    np.testing.assert_array_equal(table.lookup(asked), codes[asked])
    np.testing.assert_array_equal(CodeTable.from_grid(codes, grid.sizes).lookup(asked), codes[asked])
    assert table.num_codes == 2


def test_whole_grid_in_another_order(grid):
    codes = np.arange(len(grid) * 2.0).reshape(-1, 2)
    index = np.arange(len(grid))[::-1]
    np.testing.assert_array_equal(CodeTable(grid, index, codes[index]).lookup(np.array([0, 5])), codes[[0, 5]])


def test_absent_cell_is_named(grid):
    table = CodeTable(grid, np.arange(10), np.zeros((10, 2)))
    with pytest.raises(ValueError, match=r'2 cells that the metric samples have no code, first 10 \(shape=0, scale=1, x=2\)'):
        table.lookup(np.array([3, 11, 10, 11]))


@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf])
def test_not_finite_names_code_and_sample(value):
    codes = np.zeros((5, 3))
    codes[4, 2] = value
    with pytest.raises(ValueError, match=f'code 2 is {value} in sample 4'):
        check_codes(codes)


@pytest.mark.parametrize('codes', [np.zeros(3), np.zeros((0, 3)), np.zeros((3, 0)), np.array([['a']])])
def test_bad_shape_or_type(codes):
    with pytest.raises(ValueError, match=r'codes must be real numbers of shape \[N, C\]'):
        check_codes(codes)


def test_bad_index(grid):
    with pytest.raises(ValueError, match='cell 4 of the grid occurs more than once'):
        CodeTable(grid, np.array([4, 1, 4]), np.zeros((3, 1)))
    with pytest.raises(ValueError, match=r'index must be in 0\.\.95, got 3\.\.96'):
        CodeTable(grid, np.array([3, 96]), np.zeros((2, 1)))
    with pytest.raises(ValueError, match='one cell for each of the 2 codes'):
        CodeTable(grid, np.array([3]), np.zeros((2, 1)))
    with pytest.raises(ValueError, match=r'must have 6 rows, one per cell of the grid \(2, 3\), got 5'):
        CodeTable.from_grid(np.zeros((5, 1)), (2, 3))
