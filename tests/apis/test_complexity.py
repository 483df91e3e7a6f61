import pytest

from ibgan_plugin.apis.complexity import component_costs, format_costs
from tests.conftest import model_cfg, spectral_cfg, trunk_cfg


def test_linear_layers_by_hand():
    cfg = model_cfg(encoder=dict(type='ibgan_plugin.Encoder', z_dim=6, r_dim=4, hidden_dims=(10, )))
    cost = component_costs(cfg, batch_size=3)['encoder']
    assert cost.parameters == 6 * 10 + 10 + 10 * 8 + 8
    assert cost.flops == 2 * 3 * (6 * 10 + 10 * 8)


@pytest.mark.parametrize(('cfg', 'trunk_passes', 'q_passes'), [
    (model_cfg(), 0, 3), (trunk_cfg(), 8, 3), (trunk_cfg(trunk_owner='generator'), 5, 3), (spectral_cfg(), 8, 5)])
def test_a_step_is_the_sum_of_its_passes(cfg, trunk_passes, q_passes):
    costs = component_costs(cfg)
    step = costs.pop('training step')
    passes = dict(encoder=3, generator=3, reconstructor=q_passes, discriminator=8, trunk=trunk_passes)
    assert step.flops == sum(passes[name] * cost.flops for name, cost in costs.items())
    assert step.parameters == sum(cost.parameters for cost in costs.values())
    assert ('trunk' in costs) == (trunk_passes > 0)


def test_table_has_a_line_a_component():
    table = format_costs(component_costs(model_cfg())).splitlines()
    names = [line.split('  ')[0] for line in table]
    assert names == ['component', 'encoder', 'generator', 'discriminator', 'reconstructor', 'training step']
