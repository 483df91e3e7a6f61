import cv2
import numpy as np
import pytest
import torch
from mmengine.registry import MODELS

from ibgan_plugin.visualization import image_grid, sample, traverse, write_png
from ibgan_plugin.visualization.grids import GAP_COLOR
from tests.conftest import model_cfg
from tests.models.configs import categorical_cfg, cr_cfg


@pytest.fixture
def model():
    """Dimension 2 of r is a copy of z's first, the others carry nothing."""
    model = MODELS.build(model_cfg(encoder=dict(type='ibgan_plugin.Encoder', z_dim=6, r_dim=4, hidden_dims=()))).eval()
    with torch.no_grad():
        layer = model.encoder.net[0]
        layer.weight.zero_()
        layer.bias.zero_()
        layer.weight[2, 0], layer.bias[4 + 2] = 1.0, -2.0
    return model


def test_grid_places_images_row_by_row():
    imgs = torch.stack([torch.full((1, 2, 3), value) for value in (-1.0, 0.0, 1.0)])
    grid = image_grid(imgs, num_columns=2, gap=1)
    assert grid.shape == (2 * 3 + 1, 2 * 4 + 1, 3)
    assert (grid[1:3, 1:4] == 0).all()
    assert (grid[1:3, 5:8] == 128).all()
    assert (grid[4:6, 1:4] == 255).all()
    assert (grid[4:6, 5:8] == GAP_COLOR).all()
    with pytest.raises(ValueError, match='num_columns must be at least 1, got 0'):
        image_grid(imgs, 0)
    with pytest.raises(ValueError, match='1 or 3 channels, got 2'):
        image_grid(torch.zeros(1, 2, 4, 4), 1)


def test_png_keeps_colours_and_leaves_nothing_half_written(tmp_path):
    image = np.zeros((4, 5, 3), np.uint8)
    image[..., 0] = 255  # red
    write_png(tmp_path / 'sub' / 'red.png', image)
    assert (cv2.imread(str(tmp_path / 'sub' / 'red.png'))[0, 0] == (0, 0, 255)).all()  # OpenCV reads BGR
    assert [p.name for p in (tmp_path / 'sub').iterdir()] == ['red.png']
    (tmp_path / 'file').touch()
    with pytest.raises(OSError):
        write_png(tmp_path / 'file' / 'red.png', image)


def test_png_of_grey_is_of_one_channel_and_smaller(tmp_path):
    grey = np.tile(np.arange(256, dtype=np.uint8), (64, 1))[..., None].repeat(3, axis=2)
    write_png(tmp_path / 'grey.png', grey)
    stored = cv2.imread(str(tmp_path / 'grey.png'), cv2.IMREAD_UNCHANGED)
    assert stored.ndim == 2 and (stored == grey[..., 0]).all()
    assert (tmp_path / 'grey.png').stat().st_size < len(cv2.imencode('.png', grey)[1])


def test_kl_is_that_of_the_encoder(model):
    # mu = z_0 and logvar = -2: E KL = (E z^2 + e^-2 - 1 + 2) / 2
    kl = model.kl_per_dim()
    assert kl[2].item() == pytest.approx((1 + np.exp(-2) + 1) / 2, rel=0.05)
    assert kl[[0, 1, 3]].tolist() == [0, 0, 0]


def test_traversal_orders_rows_and_varies_one_dimension(model):
    traversal = traverse(model, steps=5, limit=3.0)
    assert traversal.dims[0] == 2
    assert sorted(traversal.dims) == [0, 1, 2, 3]
    assert traversal.imgs.shape == (4, 5, 1, 16, 16)
    r = torch.zeros(1, 4)
    r[0, 2] = -3.0
    torch.testing.assert_close(traversal.imgs[0, 0], model.generate(r=r)[0])
    torch.testing.assert_close(traversal.imgs[3, 2], model.generate(r=torch.zeros(1, 4))[0])
    torch.testing.assert_close(traversal.center, traversal.imgs[3, 2])
    assert traversal.limit == 3.0
    with pytest.raises(ValueError, match='steps must be at least 2, got 1'):
        traverse(model, steps=1)


def test_samples_repeat_and_leave_the_random_state_alone(model):
    state = torch.get_rng_state()
    first = sample(model, 6, seed=3)
    assert torch.equal(first, sample(model, 6, seed=3))
    neighbour = model.sample_latents(6, seed=4)
    assert not any(torch.isclose(value, neighbour).any() for value in model.sample_latents(6, seed=3).flatten())
    traverse(model)
    assert torch.equal(state, torch.get_rng_state())


def test_without_an_encoder_rows_keep_their_order():
    cfg = model_cfg(encoder=None, kl_loss=None, info_loss=None, reconstructor=None)
    model = MODELS.build(cfg).eval()
    traversal = traverse(model, steps=2)
    assert traversal.kl is None
    assert traversal.dims == [0, 1, 2, 3]
    assert sample(model, 2).shape == (2, 1, 16, 16)


def decoded(model, monkeypatch, **options) -> tuple:
    """A traversal, and the codes whose images it shows: the centre, and rows x steps x r_dim."""
    seen, decode = [], model.decode
    monkeypatch.setattr(model, 'decode', lambda r: seen.append(r) or decode(r))
    traversal = traverse(model, **options)
    codes, = seen
    return traversal, codes[0], codes[1:].unflatten(0, traversal.imgs.shape[:2])


@pytest.mark.parametrize('cfg', [cr_cfg(), categorical_cfg()], ids=['uniform', 'categorical'])
@pytest.mark.parametrize('limit', [0.5, 2.0, 3.0])
def test_traversals_show_codes_that_the_prior_can_draw(cfg, limit, monkeypatch):
    model = MODELS.build(cfg).eval()
    traversal, center, codes = decoded(model, monkeypatch, steps=5, limit=limit)
    assert model.prior.log_prob(center[None]).isfinite().all()
    assert model.prior.log_prob(codes.flatten(0, 1)).isfinite().all()
    ends = codes[range(len(codes)), :, traversal.dims][:, [0, -1]]
    np.testing.assert_allclose(ends, traversal.ranges, rtol=1e-6)


def test_uniform_codes_go_over_their_support(monkeypatch):
    traversal, center, codes = decoded(MODELS.build(cr_cfg()).eval(), monkeypatch, steps=5)
    assert center.tolist() == [0] * 5 and traversal.ranges == [(-1, 1)] * 5
    for dim, row in enumerate(codes):
        assert row[:, dim].tolist() == [-1, -0.5, 0, 0.5, 1]
        assert not row[:, [other for other in range(5) if other != dim]].any()


def test_one_class_is_on(monkeypatch):
    model = MODELS.build(categorical_cfg()).eval()
    traversal, center, codes = decoded(model, monkeypatch, steps=4)
    assert center.tolist() == [1, 0, 0, 0, 0, 0, 0]
    assert traversal.ranges == [(0, 1)] * 3 + [(-1, 1)] * 2 + [(-2, 2)] * 2
    assert codes[:3, :, :3].argmax(-1).tolist() == [[1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 2, 2]]
    assert codes[:3, :, :3].sum(-1).unique().tolist() == [1] and not codes[:3, :, 3:].any()
    base = torch.tensor([0.1, 0.2, 0.7, 0.5, 0, 0, 0])  # as an image is encoded
    _, center, codes = decoded(model, monkeypatch, steps=2, base=base)
    assert torch.equal(center, base) and torch.equal(codes[3:, :, :3], base[:3].expand(4, 2, 3))
    assert codes[:3, :, :3].argmax(-1).tolist() == [[2, 0], [2, 1], [1, 2]]


def test_r_given_z_is_traversed_as_ever_whatever_the_prior_of_z(monkeypatch):
    model = MODELS.build(model_cfg(prior=dict(type='ibgan_plugin.UniformPrior', dim=6))).eval()
    traversal, center, codes = decoded(model, monkeypatch, steps=3)
    assert traversal.ranges is None and not center.any()
    assert all(codes[row, :, dim].tolist() == [-2, 0, 2] for row, dim in enumerate(traversal.dims))
