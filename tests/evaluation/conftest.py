"""Reference values by third-party code, in ``tests/data/reference``, and a small grid for everything else."""
import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from ibgan_plugin.datasets.ground_truth import FactorGrid
from ibgan_plugin.evaluation.disentanglement.codes import CodeTable

REFERENCE = Path(__file__).resolve().parents[1] / 'data/reference'


@pytest.fixture(scope='session')
def reference():
    """Loader of a reference array file: name -> dict of arrays."""
    def load(name):
        with np.load(REFERENCE / name, allow_pickle=False) as arrays:
            return dict(arrays)
    return load


@pytest.fixture(scope='session')
def representations():
    """The module of closed-form representations of the factor grid [3, 6, 40, 32, 32]."""
    spec = importlib.util.spec_from_file_location('reference_representations', REFERENCE / 'representations.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope='session')
def reference_scores():
    return json.loads((REFERENCE / 'scores.json').read_text())['scores']


@pytest.fixture(scope='session')
def reference_table(representations):
    """Code tables of the whole reference grid: name of a representation -> table, each built once."""
    tables, factors = {}, representations.all_factors()
    functions = {**representations.REPRESENTATIONS, 'constant': representations.constant}

    def build(name):
        if name not in tables:
            tables.clear()  # one at a time: 59 MB each
            tables[name] = CodeTable.from_grid(functions[name](factors), representations.FACTOR_SIZES)
        return tables[name]
    return build


@pytest.fixture
def grid():
    return FactorGrid(('shape', 'scale', 'x'), (3, 4, 8))


@pytest.fixture
def perfect(grid):
    """Codes [96, 4]: one code per factor, standardised, and one that is constant."""
    factors = grid.to_factors(np.arange(len(grid))).astype(float)
    codes = (factors - factors.mean(0)) / factors.std(0)
    return CodeTable.from_grid(np.concatenate([codes, np.full((len(grid), 1), 0.1)], axis=1), grid.sizes, grid.names)


@pytest.fixture
def noise(grid):
    """Codes [96, 4] unrelated to the factors."""
    return CodeTable.from_grid(np.random.RandomState(7).randn(len(grid), 4), grid.sizes, grid.names)
