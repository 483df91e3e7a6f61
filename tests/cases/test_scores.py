"""Reports of first days: scores of codes through the tool that computes them (cases 16 and 17)."""
import json

import numpy as np
import pytest

from tools import evaluate_codes

RNG = np.random.default_rng(0)


def refuse(word: str) -> None:
    raise AssertionError(f'{word} is no JSON (RFC 8259)')


@pytest.mark.parametrize('codes', [
    RNG.normal(size=(500, 2))[:, [0, 1, 0]],  # one code twice: the Gaussian total correlation is infinite
    RNG.normal(size=(500, 1))[:, [0, 0]], np.column_stack([RNG.normal(size=500), np.zeros(500)])])
def test_16_a_score_that_is_no_number_is_null_with_the_reason(tmp_path, codes):
    factors = np.column_stack([codes[:, 0] > 0, np.rint(codes[:, 1] - codes[:, 1].min())]).astype(int)
    np.savez(tmp_path / 'c.npz', codes=codes, factors=factors)
    assert evaluate_codes.main([str(tmp_path / 'c.npz'), '--metrics', 'unsupervised', '--json', str(tmp_path / 's.json')]) == 0
    text = (tmp_path / 's.json').read_text()
    json.loads(text, parse_constant=refuse)
    if codes.shape[1] == 3:
        assert 'null' in text and 'infinit' in text


@pytest.mark.parametrize('metrics', ['mig', 'sap', 'mig,sap'])
def test_17_far_fewer_samples_than_the_protocol_asks_for_are_mentioned(tmp_path, capsys, metrics):
    factors = np.column_stack([RNG.integers(0, 3, 12), RNG.integers(0, 4, 12)])
    np.savez(tmp_path / 'c.npz', codes=factors + 0.1 * RNG.normal(size=factors.shape), factors=factors)
    assert evaluate_codes.main([str(tmp_path / 'c.npz'), '--metrics', metrics, '--protocol', 'study']) == 0
    notes = dict(mig='note: only 12 samples instead of 10000', sap='note: only 8 + 4 samples instead of 10000 + 5000')
    said = capsys.readouterr().out
    assert all(notes[metric] in said for metric in metrics.split(','))
