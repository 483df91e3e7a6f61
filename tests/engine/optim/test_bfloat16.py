import torch
from mmengine.registry import OPTIM_WRAPPERS

from tests.conftest import batch, build, model_cfg


def test_networks_compute_in_bfloat16_and_all_else_in_float32(monkeypatch):
    model, optim = build(model_cfg())
    for name, wrapper in list(optim.items()):
        cfg = dict(type='ibgan_plugin.BFloat16OptimWrapper', optimizer=wrapper.optimizer)
        optim.optim_wrappers[name] = OPTIM_WRAPPERS.build(cfg)
    seen = []
    model.generator.register_forward_hook(lambda module, inputs, output: seen.append((inputs[0].dtype, output.dtype)))
    log_vars = model.train_step(batch(), optim)
    assert seen == [(torch.float32, torch.bfloat16)], 'r is drawn in float32'
    assert {value.dtype for value in log_vars.values()} == {torch.float32}
    assert {value.dtype for value in model.state_dict().values()} <= {torch.float32, torch.int64}
    states = [value for wrapper in optim.values() for state in wrapper.optimizer.state.values() for value in state.values()]
    assert {value.dtype for value in states if torch.is_tensor(value) and value.is_floating_point()} == {torch.float32}


def test_a_step_is_that_of_float32_but_for_rounding():
    torch.manual_seed(1)
    model, optim = build(model_cfg())
    plain = model.state_dict()
    logs = []
    for wrapper_type in ('OptimWrapper', 'ibgan_plugin.BFloat16OptimWrapper'):
        torch.manual_seed(1)
        model, optim = build(model_cfg())
        model.load_state_dict(plain)
        for name, wrapper in list(optim.items()):
            optim.optim_wrappers[name] = OPTIM_WRAPPERS.build(dict(type=wrapper_type, optimizer=wrapper.optimizer))
        torch.manual_seed(2)
        logs.append(model.train_step(batch(), optim))
    for key, value in logs[0].items():
        torch.testing.assert_close(logs[1][key], value, rtol=0.02, atol=0.02)
    assert not torch.equal(logs[0]['loss_gen'], logs[1]['loss_gen'])
