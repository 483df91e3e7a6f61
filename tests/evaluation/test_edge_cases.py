"""Constant codes against what disentanglement_lib's entry points do with them, and where ours differ by decision."""
import json

import numpy as np
import pytest

from ibgan_plugin.evaluation.disentanglement.codes import CodeTable
from ibgan_plugin.evaluation.disentanglement.protocols import STUDY
from ibgan_plugin.evaluation.disentanglement.suite import SUITE
from tests.evaluation.conftest import REFERENCE

pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')
SMALL = {'num_train': 500, 'num_eval': 300, 'batch_size': 64}
SETTINGS = {
    'factor_vae': {**SMALL, 'num_variance_estimate': 1000}, 'beta_vae': SMALL, 'mig': {'num_train': 1000},
    'irs': {'num_train': 1000}, 'unsupervised': {'num_train': 1000},
    'dci': {'num_train': 300, 'num_test': 200}, 'sap': {'num_train': 500, 'num_test': 300},
}
# (case, metric, changes, our score -> reference score, tolerance)
SAME = [
    ('factor_vae@0.05', 'factor_vae', {}, {'train_accuracy': 'train_accuracy', 'eval_accuracy': 'eval_accuracy'}, 0),
    ('beta_vae', 'beta_vae', {}, {'train_accuracy': 'train_accuracy', 'eval_accuracy': 'eval_accuracy'}, 1e-12),
    ('mig', 'mig', {}, {'discrete_mig': 'discrete_mig'}, 1e-9),
    ('sap discrete (500/300)', 'sap', {}, {'score': 'SAP_score'}, 1e-12),
    ('sap continuous', 'sap', {'continuous_factors': True}, {'score': 'SAP_score'}, 1e-9),
    ('irs', 'irs', {}, {'score': 'IRS'}, 1e-9),
    ('unsupervised', 'unsupervised', {}, {'gaussian_wasserstein_correlation': 'gaussian_wasserstein_correlation',
                                          'mutual_info_score': 'mutual_info_score'}, 1e-9),
    ('dci (300/200)', 'dci', {}, {key: key for key in ('disentanglement', 'completeness', 'informativeness_train',
                                                       'informativeness_test')}, 2e-3),  # ties of trees are broken at random
]


@pytest.fixture(scope='module')
def cases():
    return json.loads((REFERENCE / 'edge_cases.json').read_text())['cases']


def compute(table, metric, **changes):
    return SUITE[metric].compute(table, seed=0, **{**STUDY[metric], **SETTINGS.get(metric, {}), **changes})


@pytest.mark.parametrize('codes', ['constant', 'perfect_const'])
@pytest.mark.parametrize(('case', 'metric', 'changes', 'keys', 'tolerance'), SAME, ids=[case[0] for case in SAME])
def test_same_as_the_reference(cases, reference_table, codes, case, metric, changes, keys, tolerance):
    scores, expected = compute(reference_table(codes), metric, **changes), cases[f'{codes}|{case}']
    for ours, theirs in keys.items():
        assert scores[ours] == pytest.approx(expected[theirs], abs=tolerance), ours


def test_constant_codes_never_vote(cases, reference_table):
    """With threshold 0 they win every vote in the reference, so that it tells how often the commonest factor was drawn."""
    for codes, score, num_active in (('constant', 0.0, 0), ('perfect_const', 1.0, 5)):
        assert cases[f'{codes}|factor_vae@0.0'] == {'train_accuracy': 0.244, 'eval_accuracy': 0.18, 'num_active_dims': 10}
        assert compute(reference_table(codes), 'factor_vae', prune_threshold=0.0) == {
            'train_accuracy': score, 'eval_accuracy': score, 'num_voting_codes': num_active}
        assert compute(reference_table(codes), 'irs')['num_varying_codes'] == num_active


def test_numbers_where_the_reference_has_none(cases, reference_table):
    """Standardised constant codes and their total correlation are not numbers there."""
    for codes in ('constant', 'perfect_const'):
        assert 'NaN' in cases[f'{codes}|modularity_explicitness']['error']
        assert cases[f'{codes}|unsupervised']['gaussian_total_correlation'] == 'nan'
        scores = compute(reference_table(codes), 'modularity_explicitness', num_train=1000, num_test=500)
        assert scores['modularity_score'] == pytest.approx(cases[f'{codes}|modularity only'], abs=1e-3)
        assert 0.5 <= scores['explicitness_score_test'] <= 1
        assert 0 <= compute(reference_table(codes), 'unsupervised')['gaussian_total_correlation'] < 0.01


def test_no_error_where_the_reference_raises(cases, reference_table):
    assert 'index 17 is out of bounds' in cases['noisy|explicitness, test split lacking a class (200/20)']['error']
    scores = compute(reference_table('noisy'), 'modularity_explicitness', num_train=200, num_test=20)
    assert 0.5 < scores['explicitness_score_test'] <= 1
    table = reference_table('noisy')
    one_code = CodeTable(table.grid, np.arange(len(table.grid)), table.codes[:, 3:4])
    for metric in ('mig', 'sap'):
        value, = compute(one_code, metric, **({'continuous_factors': True} if metric == 'sap' else {})).values()
        assert 0.05 < value < 0.3  # all that the code tells of one factor in five
    assert all('out of bounds' in cases[f'1-d code|{name}']['error'] for name in ('mig', 'sap continuous'))
