import pytest
import torch
from torch import nn

from ibgan_plugin.models import LayoutGenerator
from ibgan_plugin.models.networks.layout import StyledStage, cosines
from ibgan_plugin.ops import accelerate
from tests.conftest import SIZE, batch, build, snapshot, spectral_cfg


def layout_cfg(**changes) -> dict:
    """The small model with spectral norm whose G is a layout and styles."""
    generator = dict(type='ibgan_plugin.LayoutGenerator', r_dim=4, base_channels=4, hidden_dim=16, num_cosines=2, image_size=SIZE)
    return spectral_cfg(generator=generator, **changes)


def test_cosines_are_orthonormal_where_codes_are_normal():
    features = cosines(torch.randn(200_000, 1, generator=torch.Generator().manual_seed(0)), num=4)  # N x 4
    assert features.mean(0).abs().max() < 0.01
    assert torch.allclose(features.T @ features / len(features), torch.eye(4), atol=0.02)


def test_cosines_are_of_each_code_alone():
    r = torch.randn(3, 2)
    both = cosines(r, num=3).unflatten(1, (3, 2))
    assert torch.equal(both[:, :, 1], cosines(r[:, 1:], num=3))


@pytest.mark.parametrize('size', [16, 32, 64])
@pytest.mark.parametrize('channels', [1, 3])
def test_shapes_fit_at_every_size(size, channels):
    imgs = LayoutGenerator(5, channels, 4, 8, 2, size)(torch.randn(3, 5))
    assert imgs.shape == (3, channels, size, size)
    assert imgs.abs().max() <= 1


def test_impossible_image_size():
    with pytest.raises(ValueError, match='power of two from 16 to 4096, got 8192'):
        LayoutGenerator(image_size=8192)


def test_layers_are_those_of_the_recipe():
    generator = LayoutGenerator()
    assert [m.out_channels for m in generator.modules() if isinstance(m, nn.ConvTranspose2d)] == [32, 16, 16, 1]
    assert sum(p.numel() for p in generator.parameters()) == 69_121


@torch.no_grad()
def test_the_first_two_codes_draw_rows_and_columns_and_the_others_nothing():
    generator = LayoutGenerator(6, 1, 4, 8, 3, 16).eval()
    maps = []
    generator.layout.register_forward_hook(lambda module, inputs, outputs: maps.append(inputs[0]))
    base = torch.randn(1, 6)
    changed = [base.index_fill(1, torch.tensor([code]), 2.0) for code in range(6)]
    for r in (base, *changed):
        generator(r)
    first, *others = maps  # 1 x C x 4 x 4 each
    rows, columns, *rest = [other - first for other in others]
    assert rows.abs().max() > 0
    assert torch.allclose(rows, rows[..., :1].expand_as(rows), atol=1e-6)
    assert columns.abs().max() > 0
    assert torch.allclose(columns, columns[:, :, :1].expand_as(columns), atol=1e-6)
    assert all(difference.abs().max() == 0 for difference in rest)


@torch.no_grad()
@pytest.mark.parametrize('code', range(6))
def test_every_code_changes_the_image(code):
    generator = LayoutGenerator(6, 1, 4, 8, 3, 16).eval()
    r = torch.zeros(1, 6)
    assert (generator(r) - generator(r.index_fill(1, torch.tensor([code]), 1.0))).abs().max() > 0


def test_styles_scale_and_shift_channels():
    stage = StyledStage(nn.Conv2d(1, 2, 1)).eval()
    features, nothing = torch.randn(1, 1, 4, 4), torch.zeros(1, stage.num_styles)
    plain = stage.norm(stage.conv(features))
    assert torch.equal(stage(features, nothing), plain.relu())
    style = torch.tensor([[1.0, 0.0, 0.0, 3.0]])  # gains of both channels, then shifts
    assert torch.allclose(stage(features, style), torch.stack([2 * plain[:, 0], plain[:, 1] + 3], dim=1).relu())


def test_a_step_trains_every_parameter_of_it():
    torch.manual_seed(0)
    model, optim = build(layout_cfg())
    accelerate(model)
    before = snapshot(model.generator)
    log_vars = model.train_step(batch(SIZE), optim)
    assert all(torch.isfinite(torch.as_tensor(value)).all() for value in log_vars.values())
    unchanged = [name for name, p in model.generator.named_parameters() if torch.equal(p, before[name])]
    assert not unchanged
