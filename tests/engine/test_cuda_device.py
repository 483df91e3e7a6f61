"""On a CUDA device, which ``--cuda`` lets tests see: graphs, precision, synchronisation, and one process over NCCL."""
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MessageHub
from mmengine.optim import build_optim_wrapper

from ibgan_plugin.engine.cuda_graph import WARM_UP, GraphedStep, why_not_captured
from ibgan_plugin.engine.hooks import HealthHook
from ibgan_plugin.engine.optim import GroupedOptimWrapperConstructor
from ibgan_plugin.evaluation.image.extractors import TorchScriptExtractor
from ibgan_plugin.models.base import KL_PER_DIM
from ibgan_plugin.registry import MODELS
from tests.conftest import batch, model_cfg, trunk_cfg
from tests.evaluation.stand_ins import Tiny, pictures

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason='needs CUDA, and pytest --cuda')
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def full_float32():
    """Products in all of float32's bits, so that two ways of one computation can be compared."""
    before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    yield
    torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = before


def on_cuda(cfg, wrapper='OptimWrapper', **optimizer):
    """A model on the device and its optimisers."""
    torch.manual_seed(0)
    model = MODELS.build(cfg).cuda().train()
    model.instance_noise_std = 0.5
    side = dict(type=wrapper, optimizer=dict(**{**dict(type='RMSprop', lr=1e-4, momentum=0.9), **optimizer}))
    return model, GroupedOptimWrapperConstructor(dict(generator=side, discriminator=side))(model)


def weights(model):
    """All weights as one vector."""
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()]).clone()


def train(step, iterations, schedule):
    """Losses of some iterations, each seeded by its number; ``schedule`` sets the numbers of one."""
    logs = []
    for iteration in range(iterations):
        schedule(iteration)
        torch.manual_seed(iteration)
        data = batch(8)
        logs.append({key: float(value) for key, value in step(data).items()})
    return logs


@pytest.mark.parametrize('cfg', [model_cfg(), trunk_cfg()], ids=['separate', 'shared_trunk'])
@pytest.mark.parametrize('optimizer', [dict(type='RMSprop', momentum=0.9), dict(type='Adam', momentum=None),
                                       dict(type='Adam', momentum=None, fused=True)], ids=['rmsprop', 'adam', 'fused_adam'])
def test_a_graph_trains_as_the_step_does(cfg, optimizer):
    optimizer = {key: value for key, value in optimizer.items() if value is not None}
    runs = []
    for graphed in (False, True):
        torch.manual_seed(0)
        model = MODELS.build(cfg).cuda().train()
        start = weights(model)
        side = dict(type='OptimWrapper', optimizer=dict(lr=1e-4, **optimizer))
        optim = GroupedOptimWrapperConstructor(dict(generator=side, discriminator=side))(model)

        def schedule(iteration, model=model, optim=optim):
            model.instance_noise_std = 0.5 - iteration / 100
            model.kl_loss.beta = 0.1 + iteration / 50
            for wrapper in optim.values():
                wrapper.param_groups[0]['lr'] = 1e-4 * (1 + iteration % 3)

        step = GraphedStep(model, optim, [(model, 'instance_noise_std'), (model.kl_loss, 'beta')]) if graphed else (
            lambda data, model=model, optim=optim: model.train_step(data, optim))
        runs.append((train(step, 12, schedule), model, optim))
    (logs, model, _), (graph_logs, graph_model, graph_optim) = runs
    for one, other in zip(logs, graph_logs, strict=True):
        assert one.keys() == other.keys()
        for key in one:
            assert other[key] == pytest.approx(one[key], rel=0.03, abs=0.03), key
    way, graph_way = weights(model) - start, weights(graph_model) - start
    assert (way - graph_way).norm() < 0.2 * way.norm(), 'adaptive optimisers turn rounding of tiny gradients into whole steps'
    for wrapper in graph_optim.values():
        assert type(wrapper.param_groups[0]['lr']) is float
        assert not wrapper.param_groups[0].get('capturable')
    assert type(graph_model.instance_noise_std) is float and type(graph_model.kl_loss.beta) is float


@pytest.mark.parametrize('name', ['ibgan/ibgan_quick_dsprites.py', 'ibgan/gan_fast_dsprites.py', 'ibgan/ibgan_fast_celeba.py',
                                  'vae/beta_vae_fast_dsprites.py', 'vae/factor_vae_fast_dsprites.py'])
def test_recipes_train_as_graphs(name):
    cfg = Config.fromfile(ROOT / 'configs' / name)
    model = MODELS.build(cfg.model).cuda().train()
    optim = build_optim_wrapper(model, cfg.optim_wrapper)
    assert why_not_captured(model, optim) is None
    step = GraphedStep(model, optim)
    start = weights(model)
    for _ in range(WARM_UP + 3):
        imgs = torch.randint(0, 256, (8, 3 if 'celeba' in name else 1, 64, 64), dtype=torch.uint8)
        log_vars = step({'inputs': imgs})
    assert all(value.isfinite() for value in log_vars.values())
    assert not torch.equal(weights(model), start)


def test_numbers_of_hooks_reach_the_graph():
    """With rates of 0 nothing is learnt, with a beta of 0 the loss of KL is 0: in the graph as they stand at each iteration."""
    model, optim = on_cuda(model_cfg())
    step = GraphedStep(model, optim, [(model.kl_loss, 'beta')])
    for _ in range(WARM_UP + 2):
        step(batch(8))
    model.kl_loss.beta = 0.
    assert float(step(batch(8))['loss_kl']) == 0
    for wrapper in optim.values():
        for group in wrapper.param_groups:
            group['lr'] = 0.
    for state in (state for wrapper in optim.values() for state in wrapper.optimizer.state.values()):
        state['momentum_buffer'].zero_()
    before = {name: value.clone() for name, value in model.named_parameters()}
    step(batch(8))
    assert all(torch.equal(before[name], value) for name, value in model.named_parameters())


def test_a_batch_of_another_size_takes_the_step_as_it_is():
    model, optim = on_cuda(model_cfg())
    step = GraphedStep(model, optim)
    for _ in range(WARM_UP + 2):
        step(batch(8))
    assert all(value.isfinite() for value in step(batch(5)).values())
    log_vars = step(batch(8))
    assert all(value.isfinite() for value in log_vars.values())
    kl = MessageHub.get_current_instance().get_info(KL_PER_DIM)  # of the newest batch, though the other step has published its own
    assert float(kl.sum()) == pytest.approx(float(log_vars['mi_upper_bound']), rel=1e-3)


def test_a_number_that_no_hook_of_ours_sets_ends_the_graph():
    model, optim = on_cuda(model_cfg())
    step = GraphedStep(model, optim)
    for _ in range(WARM_UP + 2):
        step(batch(8))
    model.kl_loss.beta = 0.
    assert float(step(batch(8))['loss_kl']) == 0
    model.kl_loss.beta = 1.
    assert float(step(batch(8))['loss_kl']) != 0


def test_losses_may_be_numbers_and_lie_anywhere():
    class Runner:
        model = MODELS.build(model_cfg()).cuda()

    hook = HealthHook()
    hook._losses = [(0, 'number', 1.0), (0, 'on the CPU', torch.ones(())), (0, 'on the device', torch.ones(2, device='cuda'))]
    hook._look(Runner)
    assert not hook._losses


def test_a_frozen_script_goes_to_the_device(tmp_path):
    imgs = pictures(6)
    script = torch.jit.freeze(torch.jit.trace(Tiny().eval(), torch.zeros(2, 3, 16, 16)))
    torch.jit.save(script, str(tmp_path / 'frozen.pt'))
    extractor = TorchScriptExtractor(tmp_path / 'frozen.pt')
    expected = extractor(imgs).features
    for device in ('cuda', 'cpu'):
        features = extractor.to(device)(imgs).features
        assert features.device.type == device
        torch.testing.assert_close(features.cpu(), expected, rtol=1e-4, atol=1e-4)


def test_no_step_waits_for_the_device():
    model, optim = on_cuda(model_cfg())
    step = GraphedStep(model, optim)
    pinned = [{'inputs': batch(8)['inputs'].pin_memory()} for _ in range(3)]
    there = {'inputs': batch(8)['inputs'].cuda()}
    for _ in range(WARM_UP + 2):
        step(batch(8))
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode('error')
    try:
        for data in pinned:
            step(data)
            model.train_step(there, optim)
        with pytest.raises(RuntimeError, match='synchroniz'):
            torch.ones(1, device='cuda').item()
    finally:
        torch.cuda.set_sync_debug_mode('default')


@pytest.mark.parametrize(('change', 'reason'), [
    (lambda model, optim: setattr(model, 'same_every_step', False), 'not all alike'),
    (lambda model, optim: setattr(optim['generator'], '_accumulative_counts', 2), 'accumulated')])
def test_what_is_not_captured_has_a_reason(change, reason):
    model, optim = on_cuda(model_cfg())
    assert why_not_captured(model, optim) is None
    change(model, optim)
    assert reason in why_not_captured(model, optim)


def test_scaled_losses_are_not_captured():
    assert 'fp16' in why_not_captured(*on_cuda(model_cfg(), 'AmpOptimWrapper'))


@pytest.mark.parametrize('wrapper', ['AmpOptimWrapper', 'ibgan_plugin.BFloat16OptimWrapper'])
@pytest.mark.parametrize('graphed', [False, True])
def test_mixed_precision_trains(wrapper, graphed):
    if graphed and wrapper == 'AmpOptimWrapper':
        pytest.skip('not captured')
    model, optim = on_cuda(model_cfg(), wrapper)
    step = GraphedStep(model, optim) if graphed else (lambda data: model.train_step(data, optim))
    for _ in range(WARM_UP + 4):
        log_vars = step(batch(8))
    assert all(value.isfinite() for value in log_vars.values())
    assert all(parameter.dtype == torch.float32 for parameter in model.parameters())


def tool(*args, tmp_path, iters=30):
    """A short training by the tool on the device."""
    return [sys.executable, *args, 'configs/ibgan/ibgan_quick_dsprites.py', '--work-dir', str(tmp_path), '--device', 'cuda',
            '--cfg-options', f'train_cfg.max_iters={iters}', 'train_cfg.val_interval=1000', 'default_hooks.checkpoint.interval=10',
            'default_hooks.logger.interval=10', 'default_hooks.traversal=None', 'val_dataloader=None', 'val_cfg=None',
            'val_evaluator=None', 'env_cfg.tf32=False', 'env_cfg.cudnn_benchmark=False']


def run(command, **kwargs):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, **kwargs)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout + done.stderr


def test_a_run_with_graphs_goes_on_exactly_after_a_stop(tmp_path):
    whole, parts = tmp_path / 'whole', tmp_path / 'parts'
    run([*tool('tools/train.py', tmp_path=whole), 'env_cfg.cuda_graphs=True'])
    run([*tool('tools/train.py', tmp_path=parts, iters=20), 'env_cfg.cuda_graphs=True'])
    command = tool('tools/train.py', tmp_path=parts)
    run([*command[:3], '--resume', *command[3:], 'env_cfg.cuda_graphs=True'])
    one, other = (torch.cat([value.float().flatten() for value in torch.load(path / 'iter_30.pth', weights_only=True)[
        'state_dict'].values()]) for path in (whole, parts))
    assert (one - other).norm() < 0.02 * one.norm()


def test_a_resumed_run_counts_its_steps_where_a_new_one_does(tmp_path):
    """On the device each step of Adam would wait for it."""
    sides = [f'optim_wrapper.{side}.optimizer.fused=False' for side in ('generator', 'discriminator')]
    plain = ['env_cfg.cuda_graphs=False', *sides]
    run([*tool('tools/train.py', tmp_path=tmp_path, iters=10), *plain])
    on = tool('tools/train.py', tmp_path=tmp_path, iters=20)
    run([*on[:3], '--resume', *on[3:], *plain])
    for iteration in (10, 20):
        optimizers = torch.load(tmp_path / f'iter_{iteration}.pth', weights_only=True)['optimizer'].values()
        states = [state for optimizer in optimizers for state in optimizer['state'].values()]
        assert {state['step'].device.type for state in states} == {'cpu'}
        assert {state['exp_avg'].device.type for state in states} == {'cuda'}


def test_one_process_over_nccl_with_synchronised_batchnorm(tmp_path):
    output = run([*tool('-m', 'torch.distributed.run', '--standalone', '--nproc_per_node=1', 'tools/train.py', tmp_path=tmp_path),
                  'model.sync_bn=True', 'env_cfg.cuda_graphs=True', '--launcher', 'pytorch'])
    assert 'since the run is distributed' in output
    assert (tmp_path / 'iter_30.pth').exists()
