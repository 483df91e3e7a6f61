import numpy as np
import pytest
from PIL import Image, ImageSequence

from ibgan_plugin.visualization import write_gif
from ibgan_plugin.visualization.animation import there_and_back, write_mp4


def test_gif_keeps_grey_exactly(tmp_path):
    frames = np.random.default_rng(0).integers(0, 256, (3, 16, 12, 1), np.uint8).repeat(3, axis=3)
    write_gif(tmp_path / 'sub' / 'grey.gif', frames, frames_per_second=20)
    with Image.open(tmp_path / 'sub' / 'grey.gif') as gif:
        assert gif.n_frames == 3 and gif.info['duration'] == 50 and gif.info['loop'] == 0
        shown = [np.array(frame.convert('RGB')) for frame in ImageSequence.Iterator(gif)]
    assert np.array_equal(shown, frames)


def test_mp4_holds_the_frames_and_repeats(tmp_path):
    av = pytest.importorskip('av')
    frames = np.full((6, 33, 47, 3), 255, np.uint8)  # odd sides
    for i, frame in enumerate(frames):
        frame[:, 8 * i:8 * i + 4] = 0
    for name in 'ab':
        write_mp4(tmp_path / f'{name}.mp4', frames, 5)
    assert (tmp_path / 'a.mp4').read_bytes() == (tmp_path / 'b.mp4').read_bytes()
    with av.open(str(tmp_path / 'a.mp4')) as film:
        shown = [frame.to_ndarray(format='rgb24') for frame in film.decode(video=0)]
    assert [image.shape for image in shown] == [(34, 48, 3)] * 6
    assert np.abs(np.stack(shown)[:, :33, :47].astype(int) - frames).mean() < 8
    with pytest.raises(ValueError, match='at least one frame'):
        write_mp4(tmp_path / 'c.mp4', [])


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
