import numpy as np
import pytest

from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.visualization.curves import _apart, draw_curves
from ibgan_plugin.visualization.figures import page_svg, write_figure
from ibgan_plugin.visualization.heat_map import draw_heat_map
from ibgan_plugin.visualization.series import Series


def run(shift: float = 0.0, steps=(100, 200, 300)) -> dict:
    """Scalars as a training logs them."""
    keys = ['mi/lower_bound', 'mi/upper_bound', 'mi/gap', 'kl/dim_00', 'kl/dim_01', 'loss_gen', 'generator.lr',
            'instance_noise_std', 'mig/discrete_mig', 'kl/active_dims', 'time', 'kl_loss.beta', 'beta_vae/eval_accuracy']
    return {key: Series.of({step: shift + step / 1000 for step in reversed(steps)}) for key in keys}


def titles(figure) -> list[str]:
    return [axes.get_title(loc='left') for axes in figure.axes]


def data_lines(axes) -> list:
    return [line for line in axes.lines if line.get_transform() != axes.transAxes]


def names(axes) -> set[str]:
    return {text.get_text() for text in axes.texts}


def test_panels_hold_bounds_kl_losses_schedules_and_scores():
    figure = draw_curves({'ibgan': [run()]})
    assert titles(figure) == ['Bounds of the mutual information I(z, x)', 'KL of each dimension of r to its prior', 'Losses',
                              'Learning rates', 'Schedules', 'Active dimensions', 'Scores']
    assert [names(axes) for axes in figure.axes] == [
        {'lower_bound', 'upper_bound', 'gap'}, {'r0', 'r1'}, {'loss_gen'}, {'generator.lr'},
        {'instance_noise_std', 'kl_loss.beta'}, {'active_dims'}, {'mig/discrete_mig', 'beta_vae/eval_accuracy'}]


def test_lines_of_a_panel_differ_without_colour():
    axes = draw_curves({'ibgan': [run()]}).axes[0]
    assert len({(line.get_linestyle(), line.get_marker()) for line in data_lines(axes)}) == 3
    samples = [line for line in axes.lines if line.get_transform() == axes.transAxes]  # beside the names
    assert {(line.get_linestyle(), line.get_marker()) for line in samples} == {
        (line.get_linestyle(), line.get_marker()) for line in data_lines(axes)}


def test_seeds_are_a_mean_with_a_band_and_their_own_lines():
    axes = draw_curves({'ibgan': [run(0.0), run(0.2, (200, 300, 400))]}, ['loss_gen']).axes[0]
    mean, *seeds = data_lines(axes)
    assert mean.get_xdata().tolist() == [200, 300]  # what both logged
    assert mean.get_ydata() == pytest.approx([0.3, 0.4])
    assert [line.get_xdata().tolist() for line in seeds] == [[100, 200, 300], [200, 300, 400]]
    band = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == pytest.approx((0.3 - 0.1, 0.4 + 0.1))


def test_dimensions_of_several_seeds_are_compared_by_rank():
    swapped = dict(run(), **{'kl/dim_00': run(1.0)['kl/dim_01']})
    other = dict(run(), **{'kl/dim_01': run(1.0)['kl/dim_00']})
    axes = draw_curves({'ibgan': [swapped, other]}).axes[1]
    assert axes.get_title(loc='left').endswith('largest first')
    assert names(axes) == {'1', '2'}
    assert axes.lines[0].get_ydata() == pytest.approx([1.1, 1.2, 1.3])


def test_groups_are_named_at_their_ends():
    axes = draw_curves({'ibgan': [run()], 'gan': [run(1.0)]}, ['loss_gen']).axes[0]
    assert names(axes) == {'loss_gen ibgan', 'loss_gen gan'}


def test_long_lines_are_thinned_to_what_can_be_seen():
    thin = Series.of({step: step / 2 for step in range(10_001)}).thinned()
    assert len(thin.steps) <= 601
    assert (thin.steps[0], thin.steps[-1]) == (0, 10_000)
    assert (thin.values == thin.steps / 2).all()


def test_names_keep_apart_and_inside():
    order, heights = _apart([0.5, 0.5, 0.99, 0.51, 0.98], gap=0.1)
    assert sorted(order) == [0, 1, 2, 3, 4]
    assert np.diff(heights).min() >= 0.1 - 1e-9
    assert max(heights) <= 1


@pytest.mark.parametrize('groups, keys, message', [
    ({}, None, 'no run to draw'),
    ({'a': [{}]}, None, 'nothing to draw: the runs logged no scalar'),
    ({'a': [run()]}, ['lost'], "no scalar matches 'lost'; there are beta_vae.*generator.lr"),
    ({'a': [run()]}, ['('], 'is no regular expression'),
])
def test_what_can_not_be_drawn_is_said(groups, keys, message):
    with pytest.raises(IBGANError, match=message):
        draw_curves(groups, keys)


def test_files_repeat_and_the_page_gives_its_own_colour(tmp_path):
    for suffix in ('png', 'svg'):
        for name in 'ab':
            write_figure(tmp_path / f'{name}.{suffix}', draw_curves({'a $ b': [run()]}))
        assert (tmp_path / f'a.{suffix}').read_bytes() == (tmp_path / f'b.{suffix}').read_bytes()
    svg = page_svg(draw_curves({'a': [run()]}))
    assert svg.startswith('<svg')
    assert 'currentColor' in svg
    with pytest.raises(IBGANError, match=r'must end in \.png or \.svg'):
        write_figure(tmp_path / 'a.jpg', draw_curves({'a': [run()]}))


def test_names_of_factors_are_no_formulas(tmp_path):
    write_figure(tmp_path / 'it.png', draw_heat_map(np.eye(2), [r'cost $\x$', 'a$b$c'], r'of $\x$', 'nats'))


def test_heat_map_has_its_numbers_in_the_cells():
    values = np.array([[0.5, 0.0], [0.25, 1.0], [0.0, 0.125]])
    axes = draw_heat_map(values, ['shape', 'scale'], 'Mutual information', 'nats').axes[0]
    assert [text.get_text() for text in axes.texts] == ['0.50', '0.00', '0.25', '1.00', '0.00', '0.12']
    assert [label.get_text() for label in axes.get_xticklabels()] == ['shape', 'scale']
    with pytest.raises(IBGANError, match=r'finite values \[codes, 3 factors\], got shape \[3, 2\]'):
        draw_heat_map(values, ['a', 'b', 'c'], '')
    with pytest.raises(IBGANError, match='finite'):
        draw_heat_map(values * np.nan, ['a', 'b'], '')
