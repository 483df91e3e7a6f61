import numpy as np
import pytest

from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.visualization.table import centred, chosen_scale, draw_table, enlarge


def test_cells_lie_below_their_names_and_beside_them():
    images = np.zeros((2, 3, 64, 64, 3), np.uint8)
    images[1, 2] = 200, 10, 10
    table = draw_table(images, ['first', 'second'], ['input', 'decoded', "with the other's r0"])
    cells = np.argwhere((table == [200, 10, 10]).all(axis=2))
    assert (cells.min(0) > np.array(table.shape[:2]) / 2).all()
    assert len(cells) == 64 * 64
    assert (table[:15] < 128).any() and (table[:, :30] < 128).any()  # names of columns and rows
    assert draw_table(images, ['', ''], ['a', 'b', 'c']).shape[1] == 3 * 66


def test_small_images_are_enlarged_whole_pixels_at_a_time():
    assert [chosen_scale(None, side) for side in (16, 28, 32, 64, 128)] == [4, 2, 2, 1, 1]
    image = np.arange(12, dtype=np.uint8).reshape(1, 2, 2, 3)
    large = enlarge(image, 3)
    assert large.shape == (1, 6, 6, 3)
    assert np.array_equal(large[:, 1::3, 1::3], image)
    with pytest.raises(IBGANError, match='scale must be at least 1, got -1'):
        chosen_scale(-1, 64)


def test_an_image_stands_in_the_middle_of_a_white_column():
    column = centred(np.zeros((2, 3, 3), np.uint8), 8)
    assert column.shape == (2, 8, 3)
    assert column[0, :, 0].tolist() == [255, 255, 0, 0, 0, 255, 255, 255]
