"""One training step on a CUDA device, ours against a plain one: ``python benchmarks/bench_cuda.py [CONFIG...] [--json OUT]``.

``plain`` is the published step in plain torch (``tests/reference``), ``plain compiled`` its networks through ``torch.compile``,
``plain graph`` the whole of it as a CUDA graph; ``ours`` is our step and ``ours graph`` the same as ``env_cfg.cuda_graphs`` runs
it. Each in float32 (products rounded to TF32) and in bfloat16 (autocast), for several batch sizes. All variants of a row run in
turns, a turn is some steps back to back with one wait at the end; a time is the median of the turns' wall time a step, and
``host`` what the host needs to launch one. ``ratio`` is plain over ours with a graph, of the same turns.
"""
import argparse
import contextlib
import copy
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from bench_step import NOISE_STD, build_ours, has_plain_step, load_config, random_batch
from mmengine.config import Config

from ibgan_plugin.engine.cuda_graph import GraphedStep

sys.path.insert(0, str(Path(__file__).parents[1]))  # the reference is part of the tests, which are not installed
from tests.reference.plain_step import PlainIBGAN

PRECISIONS = {'tf32': contextlib.nullcontext, 'bf16': lambda: torch.autocast('cuda', torch.bfloat16)}


def plain_graph(step: Callable[[], object], optimizers: list[torch.optim.Optimizer]) -> Callable[[], object]:
    """A step whose inputs never change as a graph."""
    for group in (group for optimizer in optimizers for group in optimizer.param_groups):
        group['capturable'] = True
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    for optimizer in optimizers:
        optimizer.zero_grad()  # a gradient from before the capture would be added to, and then be freed
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()

    def replay(keep: object = step) -> None:  # the graph does not keep its weights alive
        graph.replay()

    return replay


def plain_variants(cfg: Config, batch_size: int, precision: str, compiled: bool) -> dict[str, Callable[[], object]]:
    """The published step, as it is, compiled and as a graph."""
    model = cfg.model.to_dict()
    rates = [group.optimizer.lr for group in cfg.optim_wrapper.values() if isinstance(group, dict)]
    channels, size = model['generator']['out_channels'], model['generator']['image_size']
    imgs = torch.rand(batch_size, channels, size, size, device='cuda') * 2 - 1

    def build(networks: Callable[[torch.nn.Module], Any] = lambda module: module) -> tuple[Callable[[], object], list]:
        torch.manual_seed(0)
        plain = PlainIBGAN(model, *rates).cuda()
        optimizers = [plain.optim_d, plain.optim_g]
        for name, part in list(plain.named_children()):
            setattr(plain, name, networks(part))

        def step() -> None:
            with PRECISIONS[precision]():
                plain.step(imgs, NOISE_STD)

        return step, optimizers

    variants = {'plain': build()[0]}
    if compiled:
        torch._functorch.config.donated_buffer = False  # the published step goes back through one graph twice
        variants['plain compiled'] = build(torch.compile)[0]
    return variants | {'plain graph': plain_graph(*build())}


def our_variants(cfg: Config, batch_size: int, precision: str) -> dict[str, Callable[[], object]]:
    """Our step, and as a graph."""
    cfg = copy.deepcopy(cfg)
    if precision == 'bf16':
        for group in cfg.optim_wrapper.values():
            if isinstance(group, dict):
                group.type = 'ibgan_plugin.BFloat16OptimWrapper'
    batch = {key: value.pin_memory() for key, value in random_batch(cfg, batch_size).items()}
    (model, optim), (other, other_optim) = (build_ours(cfg, device='cuda') for _ in range(2))
    graphed = GraphedStep(other, other_optim, [(other, 'instance_noise_std')])
    return {'ours': lambda: model.train_step(batch, optim), 'ours graph': lambda: graphed(batch)}


def measure(variants: dict[str, Callable[[], object]], turns: int, steps: int) -> dict[str, dict[str, float]]:
    """Median wall and host time of a step in milliseconds, of each variant; the first two turns of each do not count."""
    wall: dict[str, list[float]] = {name: [] for name in variants}
    host: dict[str, list[float]] = {name: [] for name in variants}
    for turn in range(turns + 2):
        for name, step in variants.items():
            torch.cuda.synchronize()
            start = time.perf_counter()
            for _ in range(steps):
                step()
            launched = time.perf_counter()
            torch.cuda.synchronize()
            if turn > 1:
                wall[name].append(1e3 * (time.perf_counter() - start) / steps)
                host[name].append(1e3 * (launched - start) / steps)
    ratio = statistics.median(a / b for a, b in zip(wall['plain'], wall['ours graph'], strict=True)) if 'plain' in wall else None
    return dict(wall_ms={name: statistics.median(times) for name, times in wall.items()},
                host_ms={name: statistics.median(times) for name, times in host.items()}, **({'ratio': ratio} if ratio else {}))


def main() -> None:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('configs', nargs='*', default=['ibgan_dsprites', 'ibgan_celeba'],
                        help='config files, or names of those in configs/ibgan')
    parser.add_argument('--batch-sizes', type=int, nargs='+', default=[64, 256])
    parser.add_argument('--turns', type=int, default=7)
    parser.add_argument('--steps', type=int, default=20, help='steps in a turn')
    parser.add_argument('--compile', action='store_true', help='measure torch.compile too, which takes minutes to compile')
    parser.add_argument('--json', type=Path, metavar='OUT', help='write all times there')
    args = parser.parse_args()
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = torch.backends.cudnn.benchmark = True
    rows = []
    for name in args.configs:
        cfg = load_config(name)
        for batch_size in args.batch_sizes:
            for precision in PRECISIONS:
                variants = plain_variants(cfg, batch_size, precision, args.compile) if has_plain_step(cfg.model) else {}
                variants |= our_variants(cfg, batch_size, precision)
                row = dict(config=Path(name).stem, batch_size=batch_size, precision=precision, **measure(
                    variants, args.turns, args.steps))
                rows.append(row)
                times = ', '.join(f'{key} {value:.2f} (host {row["host_ms"][key]:.2f})' for key, value in row['wall_ms'].items())
                print(f'{row["config"]}, batch {batch_size}, {precision}: {times} ms; ratio {row.get("ratio", 0):.2f}', flush=True)
    if args.json:
        device = torch.cuda.get_device_name()
        args.json.write_text(json.dumps(dict(device=device, torch=torch.__version__, rows=rows), indent=2) + '\n')


if __name__ == '__main__':
    main()
