import io
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

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


def stored(image, kind='PNG', **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


GREY = np.array([[0, 7], [200, 255]], dtype=np.uint8)
COLOR = np.array([[[0, 0, 0], [7, 7, 7]], [[200, 10, 30], [255, 0, 0]]], dtype=np.uint8)


def palette(transparency):
    image = Image.fromarray(np.array([[0, 1], [2, 3]], dtype=np.uint8), 'P')
    image.putpalette(COLOR.reshape(-1).tolist())
    return stored(image, transparency=transparency)


@pytest.mark.parametrize(('data', 'expected'), [
    (stored(Image.fromarray(np.dstack([GREY, [[255, 0], [128, 255]]]).astype(np.uint8), 'LA')), [[0, 255], [227, 255]]),
    (stored(Image.fromarray(GREY), transparency=7), [[0, 255], [200, 255]]),
    (stored(Image.fromarray(GREY.astype(np.uint16) * 257), transparency=7 * 257), [[0, 255], [200, 255]]),
    (palette(1), [[0, 255], [69, 76]]), (palette(bytes([255, 255, 0, 255])), [[0, 7], [255, 76]]),
    (stored(Image.fromarray(COLOR), transparency=(7, 7, 7)), [[0, 255], [69, 76]]),
    (stored(Image.fromarray(np.dstack([COLOR, [[255, 0], [255, 255]]]).astype(np.uint8)), 'WEBP', lossless=True, exact=True),
     [[0, 255], [69, 76]]),
], ids=['grey and alpha', 'grey, one value', '16 bits, one value', 'palette, one entry', 'palette', 'colour, one value', 'webp'])
def test_transparent_pixels_lie_on_white_and_others_stay(data, expected):
    grey, color = decode(data, 1, 'it')[:, :, 0].astype(int), decode(data, 3, 'it')
    assert np.abs(grey - expected).max() <= 1
    assert color.shape == (2, 2, 3) and np.abs(color @ [0.299, 0.587, 0.114] - expected).max() <= 1.5


@pytest.mark.parametrize('data', [
    cv2.imencode('.png', np.full((4, 4), 0x1234, dtype=np.uint16))[1].tobytes(),
    cv2.imencode('.png', np.full((4, 4, 3), 0x1234, dtype=np.uint16))[1].tobytes(),
    cv2.imencode('.tiff', np.full((4, 4), 0x1234, dtype=np.uint16))[1].tobytes(),
    b'P5 4 4 65535 ' + b'\x12\x34' * 16,
], ids=['png', 'colour png', 'tiff', 'pgm'])
def test_of_16_bits_the_upper_8_are_kept(data):
    assert (decode(data, 1, 'it') == 0x12).all() and (decode(data, 3, 'it') == 0x12).all()


QUARTERS = np.zeros((16, 24, 3), dtype=np.uint8)  # as stored: red, green / blue, white
QUARTERS[:8, :12, 0], QUARTERS[:8, 12:, 1], QUARTERS[8:, :12, 2], QUARTERS[8:, 12:] = 255, 255, 255, 255
#: What becomes of a stored image by the standard (CIPA DC-008): mirrored, then turned.
UPRIGHT = {1: lambda x: x, 2: lambda x: x[:, ::-1], 3: lambda x: x[::-1, ::-1], 4: lambda x: x[::-1], 5: lambda x: x.swapaxes(0, 1),
           6: lambda x: np.rot90(x, -1), 7: lambda x: x[::-1, ::-1].swapaxes(0, 1), 8: lambda x: np.rot90(x)}


@pytest.mark.parametrize('kind', ['JPEG', 'PNG', 'WEBP', 'TIFF'])
@pytest.mark.parametrize('orientation', range(1, 9))
def test_the_orientation_of_the_camera_is_applied(kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = dict(JPEG=dict(quality=100, subsampling=0), WEBP=dict(lossless=True)).get(kind, {})
    image = decode(stored(Image.fromarray(QUARTERS), kind, exif=exif, **options), 3, 'it')
    expected = UPRIGHT[orientation](QUARTERS)
    assert image.shape == expected.shape
    assert np.abs(image[::4, 1::4].astype(int) - expected[::4, 1::4]).max() < 30


@pytest.mark.parametrize('exif', [b'Exif\0\0' + b'\xff' * 40, b'Exif\0\0II*\0\x08\0\0\0\xff\xff', b'Exif\0\0'])
def test_a_damaged_note_of_the_camera_does_not_matter(exif):
    assert decode(stored(Image.fromarray(QUARTERS), 'JPEG', exif=exif), 3, 'it').shape == (16, 24, 3)


@pytest.mark.parametrize('mode', ['1', 'L', 'P', 'RGB', 'CMYK', 'YCbCr'])
def test_other_ways_to_store_colours(mode):
    image = Image.fromarray(QUARTERS).convert(mode)
    jpeg = mode in ('CMYK', 'YCbCr')
    decoded = decode(stored(image, 'JPEG', quality=100, subsampling=0) if jpeg else stored(image), 3, 'it')
    assert np.abs(decoded[4::8, 6::12].astype(int) - np.array(image.convert('RGB'))[4::8, 6::12]).max() < 12


def test_more_pixels_than_the_guard_allows_are_refused_before_they_are_decoded():
    header = bytearray(stored(Image.fromarray(GREY)))
    header[16:24] = (60_000).to_bytes(4, 'big') * 2
    header[29:33] = zlib.crc32(header[12:29]).to_bytes(4, 'big')
    with pytest.raises(ImageError, match=r'me: Image size \(3600000000 pixels\) exceeds limit'):
        decode(bytes(header), 3, 'me')


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


@pytest.mark.parametrize('tail', [b'\0' * 5000, b'\xff\xda rubbish', np.random.default_rng(0).bytes(200_000)])
@pytest.mark.parametrize('encoding', ['jpeg', 'png'])
def test_a_file_with_a_tail_is_whole(encoding, tail):
    np.testing.assert_array_equal(decode(noisy(encoding) + tail, 3, 'me'), decode(noisy(encoding), 3, 'me'))


def test_pixels_that_are_no_small_integers_are_an_error():
    data = cv2.imencode('.tiff', np.zeros((4, 4), dtype=np.float32))[1].tobytes()
    with pytest.raises(ImageError, match=r'me: pixels must be integers of 8 or 16 bits, but are of mode F \(32 bits\)'):
        decode(data, 3, 'me')


@pytest.mark.parametrize('kind', ['GIF', 'EPS', 'PDF'])
def test_other_formats_are_not_read_whatever_the_file_is_called(kind):
    with pytest.raises(ImageError, match=r'a\.jpg: not a readable image'):
        decode(stored(Image.fromarray(QUARTERS), kind), 3, 'a.jpg')
