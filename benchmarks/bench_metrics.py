"""Time of what the metrics do not leave to a library, beside the straightforward way: one sampling loop per vote or batch.

``python benchmarks/bench_metrics.py [--metrics factor_vae] [--json OUT]``. The straightforward versions below are written as
the definitions read, with scikit-learn's estimators one factor at a time; they draw the same samples, and the scores are
printed beside each other. Times are wall and CPU seconds, with child processes, the least of several rounds. Last comes the
time of the whole protocol ``study``.
"""
import argparse
import resource
import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from joblib.externals.loky import get_reusable_executor
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from ibgan_plugin.datasets.ground_truth import FactorGrid
from ibgan_plugin.evaluation.disentanglement.codes import CodeTable
from ibgan_plugin.evaluation.disentanglement.dci import completeness, disentanglement
from ibgan_plugin.evaluation.disentanglement.protocols import STUDY
from ibgan_plugin.evaluation.disentanglement.suite import SUITE, score
from ibgan_plugin.utils.strict_json import write_json

DSPRITES = FactorGrid(('shape', 'scale', 'orientation', 'posX', 'posY'), (3, 6, 40, 32, 32))
NUM_CODES = 10


def make_codes(grid: FactorGrid) -> np.ndarray:
    """Codes [len(grid), 10]: noisy mixtures of neighbouring factors, then noise."""
    factors = grid.to_factors(np.arange(len(grid))).astype(np.float64)
    z = (factors - factors.mean(axis=0)) / factors.std(axis=0)
    codes = 0.3 * np.random.RandomState(0).standard_normal((len(grid), NUM_CODES))
    codes[:, :5] += z + 0.5 * np.roll(z, 1, axis=1)
    return codes


def draw(grid: FactorGrid, codes: np.ndarray, num: int, batch_size: int, rng: np.random.RandomState) -> tuple:
    """Codes [num, C] and factors [num, F], a batch at a time."""
    rows, factors = [], []
    for first in range(0, num, batch_size):
        batch = grid.sample_factors(min(batch_size, num - first), rng)
        rows.append(codes[grid.to_index(batch)])
        factors.append(batch)
    return np.concatenate(rows), np.concatenate(factors)


def loop_factor_vae(grid, codes, rng, *, num_train, num_eval, batch_size, num_variance_estimate, prune_threshold):
    """FactorVAE score, one vote at a time."""
    variances = codes[grid.to_index(grid.sample_factors(num_variance_estimate, rng))].var(axis=0, ddof=1)
    active = np.sqrt(variances) >= prune_threshold

    def votes(num):
        counts = np.zeros((grid.num_factors, int(active.sum())))
        for _ in range(num):
            fixed = rng.randint(grid.num_factors)
            factors = grid.sample_factors(batch_size, rng)
            factors[:, fixed] = factors[0, fixed]
            local = codes[grid.to_index(factors)].var(axis=0, ddof=1)
            counts[fixed, np.argmin(local[active] / variances[active])] += 1
        return counts
    train, evaluated = votes(num_train), votes(num_eval)
    return evaluated[train.argmax(axis=0), np.arange(train.shape[1])].sum() / num_eval


def loop_beta_vae(grid, codes, rng, *, num_train, num_eval, batch_size, inverse_penalty, max_iter):
    """BetaVAE score, one batch of pairs at a time."""
    def features(num):
        points, labels = np.empty((num, codes.shape[1])), np.empty(num, dtype=int)
        for i in range(num):
            shared = rng.randint(grid.num_factors)
            first, second = grid.sample_factors(batch_size, rng), grid.sample_factors(batch_size, rng)
            second[:, shared] = first[:, shared]
            points[i] = np.abs(codes[grid.to_index(first)] - codes[grid.to_index(second)]).mean(axis=0)
            labels[i] = shared
        return points, labels
    model = LogisticRegression(C=inverse_penalty, max_iter=max_iter).fit(*features(num_train))
    return model.score(*features(num_eval))


def loop_dci(grid, codes, rng, *, num_train, num_test, batch_size, model, model_args):
    """DCI, one gradient boosting classifier after the other."""
    train, factors = draw(grid, codes, num_train, batch_size, rng)
    test, test_factors = draw(grid, codes, num_test, batch_size, rng)
    importance, accuracies = np.empty((train.shape[1], factors.shape[1])), []
    for k in range(factors.shape[1]):
        fitted = GradientBoostingClassifier(**model_args, random_state=0).fit(train, factors[:, k])
        importance[:, k] = fitted.feature_importances_
        accuracies.append((fitted.score(train, factors[:, k]), fitted.score(test, test_factors[:, k])))
    return disentanglement(importance), completeness(importance), *np.mean(accuracies, axis=0)


LOOPS: dict[str, tuple[Callable, tuple[str, ...]]] = {
    'factor_vae': (loop_factor_vae, ('eval_accuracy',)), 'beta_vae': (loop_beta_vae, ('eval_accuracy',)),
    'dci': (loop_dci, ('disentanglement', 'completeness', 'informativeness_train', 'informativeness_test'))}


def cpu_seconds() -> float:
    """CPU time of this process and of its finished children."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def timed(function: Callable[[], Any], rounds: int) -> dict[str, Any]:
    """Value, and least wall and CPU seconds over ``rounds`` (worker processes are started and ended in each)."""
    results = []
    for _ in range(rounds):
        wall, cpu = time.perf_counter(), cpu_seconds()
        value = function()
        wall = time.perf_counter() - wall
        get_reusable_executor().shutdown(wait=True)
        results.append((value, wall, cpu_seconds() - cpu))
    return {'value': results[-1][0], 'wall': min(result[1] for result in results), 'cpu': min(result[2] for result in results)}


def main() -> None:
    """Time, compare, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--metrics', default=','.join(LOOPS), help='names separated by commas; dci takes several minutes')
    parser.add_argument('--rounds', type=int, default=3, help='rounds of each, but one of the straightforward dci')
    parser.add_argument('--json', help='write the times to this file')
    args = parser.parse_args()
    warnings.simplefilter('ignore')
    codes = make_codes(DSPRITES)
    table = CodeTable.from_grid(codes, DSPRITES.sizes)
    names = args.metrics.split(',')
    report: dict[str, Any] = {}
    for name in names:
        loop, keys = LOOPS[name]
        ours = timed(partial(SUITE[name].compute, table, seed=0, **STUDY[name]), args.rounds)
        theirs = timed(lambda: loop(DSPRITES, codes, np.random.RandomState(0), **STUDY[name]),  # noqa: B023
                       1 if name == 'dci' else args.rounds)
        report[name] = {'ours': {**ours, 'value': [ours['value'][key] for key in keys]},
                        'loop': {**theirs, 'value': np.atleast_1d(theirs['value']).tolist()}}
    for label, entry in report.items():
        ours, theirs = entry['ours'], entry['loop']
        entry['ratio'] = {clock: theirs[clock] / ours[clock] for clock in ('wall', 'cpu')}
        print(f'{label:12} wall {ours["wall"]:8.3f} s against {theirs["wall"]:8.3f} s: x{entry["ratio"]["wall"]:5.1f}   CPU '
              f'x{entry["ratio"]["cpu"]:5.1f}   scores {ours["value"]} {theirs["value"]}')
    whole = timed(lambda: len(score(table, STUDY, (0,))), 1)
    report['study'] = {clock: whole[clock] for clock in ('wall', 'cpu')}
    print(f'{"study":12} wall {whole["wall"]:8.3f} s, CPU {whole["cpu"]:8.3f} s')
    if args.json:
        write_json(args.json, report)


if __name__ == '__main__':
    main()
