import numpy as np
import pytest
from PIL import Image, ImageSequence

from ibgan_plugin.visualization import write_gif
from ibgan_plugin.visualization.animation import there_and_back


def test_gif_keeps_grey_exactly(tmp_path):
    frames = np.random.default_rng(0).integers(0, 256, (3, 16, 12, 1), np.uint8).repeat(3, axis=3)
    write_gif(tmp_path / 'sub' / 'grey.gif', frames, frames_per_second=20)
    with Image.open(tmp_path / 'sub' / 'grey.gif') as gif:
        assert gif.n_frames == 3 and gif.info['duration'] == 50 and gif.info['loop'] == 0
        shown = [np.array(frame.convert('RGB')) for frame in ImageSequence.Iterator(gif)]
    assert np.array_equal(shown, frames)


def test_there_and_back():
    assert there_and_back(np.arange(4)).tolist() == [0, 1, 2, 3, 2, 1]
    assert there_and_back(np.arange(1)).tolist() == [0]


@pytest.mark.parametrize(('frames', 'rate', 'message'), [
    ([], 10, 'needs at least one frame, got none'),
    (np.zeros((1, 2, 2, 3), np.uint8), 0, 'frames_per_second must be above 0 and at most 50, got 0'),
    (np.zeros((1, 2, 2, 3), np.uint8), 60, 'at most 50, got 60'),
])
def test_mistakes(tmp_path, frames, rate, message):
    with pytest.raises(ValueError, match=message):
        write_gif(tmp_path / 'x.gif', frames, rate)
    assert not list(tmp_path.iterdir())
