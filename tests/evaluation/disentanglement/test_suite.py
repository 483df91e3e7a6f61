import warnings

import numpy as np
import pytest

from ibgan_plugin.datasets.ground_truth import FactorGrid
from ibgan_plugin.evaluation.disentanglement import PROTOCOLS, SUITE, CodeTable, required_cells, resolve_metric, score
from ibgan_plugin.evaluation.disentanglement.protocols import STUDY
from ibgan_plugin.evaluation.disentanglement.suite import deviations


class Recorder(CodeTable):
    """Notes the cells that are looked up."""

    def lookup(self, index):
        self.seen = np.union1d(getattr(self, 'seen', []), index)
        return super().lookup(index)


@pytest.mark.parametrize('name', SUITE)
def test_what_is_encoded_is_what_is_read(noise, name):
    """The cells that a metric is said to draw are exactly those whose codes it looks up."""
    few = {'num_train': 7, 'num_test': 6, 'num_eval': 2, 'batch_size': 3, 'num_variance_estimate': 5, 'model_args':
           {'n_estimators': 2, 'learning_rate': 0.1, 'max_depth': 1}, 'num_neighbours': 2, 'num_train_votes': 3,
           'num_eval_votes': 2, 'vote_size': 2, 'probes': {'random_forest': {'depths': [1, 2], 'num_trees': 2}}}
    keywords = {key: few.get(key, value) for key, value in next(p[name] for p in PROTOCOLS.values() if name in p).items()}
    keywords |= {'n_jobs': 1} if name == 'dci' else {}
    grid, codes = (FactorGrid(tuple('abcdefg'), (2, ) * 7), np.random.RandomState(0).randn(128, 4)) if name == 'tad' else (
        noise.grid, noise.codes)  # attributes have two values
    table = Recorder(grid, np.arange(len(grid)), codes)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        SUITE[name].compute(table, seed=5, **keywords)
    cells = required_cells(grid, {name: keywords}, (5, ))
    assert len(cells) < len(grid)
    np.testing.assert_array_equal(table.seen, cells)


def test_warnings_become_notes():
    table = CodeTable.from_grid(np.random.RandomState(0).randn(12, 2), (3, 1, 4))
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        scored = score(table, {'mig': STUDY['mig'], 'irs': STUDY['irs']}, (0, 1))
    assert scored['mig'].notes == ['MIG: the factors [1] are constant in its 10000 samples and are left out']
    assert scored['irs'].notes == [] and len(scored['irs'].per_seed['score']) == 2


def test_numbers_replace_those_of_a_protocol():
    assert resolve_metric('mig', {}, 'study') == STUDY['mig']
    few = resolve_metric('dci', {'num_train': 9, 'model_args': {'max_depth': 1}}, 'study')
    assert few == {**STUDY['dci'], 'num_train': 9, 'model_args': {**STUDY['dci']['model_args'], 'max_depth': 1}}
    assert deviations('dci', few, 'study') == [
        'num_train 9 instead of 10000', f"model_args {few['model_args']} instead of {STUDY['dci']['model_args']}"]
    forest = {'model': 'random_forest', 'model_args': {'n_estimators': 3, 'max_depth': 2}}
    assert resolve_metric('dci', forest, 'study')['model_args'] == forest['model_args']
    assert deviations('mig', STUDY['mig'], 'study') == deviations('mig', {'num_bins': 3}, 'my own') == []


@pytest.mark.parametrize(('name', 'keywords', 'protocol', 'message'), [
    ('mig', {}, None, "missing: .'num_train'"), ('mig', {'bins': 3}, 'study', r"unknown: \['bins'\]"),
    ('dci', {}, 'infogan_cr', "missing: .'num_train'"), ('fid', {}, 'study', "unknown metric 'fid'"),
])
def test_mistakes(name, keywords, protocol, message):
    with pytest.raises(ValueError, match=message):
        resolve_metric(name, keywords, protocol)
