import numpy as np
import pytest
import torch

from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.visualization import Traversal, TraversalSheet, draw_traversal, traversal_sheet
from ibgan_plugin.visualization.text import text_height, text_size, text_width


def traversal(side: int = 64, steps: int = 9, **changes) -> Traversal:
    """All white; dimension 1 first, dimension 0 inactive."""
    values = dict(imgs=torch.ones(2, steps, 1, side, side), dims=[1, 0], kl=[1.2, 0.01], limit=2.0,
                  center=torch.ones(1, side, side))
    return Traversal(**{**values, **changes})


def head(side: int = 64) -> int:
    """Height of heading and ticks."""
    return 2 * text_height(1, text_size(side))


def test_rows_of_inactive_dimensions_are_dimmed_and_marked():
    sheet = TraversalSheet(traversal())
    assert [sheet._label(row) for row in (0, 1)] == [['r1', 'KL 1.20'], ['r0', 'KL 0.01, inactive']]
    image = sheet.still()
    assert image.shape[0] == head() + 2 * 66
    assert image[head() + 33, -33].tolist() == [255] * 3
    assert image[head() + 66 + 33, -33].tolist() == [127] * 3
    assert draw_traversal(traversal(kl=None))[head() + 66 + 33, -33].tolist() == [255] * 3


def test_rows_of_inactive_dimensions_are_left_out():
    assert draw_traversal(traversal(), leave_out=True).shape[0] == head() + 66
    with pytest.raises(IBGANError, match='no dimension has a KL above 2 nats'):
        TraversalSheet(traversal(), leave_out=True, active_threshold=2)


def test_labels_name_factors_and_a_title_is_on_top():
    sheet = TraversalSheet(traversal(), factors={1: 'posX'})
    assert sheet._label(0) == ['r1 posX', 'KL 1.20']
    plain, titled = draw_traversal(traversal(steps=9)), draw_traversal(traversal(steps=9), title='5000 iterations')
    assert plain.shape == titled.shape
    changed = (plain != titled).any(axis=(1, 2))
    assert changed[:head() // 2].any() and not changed[head() // 2:].any()


@pytest.mark.parametrize(('side', 'scale', 'drawn'), [
    (16, None, 64), (32, None, 64), (64, None, 64), (128, None, 128), (32, 1, 32), (64, 3, 192)])
def test_the_scale_suits_the_images_and_the_text_suits_the_scale(side, scale, drawn):
    sheet = TraversalSheet(traversal(side), scale=scale)
    assert sheet.still().shape[0] == 2 * text_height(1, sheet.size) + 2 * (drawn + 2)
    assert 2 * 1.25 * sheet.size <= drawn + 2  # both lines of a label fit
    assert sheet.size == text_size(drawn)


def test_text_is_smooth_and_nothing_is_cut_off():
    image = draw_traversal(traversal(128))
    label = image[2 * text_height(1, text_size(128)):, :image.shape[1] - 9 * 129 - 1]
    assert len(np.unique(label)) > 20  # shades between black and white
    assert (label[:, -3:] == 255).all() and (label[:, :3] == 255).all()


def test_the_label_of_the_input_is_not_cut_off_where_all_dimensions_are_active():
    blank = np.full((64, 64, 3), 255, np.uint8)
    sheet = draw_traversal(traversal(kl=[2.0, 1.0]), inputs=[blank])
    label = sheet[head():head() + 60, :sheet.shape[1] - 9 * 65 - 1]
    assert (label < 128).any() and (label[:, -3:] == 255).all()


def test_points_stand_side_by_side_below_their_inputs():
    dark = np.zeros((64, 64, 3), np.uint8)
    one = draw_traversal(traversal(), inputs=[dark])
    two = draw_traversal([traversal(), traversal()], inputs=[dark, dark])
    assert one.shape[0] == two.shape[0] == head() + 3 * 66
    block = 9 * 65 + 1
    assert two.shape[1] == one.shape[1] + 12 + block
    left = two.shape[1] - 2 * block - 12
    for start in (left, left + block + 12):
        assert two[head() // 2 + 33, start + 33].tolist() == [0] * 3  # the input
        assert two[head() // 2 + 33, start + 65 + 33].tolist() == [255] * 3  # what is decoded of it


def test_the_label_of_the_inputs_is_not_cut_off():
    sheet = draw_traversal(traversal(), inputs=[np.zeros((64, 64, 3), np.uint8)], leave_out=True)
    left = sheet.shape[1] - 9 * 65 - 1
    label = sheet[head() // 2:head() // 2 + 66, :left]
    assert left >= text_width(['decoded'], text_size(64))
    assert label.min() < 128 and (label[:, -3:] == 255).all()


def test_frames_move_along_the_range_and_carry_labels():
    imgs = torch.linspace(-1, 1, 5).view(1, 5, 1, 1, 1).expand(2, 5, 1, 64, 64)
    frames = TraversalSheet([traversal(imgs=imgs)] * 2, inputs=[np.zeros((64, 64, 3), np.uint8)] * 2).moving()
    assert len(frames) == 5
    middle = frames[:, -33]  # the row of the second point
    levels = [sorted({int(value) for value in frame[:, 0]} & {0, 64, 128, 191, 255})[-1] for frame in middle]
    assert levels[-1] == 255
    assert not np.array_equal(frames[0][:36], frames[1][:36])  # the value in the heading
    assert (frames[:, 36:70] < 128).any()  # the labels


def words(draw, monkeypatch) -> list[str]:
    """All lines of text that are drawn."""
    lines, draw_text = [], traversal_sheet.draw_text

    def note(text, *args, **kwargs):
        lines.extend(text)
        return draw_text(text, *args, **kwargs)

    monkeypatch.setattr(traversal_sheet, 'draw_text', note)
    draw()
    return lines


@pytest.mark.parametrize(('ranges', 'said', 'ticks', 'labels'), [
    (None, 'range -2 to 2 standard deviations of the prior', ['-2', '0', '2'], ['r1', 'r0']),
    ([(-1.0, 1.0)] * 2, 'r from -1 to 1', ['-1', '0', '1'], ['r1', 'r0']),
    ([(0.0, 0.5)] * 2, 'r from 0 to 0.5', ['0', '0.25', '0.5'], ['r1', 'r0']),
    ([(-1.0, 1.0), (0.0, 1.0)], 'each row over its own range of r', [], ['r1', '-1 to 1', 'r0', '0 to 1'])])
def test_the_range_that_is_said_is_that_of_the_images(ranges, said, ticks, labels, monkeypatch):
    sheet = TraversalSheet(traversal(kl=None, ranges=ranges))
    lines = words(sheet.still, monkeypatch)
    assert [line for line in lines if line not in ticks + labels] == [said]
    assert sorted(set(lines) - {said}) == sorted({*ticks, *labels})


def test_frames_say_values_that_all_rows_have(monkeypatch):
    assert 'r from -1 to 1, r = -1.0' in words(TraversalSheet(traversal(ranges=[(-1.0, 1.0)] * 2)).moving, monkeypatch)
    lines = words(TraversalSheet(traversal(ranges=[(-1.0, 1.0), (0.0, 1.0)])).moving, monkeypatch)
    assert '1 of 9' in lines and '-1 to 1' in lines and not any('r = ' in line for line in lines)


def test_what_does_not_go_together_is_said():
    for make, message in ((lambda: TraversalSheet([]), 'no traversal'),
                          (lambda: TraversalSheet([traversal(), traversal(limit=3.0)]), 'of one model'),
                          (lambda: TraversalSheet([traversal(), traversal(ranges=[(-1, 1)] * 2)]), 'of one model'),
                          (lambda: TraversalSheet(traversal(), inputs=[]), '0 inputs for 1 traversals'),
                          (lambda: TraversalSheet(traversal(), scale=0), 'scale must be at least 1, got 0')):
        with pytest.raises(IBGANError, match=message):
            make()
