"""One training step of any config, ours against a plain one: ``python benchmarks/bench_step.py [CONFIG] [--json OUT]``.

All variants run in turns and with one thread, since the clock of a shared machine drifts: a round is two iterations of each, of
which the second is timed, since the first finds the caches as another variant left them. ``eager`` is our step, ``compiled`` ours
through MMEngine's ``compile`` option, ``bf16`` ours as under ``--amp bf16``, ``runner`` a whole iteration of MMEngine's runner with
the hooks and the data loader of the config, and ``floor`` the time of the step's floating-point operations, every convolution
computed directly, at the rate of a large matrix product. They are in one process, which has the settings of our runner
(``ibgan_plugin.ops.cpu``), and so is ``plain tuned``, the step in plain torch (``tests/reference``: IB-GAN's published one, and
beta-VAE's; other methods have none). ``plain`` is that step as such a port runs: without these settings, which a process can not
take back, and so in a second one.

Times are medians over the rounds, ratios medians of the rounds' ratios of CPU time. The share of the runner is what its iterations
take beside the training step in them, over all rounds together, so that work done at intervals counts; validation, pictures and
checkpoints stay outside.
"""
import argparse
import json
import logging
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from interleave import Clock, OwnProcess, TurnsHook, Variant, forget, take_turns
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import MODELS, RUNNERS, init_default_scope
from torch.utils.data import Dataset

from ibgan_plugin.apis.complexity import component_costs
from ibgan_plugin.config.options import AMP_WRAPPERS
from ibgan_plugin.engine.compiler import drop_compile_without_compiler
from ibgan_plugin.engine.optim import GroupedOptimWrapperConstructor
from ibgan_plugin.models import IBGAN
from ibgan_plugin.ops import accelerate, tune_cpu
from ibgan_plugin.registry import DATASETS

sys.path.insert(0, str(Path(__file__).parents[1]))  # the reference is part of the tests, which are not installed
from tests.reference.plain_step import PlainIBGAN
from tests.reference.plain_vae import PlainVAE

CONFIGS = Path(__file__).parents[1] / 'configs' / 'ibgan'
NOISE_STD = 0.5
GEMM_SIZE = 1024


@DATASETS.register_module()
class NoiseImages(Dataset):
    """uint8 images without meaning, for configs whose data is not there: fetched a batch at a time like ours."""

    def __init__(self, channels: int, size: int, num: int = 4096) -> None:
        self.images = torch.randint(0, 256, (num, channels, size, size), dtype=torch.uint8)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return dict(inputs=self.images[index])


def load_config(name: str) -> Config:
    """A config file of any method, or the config of that name in configs/ibgan; what it builds is registered, little is logged."""
    cfg = Config.fromfile(Path(name) if name.endswith('.py') else CONFIGS / f'{name}.py')
    init_default_scope('ibgan_plugin')
    MMLogger.get_current_instance().setLevel(logging.ERROR)
    cfg.log_level = 'ERROR'
    return cfg


def build_ours(cfg: Config, compiled: bool = False, device: str = 'cpu', amp: bool = False) -> tuple[Any, Any]:
    """A model in training mode and its optimiser wrappers; with ``amp`` those of ``--amp bf16``."""
    torch.manual_seed(0)
    model = accelerate(MODELS.build(cfg.model)).to(device)
    model.init_weights()
    wrapper_cfg = {key: {**value, 'type': AMP_WRAPPERS['bf16']} if amp and isinstance(value, dict) else value
                   for key, value in cfg.optim_wrapper.items() if key != 'constructor'}
    model.train()
    if isinstance(model, IBGAN):
        model.instance_noise_std = NOISE_STD
    if compiled:
        model.train_step = torch.compile(model.train_step)  # what MMEngine's `compile` option does
    return model, GroupedOptimWrapperConstructor(wrapper_cfg)(model)


def build_plain(model: dict, learning_rates: tuple[float, ...], batch_size: int, threads: int) -> Callable[[], object]:
    """The step of one of our model configs in plain torch, an iteration a call: see :func:`has_plain_step`."""
    torch.set_num_threads(threads)
    if model['type'] == 'ibgan_plugin.VAE':
        r_dim, channels, size = (model['encoder'][key] for key in ('r_dim', 'in_channels', 'image_size'))
        imgs = torch.rand(batch_size, channels, size, size) * 2 - 1
        plain = PlainVAE(model['regulariser']['beta'], r_dim, channels, size, *learning_rates)
        return lambda: plain.step(imgs)
    channels, size = model['generator']['out_channels'], model['generator']['image_size']
    imgs = torch.rand(batch_size, channels, size, size) * 2 - 1
    plain_gan = PlainIBGAN(model, *learning_rates)
    return lambda: plain_gan.step(imgs, NOISE_STD)


def has_plain_step(model: dict) -> bool:
    """Whether there is a port to compare with: of IB-GAN in the published networks, and of the VAE and beta-VAE."""
    if model['type'] == 'ibgan_plugin.VAE':
        return model['regulariser']['type'] == 'ibgan_plugin.KLRegulariser'
    return model['type'] == 'ibgan_plugin.IBGAN' and model['generator']['type'] == 'ibgan_plugin.Generator'


def image_shape(cfg: Config) -> tuple[int, int, int]:
    """Channels, height and width of a config's images."""
    return MODELS.build(cfg.model).image_shape


def random_batch(cfg: Config, batch_size: int) -> dict[str, torch.Tensor]:
    """A batch for our step, without meaning."""
    return dict(inputs=torch.randint(0, 256, (batch_size, *image_shape(cfg)), dtype=torch.uint8))


def build_variants(cfg: Config, batch_size: int, compiled: bool, amp: bool) -> dict[str, Variant]:
    """All variants but the runner, by name."""
    batch = random_batch(cfg, batch_size)
    learning_rates = tuple(group.optimizer.lr for group in cfg.optim_wrapper.values() if isinstance(group, dict))
    arguments = cfg.model.to_dict(), learning_rates, batch_size, torch.get_num_threads()
    model, optim = build_ours(cfg)
    left, right = torch.randn(2, GEMM_SIZE, GEMM_SIZE)
    product = torch.empty(GEMM_SIZE, GEMM_SIZE)
    variants: dict[str, Variant] = {}
    if has_plain_step(cfg.model):
        variants = {'plain': OwnProcess(build_plain, *arguments), 'plain tuned': build_plain(*arguments)}
    variants |= {'eager': lambda: model.train_step(batch, optim), 'gemm': lambda: torch.mm(left, right, out=product)}
    if amp:
        half, half_optim = build_ours(cfg, amp=True)
        variants['bf16'] = lambda: half.train_step(batch, half_optim)
    if compiled:
        fast, fast_optim = build_ours(cfg, compiled=True)
        variants['compiled'] = lambda: fast.train_step(batch, fast_optim)
    return variants


def use_data(cfg: Config, batch_size: int, data_root: str | None) -> None:
    """Let the loader read from ``data_root``, or from where the config says, or give noise if there is nothing."""
    loader = cfg.train_dataloader
    loader.update(batch_size=batch_size, num_workers=0, persistent_workers=False)
    key = 'data_root' if 'data_root' in loader.dataset else 'path'
    if data_root is not None:
        loader.dataset[key] = data_root
    elif not Path(loader.dataset[key]).exists():
        channels, size, _ = image_shape(cfg)
        loader.dataset = dict(type='ibgan_plugin.NoiseImages', channels=channels, size=size)
        loader.collate_fn = dict(type='default_collate')


def run_with_runner(cfg: Config, variants: dict[str, Variant], clocks: dict[str, Clock], warm_up: int,
                    rounds: int) -> None:
    """All variants in the gaps of a run of MMEngine's runner."""
    for key in ('val_dataloader', 'val_evaluator', 'val_cfg', 'test_dataloader', 'test_evaluator', 'test_cfg'):
        cfg.pop(key, None)
    cfg.train_cfg.update(max_iters=warm_up + rounds, val_interval=warm_up + rounds + 1)
    cfg.default_hooks.update(traversal=None, checkpoint=None)
    with tempfile.TemporaryDirectory() as work_dir:
        cfg.work_dir = work_dir
        runner = RUNNERS.build(cfg)
        runner.register_hook(TurnsHook(variants, clocks, warm_up))
        runner.train()


def measure(cfg: Config, batch_size: int, rounds: int, warm_up: int, compiled: bool, runner: bool, amp: bool) -> dict[str, Any]:
    """Times of all variants in milliseconds, and their ratios."""
    flops = component_costs(cfg, batch_size)['training step'].flops
    variants = build_variants(cfg, batch_size, compiled, amp)
    clocks = {name: Clock() for name in [*variants, *(('runner', 'inner step') if runner else ())]}
    if runner:
        run_with_runner(cfg, variants, clocks, warm_up, rounds)
    else:
        for turn in range(warm_up + rounds):
            take_turns(variants, clocks)
            if turn + 1 == warm_up:
                forget(clocks)
    gemm = clocks.pop('gemm')
    clocks['floor'] = Clock()
    scale = flops / (2 * GEMM_SIZE**3)
    clocks['floor'].cpu, clocks['floor'].wall = [scale * t for t in gemm.cpu], [scale * t for t in gemm.wall]
    inner = clocks.pop('inner step', None)
    report = dict(cpu_ms={name: statistics.median(clock.cpu) for name, clock in clocks.items()},
                  wall_ms={name: statistics.median(clock.wall) for name, clock in clocks.items()},
                  gflop=flops / 1e9, gemm_gflops=2e-6 * GEMM_SIZE**3 / statistics.median(gemm.cpu))
    best = min((name for name in ('eager', 'compiled') if name in clocks), key=report['cpu_ms'].__getitem__)

    def ratio(one: str, other: str) -> float:
        return statistics.median(a / b for a, b in zip(clocks[one].cpu, clocks[other].cpu, strict=True))

    pairs = {'plain/eager': ('plain', 'eager'), 'plain/best': ('plain', best), 'floor/best': ('floor', best),
             'plain tuned/eager': ('plain tuned', 'eager'), 'eager/bf16': ('eager', 'bf16')}
    report['ratios'] = {name: ratio(*pair) for name, pair in pairs.items() if set(pair) <= clocks.keys()}
    if inner is not None:
        report['ratios']['runner overhead/step'] = sum(clocks['runner'].cpu) / sum(inner.cpu) - 1
    return report | dict(best=best)


def main() -> None:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', nargs='?', default='ibgan_dsprites', help='config file, or the name of one in configs/ibgan')
    parser.add_argument('--batch-size', type=int, default=64)
    parser.add_argument('--rounds', type=int, default=100)
    parser.add_argument('--warm-up', type=int, default=5)
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--no-compile', action='store_true', help='leave out the compiled step, which takes minutes to compile')
    parser.add_argument('--amp', action='store_true', help='ours in bfloat16 too, as --amp bf16 of tools/train.py')
    parser.add_argument('--no-runner', action='store_true', help='leave the runner out')
    parser.add_argument('--data-root', help="the data for the runner's loader (default: the config's; noise if it is not there)")
    parser.add_argument('--untuned', action='store_true', help='leave out the settings for CPUs that our launcher makes, for all '
                        'variants, so that both plain ones are the same')
    parser.add_argument('--json', type=Path, metavar='OUT', help='write cpu_ms, wall_ms and ratios there')
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    if not args.untuned:
        tune_cpu()
    cfg = load_config(args.config)
    use_data(cfg, args.batch_size, args.data_root)
    cfg.compile = not args.no_compile
    drop_compile_without_compiler(cfg)
    report = measure(cfg, args.batch_size, args.rounds, args.warm_up, cfg.pop('compile'), not args.no_runner, args.amp)
    report = dict(config=Path(args.config).stem, batch_size=args.batch_size, threads=args.threads, rounds=args.rounds, **report)
    print(f'{report["config"]}, batch {args.batch_size}, {args.threads} thread(s): {report["gflop"]:.2f} GFLOP a step, '
          f'matrix product {report["gemm_gflops"]:.0f} GFLOP/s')
    for name, cpu in report['cpu_ms'].items():
        print(f'{name:12} {cpu:8.1f} ms CPU {report["wall_ms"][name]:8.1f} ms wall')
    for name, ratio in report['ratios'].items():
        print(f'{name:22} {ratio:.3f}')
    if args.json:
        args.json.write_text(json.dumps(report, indent=2) + '\n')


if __name__ == '__main__':
    main()
