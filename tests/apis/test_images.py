import os

import numpy as np
import pytest

from ibgan_plugin.apis.images import list_images, load_image
from ibgan_plugin.datasets.codec import encode
from ibgan_plugin.datasets.dsprites import render


@pytest.mark.parametrize('pixels', [np.eye(64, dtype=np.uint8), render([[0, 0, 0, 0, 0]])[0] & 1, np.ones((64, 64, 1), np.uint8)])
def test_images_of_0_and_1_are_refused(pixels):
    with pytest.raises(ValueError, match=r'pixels must be in 0\.\.255, but the largest of the image is 1: multiply .* by 255'):
        load_image(pixels, channels=1, size=64)


@pytest.mark.parametrize('pixels', [np.zeros((64, 64), np.uint8), render([[2, 5, 0, 16, 16]])[0], np.full((64, 64), 2, np.uint8)])
def test_images_of_0_to_255_are_taken(pixels):
    np.testing.assert_array_equal(load_image(pixels, channels=1, size=64)[0], pixels)


def test_files_are_regular_files_and_what_is_left_out_is_said(tmp_path, monkeypatch):
    messages = []
    monkeypatch.setattr('ibgan_plugin.apis.images.print_log', lambda message, *_, **__: messages.append(message))
    image = np.full((64, 64, 1), 9, np.uint8)
    for name in ('1.png', '.2.png', 'note.txt'):
        (tmp_path / name).write_bytes(encode(image, 'png'))
    os.mkfifo(tmp_path / '3.png')
    assert list_images(tmp_path) == [tmp_path / '1.png']
    said, = messages
    assert '1 hidden or of the system (.2.png)' in said and '1 no regular file, but a FIFO (3.png)' in said
    np.testing.assert_array_equal(load_image(tmp_path / '1.png', 1, 64)[0], image[:, :, 0])
    with pytest.raises(ValueError, match=r"file '.*3\.png' is no regular file"):
        load_image(tmp_path / '3.png', 1, 64)
