"""What each fast twin is worth on this processor: ``python benchmarks/bench_twins.py [CONFIG] [--rounds N]``.

Times our training step with all twins, without one kind at a time, and with none, in turns and with one thread. A ratio above 1
is how many times longer the step is without it: twins are for all processors or for none, so each must pay, or cost nothing, on
all that are at hand. Times are medians over the rounds, ratios medians of the rounds' ratios of CPU time.
"""
import argparse
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from bench_step import build_ours, load_config, random_batch
from interleave import Clock, Variant, forget, take_turns
from mmengine.config import Config

from ibgan_plugin.ops import tune_cpu
from ibgan_plugin.ops.accelerate import TWINS

WARM_UP = 2


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', nargs='?', default='ibgan_dsprites', help='config file, or the name of one in configs/ibgan')
    parser.add_argument('--batch-size', type=int, default=64)
    parser.add_argument('--rounds', type=int, default=15)
    return parser.parse_args()


@contextmanager
def without(names: set[str]) -> Iterator[None]:
    """Models are accelerated without the twins of these names."""
    every = dict(TWINS)
    TWINS.update({plain: tuple(twin for twin in twins if twin.__name__ not in names) for plain, twins in every.items()})
    try:
        yield
    finally:
        TWINS.update(every)


def build_step(cfg: Config, batch_size: int, missing: set[str]) -> tuple[Callable[[], object], set[str]]:
    """Our step without some twins, and the names of those that it has."""
    with without(missing):
        model, optim = build_ours(cfg)
    batch = random_batch(cfg, batch_size)
    kinds = {twin for twins in TWINS.values() for twin in twins}
    return lambda: model.train_step(batch, optim), {kind.__name__ for kind in kinds for m in model.modules() if isinstance(m, kind)}


def main() -> None:
    """Measure and print a line for each kind of twin."""
    args = parse_args()
    torch.set_num_threads(1)
    tune_cpu()
    cfg = load_config(args.config)
    everything, names = build_step(cfg, args.batch_size, set())
    variants: dict[str, Variant] = {'all': everything}
    variants |= {name: build_step(cfg, args.batch_size, {name})[0] for name in sorted(names)}
    variants['any'] = build_step(cfg, args.batch_size, names)[0]
    clocks = {name: Clock() for name in variants}
    for turn in range(WARM_UP + args.rounds):
        take_turns(variants, clocks)
        if turn + 1 == WARM_UP:
            forget(clocks)
    print(f'{args.config}, batch {args.batch_size}, all twins: {statistics.median(clocks["all"].cpu):.1f} ms')
    for name, clock in list(clocks.items())[1:]:
        ratio = statistics.median(a / b for a, b in zip(clock.cpu, clocks['all'].cpu, strict=True))
        print(f'without {name:24} {statistics.median(clock.cpu):7.1f} ms  {ratio:.3f} times')


if __name__ == '__main__':
    main()
