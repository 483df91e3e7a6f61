import pkgutil

import pytest
import torch
from mmengine.registry import MODELS

from ibgan_plugin.engine.optim import GroupedOptimWrapperConstructor
from tests.conftest import model_cfg, optim_cfg, trunk_cfg


class Attributes(torch.nn.Module):

    def __init__(self, modules):
        super().__init__()
        for name, module in modules.items():
            setattr(self, name, module)


def parameters(wrapper):
    return {p for group in wrapper.optimizer.param_groups for p in group['params']}


@pytest.mark.parametrize('owner', ['discriminator', 'generator'])
def test_groups_follow_the_model(owner):
    model = MODELS.build(trunk_cfg(trunk_owner=owner))
    optim = GroupedOptimWrapperConstructor(optim_cfg())(model)
    assert set(optim.keys()) == {'generator', 'discriminator'}
    assert set(model.trunk.parameters()) <= parameters(optim[owner])
    assert parameters(optim['generator']) | parameters(optim['discriminator']) == set(model.parameters())


def test_each_group_has_its_own_optimiser_rate_and_multipliers():
    model = MODELS.build(model_cfg())
    cfg = dict(
        generator=dict(optimizer=dict(type='Adam', lr=1e-3), paramwise_cfg=dict(custom_keys={'encoder': dict(lr_mult=0.1)})),
        discriminator=dict(optimizer=dict(type='RMSprop', lr=1e-5, momentum=0.9)))
    optim = GroupedOptimWrapperConstructor(cfg)(model)
    assert isinstance(optim['generator'].optimizer, torch.optim.Adam)
    assert isinstance(optim['discriminator'].optimizer, torch.optim.RMSprop)
    rates = {p: group['lr'] for group in optim['generator'].optimizer.param_groups for p in group['params']}
    assert rates[model.encoder.net[0].weight] == pytest.approx(1e-4)
    assert rates[model.generator.project[0].weight] == pytest.approx(1e-3)
    assert optim['discriminator'].get_lr()['lr'] == [1e-5]


def test_plain_models_use_submodule_names_or_lists():
    model = Attributes(dict(body=torch.nn.Linear(2, 2), neck=torch.nn.Linear(2, 2), head=torch.nn.Linear(2, 1)))
    sgd = dict(type='SGD', lr=0.1)
    optim = GroupedOptimWrapperConstructor(
        dict(head=dict(optimizer=sgd), rest=dict(optimizer=sgd, modules=['body', 'neck'])))(model)
    assert parameters(optim['head']) == set(model.head.parameters())
    assert parameters(optim['rest']) == {*model.body.parameters(), *model.neck.parameters()}


@pytest.mark.parametrize(('cfg', 'message'), [
    (dict(generator=dict(optimizer=dict(type='SGD', lr=1))), "no group of optim_wrapper .generator. trains 'discriminator"),
    (dict(**optim_cfg(), encoder=dict(optimizer=dict(type='SGD', lr=1))),
     "'encoder.net.0.weight' is in two groups .*'generator' and 'encoder'"),
    (dict(**optim_cfg(), critic=dict(optimizer=dict(type='SGD', lr=1))),
     "optim_wrapper.critic names 'critic', which is no submodule of IBGAN"),
    (dict(**optim_cfg(), lr=0.1), 'optim_wrapper.lr must be a dict .* got 0.1'),
])
def test_mistakes(cfg, message):
    with pytest.raises(ValueError, match=message):
        GroupedOptimWrapperConstructor(cfg)(MODELS.build(model_cfg()))


def test_multipliers_are_refused_where_mmengine_can_not_make_them(monkeypatch):
    monkeypatch.delattr(pkgutil, 'find_loader', raising=False)  # as in Python 3.14
    group = dict(optimizer=dict(type='Adam', lr=1e-3), paramwise_cfg=dict(custom_keys={'encoder': dict(lr_mult=0.1)}))
    with pytest.raises(ValueError, match=r'optim_wrapper.generator.paramwise_cfg can not be used with Python 3\.14'):
        GroupedOptimWrapperConstructor(dict(generator=group))(MODELS.build(model_cfg()))


def test_paramwise_cfg_outside_a_group():
    with pytest.raises(ValueError, match='must be given inside each group'):
        GroupedOptimWrapperConstructor(optim_cfg(), dict(custom_keys={}))
