import cv2
import numpy as np
import pytest

from ibgan_plugin.datasets.codec import ImageError, decode, encode


@pytest.fixture(scope='module')
def image():
    y, x = np.mgrid[:40, :30]
    return np.stack([6 * y, 8 * x, 128 + 0 * x], axis=2).astype(np.uint8)  # red, green, blue


@pytest.mark.parametrize(('encoding', 'tolerance'), [('png', 0), ('jpeg', 12)])
def test_decoding_gives_back_what_was_encoded(image, encoding, tolerance):
    decoded = decode(encode(image, encoding), 3, 'it')
    assert decoded.shape == image.shape and decoded.dtype == np.uint8
    assert np.abs(decoded.astype(int) - image).max() <= tolerance
    grey = decode(encode(image[:, :, :1], encoding), 1, 'it')
    assert grey.shape == (40, 30, 1) and np.abs(grey.astype(int) - image[:, :, :1]).max() <= tolerance
    assert encode(image, 'raw') == image.tobytes()


def test_channels_are_converted(image):
    luma = image @ np.array([0.299, 0.587, 0.114])
    grey = decode(encode(image, 'png'), 1, 'it')
    assert np.abs(grey[:, :, 0] - luma).max() < 1
    color = decode(encode(image[:, :, :1], 'png'), 3, 'it')
    np.testing.assert_array_equal(color, np.repeat(image[:, :, :1], 3, axis=2))


def test_transparent_becomes_white_and_16_bits_become_8():
    transparent = np.zeros((4, 4, 4), dtype=np.uint8)
    transparent[0, 0] = [0, 0, 200, 255]  # opaque, red
    decoded = decode(cv2.imencode('.png', transparent)[1].tobytes(), 3, 'it')
    np.testing.assert_array_equal(decoded[0, 0], [200, 0, 0])
    assert (decoded[1:] == 255).all()
    deep = cv2.imencode('.png', np.full((4, 4), 0x1234, dtype=np.uint16))[1].tobytes()
    assert (decode(deep, 1, 'it') == 0x12).all()


def noisy(encoding):
    return encode(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8), encoding)


@pytest.mark.parametrize('encoding', ['jpeg', 'png'])
@pytest.mark.parametrize('keep', [0.02, 0.5, 0.99])
def test_a_truncated_file_is_an_error_at_any_place(encoding, keep):
    data = noisy(encoding)
    cut = data[:int(keep * len(data))]
    with pytest.raises(ImageError, match=rf'a/b\.x: the file is cut off after {len(cut)} bytes'):
        decode(cut, 3, 'a/b.x')


@pytest.mark.parametrize(('data', 'message'), [
    (b'', r'^me: the file is empty$'),
    (b'<html>404</html>', r'^me: not a readable image \(16 bytes\)$'),
])
def test_other_rubbish_is_an_error(data, message):
    with pytest.raises(ImageError, match=message):
        decode(data, 3, 'me')


@pytest.mark.parametrize('encoding', ['jpeg', 'png'])
def test_a_file_with_a_tail_is_whole(encoding):
    assert decode(noisy(encoding) + b'\0' * 5000, 3, 'me').shape == (64, 64, 3)


def test_pixels_that_are_no_small_integers_are_an_error():
    data = cv2.imencode('.tiff', np.zeros((4, 4, 3), dtype=np.float32))[1].tobytes()
    with pytest.raises(ImageError, match='me: pixels must be integers of 8 or 16 bits, but are float32'):
        decode(data, 3, 'me')
