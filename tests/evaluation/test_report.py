import csv
import json
from types import SimpleNamespace

from ibgan_plugin.evaluation.report import format_rows, score_rows, write_scores

METRICS = [SimpleNamespace(prefix='', scores={'mig': {}}, protocol='study', seeds=(0, 1)),
           SimpleNamespace(prefix='ema', scores={'fid': {}, 'kid': {}}, protocol=None), SimpleNamespace(prefix='acc')]
SCORES = {'mig/discrete_mig': 0.25, 'mig/discrete_mig_std': 0.01, 'ema/fid/fid': 7.5, 'ema/kid/kid': 0.5, 'ema/kid/kid_std': 0.125,
          'acc/top1': 1, 'alone': 2.0, 'only_std': 3.0}


def test_rows_know_their_protocol():
    rows = score_rows(SCORES, METRICS)
    assert [tuple(row.values()) for row in rows] == [
        ('study', 'mig', 'discrete_mig', 0.25, 0.01, 2), ('', 'ema/fid', 'fid', 7.5, None, 1),
        ('', 'ema/kid', 'kid', 0.5, 0.125, 1), ('', 'acc', 'top1', 1.0, None, 1),
        ('', '', 'alone', 2.0, None, 1), ('', '', 'only_std', 3.0, None, 1)]


def test_table_is_aligned():
    lines = format_rows(score_rows(SCORES, METRICS)).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert lines[0].split() == ['protocol', 'metric', 'score', 'mean', 'std', 'seeds']
    assert lines[1].split() == ['study', 'mig', 'discrete_mig', '0.2500', '0.0100', '2']


def test_files(tmp_path):
    write_scores(score_rows(SCORES, METRICS), tmp_path / 'new')
    scores = json.loads((tmp_path / 'new/scores.json').read_text())
    assert scores['mig'] == {'discrete_mig': {'protocol': 'study', 'mean': 0.25, 'std': 0.01, 'num_seeds': 2}}
    assert scores['ema/fid']['fid']['std'] is None
    with open(tmp_path / 'new/scores.csv') as file:
        rows = list(csv.DictReader(file))
    assert [row['score'] for row in rows] == ['discrete_mig', 'fid', 'kid', 'top1', 'alone', 'only_std']
    assert rows[0]['mean'] == '0.25' and rows[1]['std'] == ''
