import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import hadamard

from ibgan_plugin.evaluation.compare_runs import compare_runs, format_runs, load_runs
from ibgan_plugin.evaluation.disentanglement.udr import udr
from ibgan_plugin.utils.errors import IBGANError

Z = np.random.RandomState(0).randn(4000, 4)
RUNS = {'a': Z, 'b': -2 * Z[:, ::-1], 'c': Z[:, [1, 0, 3, 2]].astype(np.float32), 'd': Z @ hadamard(4) / 2}


@pytest.fixture(scope='module')
def tool():
    spec = importlib.util.spec_from_file_location('compare_runs_tool', Path(__file__).parents[2] / 'tools/compare_runs.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def files(tmp_path):
    for name, codes in RUNS.items():
        np.savez(tmp_path / f'{name}.npz', codes=codes, files=np.array(['x.png']))
    return [str(tmp_path / f'{name}.npz') for name in RUNS]


def test_a_mixed_run_comes_last(tool, files, tmp_path, capsys):
    assert tool.main([*files, '--json', str(tmp_path / 'new/out.json')]) == 0
    scores = json.loads((tmp_path / 'new/out.json').read_text())
    assert list(scores) == files and scores == compare_runs(load_runs(files))
    for name in ('udr_spearman', 'udr_lasso', 'model_centrality'):
        assert min(scores, key=lambda run: scores[run][name]) == files[3]
    assert scores[files[1]]['udr_spearman'] == udr(list(RUNS.values()), similarity='spearman', lasso_alpha=0.1,
                                                   prune_threshold=0.05)[1]
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ['run', *files] and '*' not in lines[4] and ''.join(lines[1:4]).count('*') >= 3


def test_only_the_scores_that_are_asked_for(recwarn):
    few = {name: codes[:500] for name, codes in RUNS.items()}
    scores = compare_runs(few, names=('udr_lasso', ))
    assert all(list(each) == ['udr_lasso'] for each in scores.values())
    assert not recwarn, 'too few samples for ModelCentrality alone'
    with pytest.warns(UserWarning, match='only 500 samples, fewer than 1000'):
        assert {run: each['udr_lasso'] for run, each in compare_runs(few).items()} == {
            run: each['udr_lasso'] for run, each in scores.items()}


def test_a_run_of_which_no_code_counts_is_named():
    with pytest.warns(UserWarning, match='no code of still has a standard deviation of 0.05 or more, so that none counts: 0'):
        scores = compare_runs({**RUNS, 'still': 0.01 * Z}, names=('udr_spearman', ))
    assert scores['still'] == {'udr_spearman': 0.0}


def test_a_star_marks_the_largest():
    table = {'a': {'score': 0.5, 'udr': -0.25}, 'longer': {'score': 2.0, 'udr': -0.5}}
    head, *lines = format_runs(table).splitlines()
    assert head.split() == ['run', 'score', 'udr']
    assert [line.split() for line in lines] == [['a', '0.5000', '-0.2500*'], ['longer', '2.0000*', '-0.5000']]
    assert len({len(line) for line in (head, *lines)}) == 1
    head, *lines = format_runs(table, 'checkpoint', ['udr']).splitlines()
    assert head.startswith('checkpoint  ') and [line.count('*') for line in lines] == [1, 0]


def test_numbered_samples_may_come_in_any_order_and_must_be_the_same(tmp_path):
    order = np.random.RandomState(1).permutation(len(Z))
    for name, codes, index in (('a', Z, np.arange(len(Z))), ('b', Z[order], order), ('c', Z, np.arange(len(Z)) + 1)):
        np.savez(tmp_path / f'{name}.npz', codes=codes, index=index)
    first, second = load_runs([tmp_path / 'a.npz', tmp_path / 'b.npz']).values()
    assert np.array_equal(first, second)
    with pytest.raises(IBGANError, match=r'c\.npz has codes of other samples than .*a\.npz'):
        load_runs([tmp_path / 'a.npz', tmp_path / 'c.npz'])
    np.savez(tmp_path / 'd.npz', codes=Z, index=np.arange(3))
    with pytest.raises(IBGANError, match=r'd\.npz: index must be a whole number for each of the codes, got int64 of shape \[3\]'):
        load_runs([tmp_path / 'd.npz'])


def test_named_samples_are_matched_by_name(tmp_path):
    names, order = np.array([f'a/{number:04}.png' for number in range(len(Z))]), np.random.RandomState(1).permutation(len(Z))
    for name, codes, labels in (('a', Z, names), ('b', Z[order], names[order]), ('c', Z, np.char.replace(names, 'a/', 'b/'))):
        np.savez(tmp_path / f'{name}.npz', codes=codes, names=labels)
    first, second = load_runs([tmp_path / 'a.npz', tmp_path / 'b.npz']).values()
    assert np.array_equal(first, second)
    with pytest.raises(IBGANError, match=r'c\.npz has codes of other samples than .*a\.npz: .* encoded under the same paths'):
        load_runs([tmp_path / 'a.npz', tmp_path / 'c.npz'])
    np.savez(tmp_path / 'd.npz', codes=Z, names=names[:3])
    with pytest.raises(IBGANError, match=r'd\.npz: names must be a text for each of the codes, got <U10 of shape \[3\]'):
        load_runs([tmp_path / 'd.npz'])


def test_one_file_by_two_paths_is_no_two_runs(files, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(IBGANError, match=r'^\./a\.npz is named twice, as a\.npz too$'):
        load_runs(['a.npz', './a.npz'])


def test_errors_without_traceback(tool, files, tmp_path, capsys):
    np.savez(tmp_path / 'short.npz', codes=Z[:9])
    np.savez(tmp_path / 'none.npz', z=Z)
    for runs, message in ((files[:1], 'at least two runs with codes of the same two or more samples are needed, got [4000]'),
                          ([files[0], files[0]], f'{files[0]} is named twice'),
                          ([files[0], str(tmp_path / 'short.npz')], 'at least two runs'),
                          ([files[0], str(tmp_path / 'none.npz')], 'none.npz must hold codes [N, C]'),
                          ([*files, '--json', files[1]], f"the output file '{files[1]}' is an input: it would be replaced"),
                          ([files[0], 'absent.npz'], "no file 'absent.npz'")):
        assert tool.main(runs) == 2
        assert message in capsys.readouterr().err
