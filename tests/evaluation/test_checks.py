"""Every public function refuses what it can not score: shapes, types, numbers that are not finite, ranges."""

import numpy as np
import pytest

from ibgan_plugin.evaluation import disentanglement as dis
from ibgan_plugin.evaluation import image
from ibgan_plugin.evaluation.checks import check_factors, check_range, check_sizes, random_state
from ibgan_plugin.evaluation.disentanglement.common import top_two_gap
from ibgan_plugin.evaluation.disentanglement.model_centrality import cross_factor_vae
from ibgan_plugin.evaluation.estimators.logistic import fit_classes
from ibgan_plugin.utils.errors import IBGANError

RNG = np.random.RandomState(0)
CODES, FACTORS = RNG.randn(40, 3), RNG.randint(3, size=(40, 2))
FIT = {'inverse_penalty': 1.0, 'max_iter': 20}
VOTES = {'num_votes': 9, 'batch_size': 4, 'num_bins': 5, 'prune_threshold': 0.0}
#: Functions of codes [N, C] and whole numbers [N, F] of the same samples.
OF_BOTH = {
    'mig_score': lambda codes, factors: dis.mig_score(codes, factors, 20),
    'irs_score': lambda codes, factors: dis.irs_score(codes, factors, 0.99),
    'classifier_accuracies': lambda codes, factors: dis.classifier_accuracies(codes, factors, CODES, FACTORS, 0.01),
    'classifier_accuracies of test': lambda codes, factors: dis.classifier_accuracies(CODES, FACTORS, codes, factors, 0.01),
}
#: Functions of real numbers [N, C] alone.
OF_CODES = {
    **{name: lambda codes, function=function: function(codes, FACTORS) for name, function in OF_BOTH.items()},
    'squared_correlations': lambda codes: dis.squared_correlations(codes, FACTORS),
    'discretize': lambda codes: dis.discretize(codes, 20),
    'prune_codes': lambda codes: dis.prune_codes(codes, 0.05),
    'standardize': lambda codes: dis.standardize(codes, CODES),
    'explicitness_score': lambda codes: dis.explicitness_score(codes, FACTORS[:, 0], CODES, FACTORS[:, 0], **FIT),
    'fit_classes': lambda codes: fit_classes(codes, FACTORS[:, 0], **FIT),
    'udr': lambda codes: dis.udr([codes, CODES], similarity='lasso', lasso_alpha=0.1, prune_threshold=0.05),
    'model_centrality': lambda codes: dis.model_centrality([CODES, codes], **VOTES, seed=0),
    'cross_factor_vae': lambda codes: cross_factor_vae(codes, CODES, RNG, **VOTES),
    'top_two_gap': lambda codes: top_two_gap(codes),
    'LabelledCodes': lambda codes: dis.LabelledCodes(codes, FACTORS),
    'CodeTable': lambda codes: dis.CodeTable.from_grid(codes, (40, )),
    'kid': lambda codes: image.kid(codes, CODES, num_subsets=1, subset_size=4, estimator='biased', seed=0),
    'polynomial_mmd': lambda codes: image.polynomial_mmd(codes, CODES, 'biased'),
    'precision_recall': lambda codes: image.precision_recall(CODES, codes, num_neighbours=3),
    'density_coverage': lambda codes: image.density_coverage(codes, CODES, num_neighbours=3),
    'inception_score': lambda codes: image.inception_score(codes, num_splits=2, seed=0),
    'FeatureStatistics': lambda codes: image.FeatureStatistics().update(codes),
}
#: Functions of non-negative matrices.
OF_WEIGHTS = {'disentanglement': dis.disentanglement, 'completeness': dis.completeness, 'modularity_score': dis.modularity_score,
              'relative_strength': dis.relative_strength,
              'mean_auc': lambda rows: dis.mean_auc(np.arange(len(rows)) % 2, np.arange(rows.shape[1]), rows)}


def with_value(array, value):
    changed = array.astype(np.float64)
    changed[4, 1] = value
    return changed


@pytest.mark.parametrize('name', OF_CODES)
@pytest.mark.parametrize('codes', [with_value(CODES, np.nan), with_value(CODES, np.inf), with_value(CODES, -np.inf), CODES[:, 0],
                                   CODES[:, :, None], CODES[:, :0], CODES + 0j, CODES.astype(str), with_value(CODES, 1e200)],
                         ids=['nan', 'inf', '-inf', 'one dimension', 'three', 'no column', 'complex', 'text', 'huge'])
def test_codes(name, codes):
    with pytest.raises(IBGANError) as error:
        OF_CODES[name](codes)
    assert 'nan' in str(error.value) or 'inf' in str(error.value) or 'shape' in str(error.value) or '200' in str(error.value)


@pytest.mark.parametrize('name', OF_BOTH)
@pytest.mark.parametrize('factors', [FACTORS + 0.5, with_value(FACTORS, 0.25), with_value(FACTORS, np.nan), FACTORS[:-1],
                                     FACTORS[:, 0], FACTORS.astype(str)],
                         ids=['halves', 'one fraction', 'nan', 'fewer', 'one dimension', 'text'])
def test_factors_are_never_cut_off(name, factors):
    with pytest.raises(IBGANError, match='factors must'):
        OF_BOTH[name](CODES, factors)


@pytest.mark.parametrize('name', OF_BOTH)
def test_whole_numbers_of_any_type_score_the_same(name):
    expected = OF_BOTH[name](CODES, FACTORS)
    for factors in (FACTORS.astype(float), FACTORS.astype(np.uint8), FACTORS.astype(np.float32)):
        np.testing.assert_array_equal(OF_BOTH[name](CODES, factors), expected)


@pytest.mark.parametrize('name', OF_WEIGHTS)
@pytest.mark.parametrize('value', [np.nan, np.inf, -0.5])
def test_weights(name, value):
    with pytest.raises(IBGANError, match=r'must be finite and >= .*in row 4, column 1'):
        OF_WEIGHTS[name](with_value(np.abs(CODES), value))


@pytest.mark.parametrize('function', [dis.gaussian_total_correlation, dis.gaussian_wasserstein_correlation])
@pytest.mark.parametrize(('covariance', 'message'), [
    (np.eye(3)[:2], r'covariance must have shape \[C, C\], got \[2, 3\]'), (np.array([[1, 2], [0, 1.0]]), 'symmetric'),
    (-np.eye(2), 'variances >= 0'), (np.diag([1, np.nan]), 'covariance must be finite, got nan in row 1, column 1')])
def test_covariances(function, covariance, message):
    with pytest.raises(IBGANError, match=message):
        function(covariance)


@pytest.mark.parametrize('seed', [-1, 2**32, 0.5, '0', None, True])
def test_seeds(seed):
    with pytest.raises(IBGANError, match=r'seed must be an integer in 0\.\.4294967295, got '):
        random_state(seed)


def test_numbers():
    check_sizes(num_train=1)
    check_sizes(0, num_eval=0)
    with pytest.raises(IBGANError, match='num_train must be an integer >= 1, got 0'):
        check_sizes(num_train=0)
    with pytest.raises(IBGANError, match=r'num_bins must be an integer >= 2, got 2\.0'):
        check_sizes(2, num_bins=2.0)
    for value in (np.nan, np.inf, -1, '1', None, True):
        with pytest.raises(IBGANError, match='penalty must be >= 0, got '):
            check_range(0, np.inf, penalty=value)
    with pytest.raises(IBGANError, match=r'factors must be integers, got 1e\+20 for factor 1 in sample 4'):
        check_factors(with_value(FACTORS, 1e20))
