import csv
import json
import re
from types import SimpleNamespace

import numpy as np
import pytest

from ibgan_plugin.evaluation.disentanglement import dci_es, infom, jemmig_score, normalized_information
from ibgan_plugin.evaluation.disentanglement.protocols import PROTOCOLS
from ibgan_plugin.evaluation.disentanglement.suite import SUITE, score
from ibgan_plugin.evaluation.meanings import MEANINGS
from ibgan_plugin.evaluation.report import format_rows, sample_sizes, score_rows, write_scores

METRICS = [SimpleNamespace(prefix='', scores={'mig': {'num_train': 10000, 'num_bins': 20}}, protocol='study', seeds=(0, 1),
                           notes={'mig': ['factor 3 is left out']}),
           SimpleNamespace(prefix='ema', scores={'fid': {}, 'kid': {'num_subsets': 100}}, protocol=None),
           SimpleNamespace(prefix='acc')]
SCORES = {'mig/discrete_mig': 0.25, 'mig/discrete_mig_std': 0.01, 'ema/fid/fid': 7.5, 'ema/kid/kid': 0.5, 'ema/kid/kid_std': 0.125,
          'acc/top1': 1, 'alone': 2.0, 'only_std': 3.0}


def test_rows_know_their_protocol():
    rows = score_rows(SCORES, METRICS)
    assert [tuple(row.values()) for row in rows] == [
        ('study', 'mig', 'discrete_mig', 0.25, 0.01, 2, 'num_train 10000', 'factor 3 is left out'),
        ('', 'acc', 'top1', 1.0, None, 1, '', ''), ('', '', 'alone', 2.0, None, 1, '', ''),
        ('', '', 'only_std', 3.0, None, 1, '', ''),
        ('', 'ema/fid', 'fid', 7.5, None, 1, '', ''), ('', 'ema/kid', 'kid', 0.5, 0.125, 1, 'num_subsets 100', '')]


def test_headline_comes_first():
    names = ['factor_vae/train_accuracy', 'factor_vae/num_voting_codes', 'irs/score', 'factor_vae/eval_accuracy', 'own/value']
    rows = score_rows(dict.fromkeys(names, 0.5), [])
    assert [f'{row["metric"]}/{row["score"]}' for row in rows] == [names[3], names[0], names[1], names[2], names[4]]


def test_table_is_aligned_and_explained():
    lines = format_rows(score_rows(SCORES, METRICS)).splitlines()
    table = lines[:lines.index('')]
    assert len(table) == 7 and len({len(line) for line in table}) == 1
    assert table[0].split() == ['protocol', 'metric', 'score', 'mean', 'std', 'seeds']
    assert table[1].split() == ['study', 'mig', 'discrete_mig', '0.2500', '0.0100', '2']
    start = lines.index('mig (protocol study: num_train 10000)')
    assert lines[start + 1:start + 3] == [
        '  note: factor 3 is left out',
        '  discrete_mig: gap between the two codes that inform most about a factor; chance 0, best 1 (0.895 on dSprites, by its '
        'coarse bins)']
    assert '  fid: distance of generated from real images; lower is better; best 0' in lines


def test_all_numbers_of_samples_are_named():
    assert sample_sizes(PROTOCOLS['review']['z_min_variance']) == (
        'num_train 10000, batch_size 16, num_train_votes 800, num_eval_votes 800, vote_size 200')


def test_a_score_is_explained_without_those_above_it():
    """``fd`` stands where FID does not; and there may be no held-out votes."""
    for name in ('fd/fd', 'kd/kd', 'classifier_score/classifier_score', 'factor_vae/train_accuracy'):
        assert not MEANINGS[name].text.startswith('the same'), name


def test_every_score_of_every_metric_is_explained(noise):
    """A legend without gaps: what the suite computes and what the legend knows are the same."""
    known = {name for name in MEANINGS if name.partition('/')[0] in SUITE and not name.endswith('_mlp')}
    few = {name: {key: min(value, 60) if key.startswith('num_') else value for key, value in numbers.items()}
           for protocol in ('study', 'infomec', 'dci_es', 'med', 'review') for name, numbers in PROTOCOLS[protocol].items()}
    few['dci_es']['probes'] = {'random_forest': {'depths': [1, 2], 'num_trees': 2}, 'rff': {'sizes': [2, 4], 'gain': 0.08}}
    given = {f'{metric}/{key}' for metric, (values, _) in score(noise, few, (0, )).items() for key in values}
    assert given | {'tad/score', 'tad/num_captured'} == known  # which needs attributes, and has a test of its own


def chance(metric, key):
    """The level that the legend names, of dSprites' factors."""
    words = {'1 / number of factors': 1 / 5, 'share of the commonest class': np.mean(1 / np.array([3, 6, 40, 32, 32]))}
    text = MEANINGS[f'{metric}/{key}'].chance
    return words.get(text) or float(re.match(r'[\d.]+', text)[0])


def test_chance_levels_are_those_of_noise(reference_scores):
    """By the scores that third-party code gives to random codes."""
    names = {'factor_vae': 'factor_vae@0.05', 'irs': 'irs'}
    ours = {'IRS': 'score', 'SAP_score': 'score'}
    for metric in ('factor_vae', 'beta_vae', 'mig', 'dci', 'sap', 'modularity_explicitness', 'irs'):
        for key, value in reference_scores['random'][names.get(metric, metric)].items():
            if key != 'num_active_dims':
                assert chance(metric, ours.get(key, key)) == pytest.approx(value['mean'], abs=0.05), (metric, key)


def test_chance_levels_of_information_are_those_of_noise(representations, noise):
    rows = np.random.RandomState(0).randint(np.prod(representations.FACTOR_SIZES), size=10_000)
    factors = np.stack(np.unravel_index(rows, representations.FACTOR_SIZES), axis=1)
    codes = np.random.RandomState(1).randn(10_000, 10)
    information = normalized_information(codes[:, :2], factors, num_neighbours=10, discrete_codes=False, seed=0)
    assert chance('infomec', 'infom') - 0.1 < infom(information) < 0.9  # the noise of the estimate differs from seed to seed
    assert chance('jemmig', 'score') == pytest.approx(jemmig_score(codes, factors, 10), abs=0.05)
    scores = dci_es(noise, num_train=300, num_test=200, batch_size=16, max_classes=3, seed=0,
                    probes={'rff': {'sizes': [2, 3], 'gain': 0.08}, 'random_forest': {'depths': [1, 2], 'num_trees': 5}})
    assert chance('dci_es', 'explicitness_rff') == pytest.approx(scores['explicitness_rff'], abs=0.1)


def test_files(tmp_path):
    write_scores(score_rows(SCORES, METRICS), tmp_path / 'new')
    scores = json.loads((tmp_path / 'new/scores.json').read_text())
    assert scores['mig'] == {'discrete_mig': {'protocol': 'study', 'mean': 0.25, 'std': 0.01, 'num_seeds': 2,
                                               'note': 'factor 3 is left out'}}
    assert scores['ema/fid']['fid']['std'] is None
    with open(tmp_path / 'new/scores.csv') as file:
        rows = list(csv.DictReader(file))
    assert [row['score'] for row in rows] == ['discrete_mig', 'top1', 'alone', 'only_std', 'fid', 'kid']
    assert rows[0]['mean'] == '0.25' and rows[1]['std'] == '' and rows[0]['note'] == 'factor 3 is left out'


def test_files_name_the_checkpoint(tmp_path):
    write_scores(score_rows(SCORES, METRICS, 'iter_20.pth', 20), tmp_path)
    scores = json.loads((tmp_path / 'scores.json').read_text())
    assert all((entry['checkpoint'], entry['iteration']) == ('iter_20.pth', 20) for metric in scores.values()
               for entry in metric.values())
    with open(tmp_path / 'scores.csv') as file:
        assert {(row['checkpoint'], row['iteration']) for row in csv.DictReader(file)} == {('iter_20.pth', '20')}
