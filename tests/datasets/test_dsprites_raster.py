from fractions import Fraction

import numpy as np
import pytest

from ibgan_plugin.datasets.dsprites import GRID, render
from ibgan_plugin.datasets.dsprites.outline import centres, outline
from ibgan_plugin.datasets.dsprites.raster import pack_images, sprite_windows, unpack_windows


@pytest.fixture(scope='module')
def windows():
    """All packed windows [3, 6, 40, 32, 32, 28]."""
    sprites = [sprite_windows(*kind) for kind in np.ndindex(3, 6, 40)]
    return np.stack(sprites).reshape(3, 6, 40, 32, 32, 28)


def white(windows):
    """Number of white pixels of packed windows [..., 28]."""
    return np.unpackbits(windows.view(np.uint8), axis=-1).sum(-1, dtype=np.int64)


def draw_slowly(factors):
    """The fill rules taken literally, one pixel at a time, in fractions."""
    shape, scale, orientation, pos_x, pos_y = factors
    corners = outline(shape, scale, orientation) + [centres(pos_x), centres(pos_y)]
    corners = [[Fraction(int(np.rint(256 * value)), 256) for value in corner] for corner in corners]
    image = np.zeros((64, 64), dtype=np.uint8)
    for y in range(64):
        crossings = []
        for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
            if min(y0, y1) < y <= max(y0, y1):
                crossings.append(x0 + (y - y0) * (x1 - x0) / (y1 - y0))
        for left, right in zip(sorted(crossings)[::2], sorted(crossings)[1::2], strict=True):
            image[y, [x for x in range(64) if left <= x < right]] = 1
    return image


def test_equals_every_real_frame(real_images):
    real = np.load(real_images / 'dsprites_real.npz', allow_pickle=False)
    drawn = render(real['classes'])
    assert drawn.dtype == np.uint8 and drawn.shape == real['imgs'].shape
    np.testing.assert_array_equal(drawn, 255 * real['imgs'])


def test_follows_the_fill_rules():
    factors = GRID.sample_factors(150, np.random.default_rng(0))
    factors[:5] = [[0, 0, 0, 0, 0], [0, 5, 0, 31, 31], [0, 3, 10, 0, 31], [1, 5, 0, 0, 0], [2, 5, 39, 31, 0]]
    for row, image in zip(factors, render(factors), strict=True):
        np.testing.assert_array_equal(image, 255 * draw_slowly(row), err_msg=str(row))


def test_edges_belong_to_the_left_and_the_bottom():
    # A square of half side 9.6 * 0.5 = 4.8 at centre 15.5 reaches from 10.7 to 20.3: 10 by 10 pixels.
    image = render(np.array([[0, 0, 0, 0, 0]]))[0]
    assert image.sum() == 100 * 255 and image[11:21, 11:21].all()


def test_no_sprite_leaves_its_window_or_the_canvas(windows):
    assert windows.max() < 1 << 28
    assert (white(windows) > 0).all()


def test_mean_white_share_and_areas(windows):
    area = white(windows)
    assert area.mean() / 64**2 == pytest.approx(0.0425, abs=5e-4)
    by_scale = area.mean(axis=(2, 3, 4)) / np.linspace(0.5, 1, 6)**2
    # Areas of the outlines at scale 1: the square, the ellipse of the same half axes' product, the heart.
    heart = outline(2, 5, 0)
    u, v = heart.T
    heart_area = abs(np.sum(u * np.roll(v, -1) - v * np.roll(u, -1))) / 2
    expected = np.array([19.2**2, np.pi * 9.6**2, heart_area])
    np.testing.assert_allclose(by_scale, np.repeat(expected[:, None], 6, axis=1), rtol=0.02)


def test_area_does_not_depend_on_the_position(windows):
    area = white(windows)  # by shape, scale, orientation, posX, posY
    by_position = area.mean(axis=(0, 1, 2))
    assert np.abs(by_position / by_position.mean() - 1).max() < 0.02
    # The worst is the smallest upright square, 9.6 pixels wide: 9 or 10 columns by 9 or 10 rows.
    assert (area.std(axis=(3, 4)) / area.mean(axis=(3, 4))).max() < 0.08


def test_first_and_last_orientation_coincide(windows):
    np.testing.assert_array_equal(windows[:, :, 0], windows[:, :, 39])


def test_sprites_move_with_the_position():
    images = render(np.array([[2, 3, 7, x, y] for x, y in [(0, 0), (31, 0), (0, 31)]]))
    np.testing.assert_array_equal(images[1][:, 32:], images[0][:, :32])
    np.testing.assert_array_equal(images[2][32:], images[0][:32])


def test_render_nothing():
    assert render(np.zeros((0, 5), dtype=int)).shape == (0, 64, 64)


@pytest.mark.parametrize(('factors', 'message'), [
    (np.array([[3, 0, 0, 0, 0]]), r"'shape' is 3 in row 0, but must be in 0\.\.2"),
    (np.array([[0, 0, 0, 0, 0], [0, 0, 40, 0, 0]]), r"'orientation' is 40 in row 1, but must be in 0\.\.39"),
    (np.array([[0, -1, 0, 0, 0]]), r"'scale' is -1 in row 0"),
    (np.array([0, 0, 0, 0, 0]), r'shape \[N, 5\]'),
    (np.zeros((2, 6), dtype=int), r'got int64 of shape \[2, 6\]'),
    (np.zeros((2, 5)), 'got float64'),
])
def test_render_rejects_bad_factors(factors, message):
    with pytest.raises(ValueError, match=message):
        render(factors)


def test_packing_is_the_inverse_of_unpacking():
    pos_x, pos_y = np.divmod(np.arange(1024), 32)
    packed = sprite_windows(1, 4, 17).reshape(1024, 28)
    images = np.empty((1024, 64, 64), dtype=np.uint8)
    unpack_windows(packed, pos_x, pos_y, out=images)
    assert set(np.unique(images)) == {0, 255}
    np.testing.assert_array_equal(pack_images(images // 255, pos_x, pos_y), packed)


def test_packing_rejects_what_does_not_fit():
    position = np.zeros(1, dtype=int)
    image = np.zeros((1, 64, 64), dtype=np.uint8)
    image[0, 40, 40] = 1
    with pytest.raises(ValueError, match=r'image 0 has white pixels outside its 28x28 window \(posX 0, posY 0\)'):
        pack_images(image, position, position)
    with pytest.raises(ValueError, match='pixels must be 0 or 1, got 255'):
        pack_images(255 * image, position, position)
