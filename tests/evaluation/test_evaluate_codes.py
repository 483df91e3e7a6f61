import csv
import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from ibgan_plugin.evaluation.code_files import load_codes, save_codes
from ibgan_plugin.evaluation.disentanglement import protocols
from ibgan_plugin.evaluation.disentanglement.codes import CodeTable
from ibgan_plugin.evaluation.disentanglement.labelled import LabelledCodes
from ibgan_plugin.evaluation.disentanglement.suite import SUITE, required_cells, score, summarize
from ibgan_plugin.evaluation.evaluate_codes import evaluate_codes

MINI = {
    'factor_vae': {'num_train': 100, 'num_eval': 50, 'batch_size': 8, 'num_variance_estimate': 100, 'prune_threshold': 0.05},
    'beta_vae': {'num_train': 60, 'num_eval': 30, 'batch_size': 8, 'inverse_penalty': 1.0, 'max_iter': 100},
    'mig': {'num_train': 200, 'batch_size': 16, 'num_bins': 20},
    'dci': {'num_train': 100, 'num_test': 50, 'batch_size': 16, 'model': 'gradient_boosting', 'n_jobs': 1,
            'model_args': {'n_estimators': 3, 'learning_rate': 0.1, 'max_depth': 3}},
    'sap': {'num_train': 200, 'num_test': 100, 'batch_size': 16, 'continuous_factors': False, 'penalty': 0.01},
    'modularity_explicitness': {'num_train': 200, 'num_test': 100, 'batch_size': 16, 'num_bins': 20, 'inverse_penalty': 1.0,
                                'max_iter': 100},
    'irs': {'num_train': 200, 'batch_size': 16, 'num_bins': 20, 'diff_quantile': 0.99},
    'unsupervised': {'num_train': 200, 'batch_size': 16, 'num_bins': 20},
    'infomec': {'num_train': 200, 'batch_size': 16, 'discrete_codes': False, 'pruning': 'range', 'prune_share': 0.05,
                'num_neighbours': 3, 'max_iter': 20},
    'dci_es': {'num_train': 100, 'num_test': 50, 'batch_size': 16, 'max_classes': 3, 'probes': {
        'random_forest': {'depths': [1, 3], 'num_trees': 3}, 'rff': {'sizes': [4, 8], 'gain': 0.08}}},
    'med': {'num_train': 200, 'num_test': 100, 'batch_size': 16, 'num_bins': 20, 'top_k': 1, 'inverse_penalty': 1.0,
            'max_iter': 50},
    'z_min_variance': {'num_train': 200, 'batch_size': 16, 'num_train_votes': 30, 'num_eval_votes': 20, 'vote_size': 5,
                       'prune_threshold': 0.05},
    'jemmig': {'num_train': 200, 'batch_size': 16, 'num_bins': 10},
    'dcimig': {'num_train': 200, 'batch_size': 16, 'num_bins': 10},
}


@pytest.fixture
def mini(monkeypatch):
    monkeypatch.setitem(protocols.PROTOCOLS, 'mini', MINI)


@pytest.fixture(scope='module')
def tool():
    path = Path(__file__).resolve().parents[2] / 'tools/evaluate_codes.py'
    spec = importlib.util.spec_from_file_location('evaluate_codes_tool', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def save(tmp_path, **arrays):
    np.savez(tmp_path / 'codes.npz', **arrays)
    return str(tmp_path / 'codes.npz')


def test_whole_grid_gives_all_metrics(tmp_path, capsys, tool, mini, noise):
    path = save(tmp_path, codes=noise.codes.astype(np.float32), factor_sizes=np.array(noise.grid.sizes))
    outputs = ['--json', str(tmp_path / 'out.json'), '--csv', str(tmp_path / 'out.csv')]
    assert tool.main([path, '--protocol', 'mini', '--seeds', '0', '1', *outputs]) == 0
    results = json.loads((tmp_path / 'out.json').read_text())
    assert list(results) == list(MINI)
    for metric, scores in results.items():
        for value in scores.values():
            assert set(value) == {'mean', 'std', 'per_seed'} and len(value['per_seed']) == 2, metric
            assert value['mean'] == pytest.approx(np.mean(value['per_seed']))
            assert value['std'] == pytest.approx(np.std(value['per_seed']))
    rows = list(csv.DictReader((tmp_path / 'out.csv').open()))
    assert {(row['metric'], row['score']) for row in rows} == {(m, s) for m, scores in results.items() for s in scores}
    table = capsys.readouterr().out
    assert all(name in table for name in MINI) and 'mini' in table and 'skipped' not in table


def test_labelled_samples_skip_interventions(tmp_path, capsys, tool, mini, noise):
    path = save(tmp_path, codes=noise.codes[:95], factors=noise.grid.to_factors(np.arange(95)))
    assert tool.main([path, '--protocol', 'mini', '--json', str(tmp_path / 'out.json')]) == 0
    skipped = {name for name, spec in SUITE.items() if spec.interventional}
    assert skipped == {'factor_vae', 'beta_vae'}
    assert set(json.loads((tmp_path / 'out.json').read_text())) == set(MINI) - skipped
    assert 'skipped beta_vae: it fixes factors and draws the others' in capsys.readouterr().out


def test_a_random_part_of_a_grid_is_labelled_samples(tmp_path, capsys, tool, mini, noise):
    index = np.sort(np.random.RandomState(0).permutation(96)[:80])
    save_codes(tmp_path / 'part.npz', CodeTable(noise.grid, index, noise.codes[index]))
    assert tool.main([str(tmp_path / 'part.npz'), '--protocol', 'mini', '--json', str(tmp_path / 'out.json')]) == 0
    labelled = LabelledCodes(noise.codes[index], noise.grid.to_factors(index))
    assert json.loads((tmp_path / 'out.json').read_text()) == evaluate_codes(labelled, 'mini').results
    out, err = capsys.readouterr()
    assert 'skipped beta_vae: it fixes factors and draws the others, which needs codes of the whole grid: the 80 samples' in out
    assert 'codes of 80 of the 96 cells of the grid, not of all that the metrics draw' in err
    assert tool.main([str(tmp_path / 'part.npz'), '--protocol', 'mini', '--metrics', 'mig,factor_vae']) == 2
    assert 'factor_vae can not be computed' in capsys.readouterr().err


@pytest.mark.filterwarnings('error')
def test_a_part_of_a_grid_with_all_cells_that_are_drawn_scores_as_the_grid(monkeypatch, grid, noise):
    monkeypatch.setitem(protocols.PROTOCOLS, 'few', {'mig': {**MINI['mig'], 'num_train': 20}})
    index = required_cells(grid, protocols.PROTOCOLS['few'], (0, ))
    assert len(index) < len(grid)
    assert evaluate_codes(CodeTable(grid, index, noise.codes[index]), 'few').results == evaluate_codes(noise, 'few').results


@pytest.mark.parametrize(('metrics', 'named'), [('factor_vae', 'factor_vae'), ('mig,beta_vae', 'beta_vae'),
                                                ('beta_vae,factor_vae', 'beta_vae, factor_vae')])
def test_asked_for_by_name_they_are_refused(tmp_path, capsys, tool, mini, noise, metrics, named):
    path = save(tmp_path, codes=noise.codes[:95], factors=noise.grid.to_factors(np.arange(95)))
    assert tool.main([path, '--protocol', 'mini', '--metrics', metrics]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f'error: {named} can not be computed: it fixes factors and draws the others, which needs codes of the ')
    assert 'the 95 samples do not have each of the 96 combinations of values once' in error


def test_a_protocol_without_another_metric_is_refused(noise):
    with pytest.raises(ValueError, match=r'factor_vae can not be computed: .* factor 1 is continuous'):
        evaluate_codes(LabelledCodes(noise.codes, np.stack([np.arange(96) % 3, np.linspace(0, 1, 96)], axis=1)), 'infogan_cr')


def test_labelled_samples_that_fill_a_grid_give_all_metrics(mini, noise):
    order = np.random.RandomState(0).permutation(96)
    labelled = LabelledCodes(noise.codes[order], 10 * noise.grid.to_factors(order) - 3.0)
    names = ['factor_vae', 'beta_vae']
    assert evaluate_codes(labelled, 'mini', names).results == evaluate_codes(noise, 'mini', names).results


@pytest.mark.parametrize(('metric', 'said'), [
    ('mig', 'only 12 samples instead of 200'), ('sap', 'only 8 + 4 samples instead of 200 + 100'),
    ('dci', 'only 8 + 4 samples instead of 100 + 50')])
def test_fewer_samples_than_the_protocol_asks_for_are_said(tmp_path, capsys, tool, mini, metric, said):
    factors = np.stack([np.arange(12) % 3, np.arange(12) % 2], axis=1)
    path = save(tmp_path, codes=factors + 0.1, factors=factors)
    outputs = ['--json', str(tmp_path / 'out.json'), '--csv', str(tmp_path / 'out.csv')]
    assert tool.main([path, '--protocol', 'mini', '--metrics', metric, *outputs]) == 0
    assert f'note: {said}' in capsys.readouterr().out
    for value in json.loads((tmp_path / 'out.json').read_text())[metric].values():
        assert value['note'] == said
    assert {row['note'] for row in csv.DictReader((tmp_path / 'out.csv').open())} == {said}


def test_labelled_sample_of_the_grid_scores_like_the_grid(mini, perfect):
    cells = np.random.RandomState(0).randint(96, size=5000)
    labelled = LabelledCodes(perfect.codes[cells], perfect.grid.to_factors(cells))
    names = ['mig', 'irs', 'modularity_explicitness']
    ours, theirs = (evaluate_codes(source, 'mini', names, (0, 1, 2)).results for source in (labelled, perfect))
    for name in names:
        for key, value in ours[name].items():
            assert value['mean'] == pytest.approx(theirs[name][key]['mean'], abs=0.1)


def test_output_goes_into_a_new_folder_or_is_refused_before_the_work(tmp_path, capsys, tool, mini, noise, monkeypatch):
    path = save(tmp_path, codes=noise.codes, factor_sizes=np.array(noise.grid.sizes))
    command = [path, '--protocol', 'mini', '--metrics', 'mig', '--json']
    assert tool.main([*command, str(tmp_path / 'new/folder/out.json')]) == 0
    assert list(json.loads((tmp_path / 'new/folder/out.json').read_text())) == ['mig']
    monkeypatch.setattr('ibgan_plugin.evaluation.evaluate_codes.evaluate_codes', lambda *_: pytest.fail('it must not start'))
    assert tool.main([*command, str(tmp_path)]) == 2
    assert capsys.readouterr().err == f'error: {tmp_path} can not be written: it is a folder\n'


@pytest.mark.filterwarnings('error')
def test_summary_of_infinite_scores():
    assert summarize([np.inf, np.inf]) == {'mean': np.inf, 'std': 0.0, 'per_seed': [np.inf, np.inf]}
    assert np.isnan(summarize([np.inf, 1.0])['std'])


def test_named_metrics_only(tmp_path, tool, mini, noise):
    path = save(tmp_path, codes=noise.codes, factor_sizes=np.array(noise.grid.sizes))
    assert tool.main([path, '--protocol', 'mini', '--metrics', 'mig, irs', '--json', str(tmp_path / 'out.json')]) == 0
    assert list(json.loads((tmp_path / 'out.json').read_text())) == ['mig', 'irs']


@pytest.mark.parametrize(('arrays', 'message'), [
    ({'codes': np.zeros((6, 2))}, 'must hold codes and factor_sizes .* found of these: codes'),
    ({'z': np.zeros((6, 2))}, 'found of these: none'),
    ({'codes': np.zeros((5, 2)), 'factor_sizes': np.array([2, 3])}, r'must have 6 rows, one per cell of the grid \(2, 3\), got 5'),
    ({'codes': np.zeros((6, 2)), 'factor_sizes': np.array([2.0, 3.0])}, 'factor_sizes must be integers'),
    ({'codes': np.zeros((6, 2)), 'factor_sizes': np.array([0, 3])}, 'must be one or more integers >= 1'),
    ({'codes': np.zeros((6, 2)), 'factors': np.zeros((5, 2), int)}, r'factors must have shape \[6, F\]'),
    ({'codes': np.zeros((6, 2)), 'factors': np.full((6, 2), 0.5), 'continuous': np.array([True, False])},
     'factors that are not continuous must be integers, got 0.5 for factor 0 in sample 0'),
    ({'codes': np.zeros((6, 2)), 'factors': np.full((6, 2), np.nan)}, 'factors must be finite, got nan in row 0, column 0'),
    ({'codes': np.zeros((6, 2)), 'factors': np.zeros((6, 2), complex)}, 'factors must be real numbers'),
    ({'codes': np.zeros((6, 2)), 'factors': np.zeros((6, 2)), 'continuous': np.array([1, 0])}, 'continuous must be one bool'),
    ({'codes': np.zeros((0, 2)), 'factors': np.zeros((0, 2), int)}, r'codes must be real numbers of shape \[N, C\] with N >= 1'),
    ({'codes': np.array([[1.0, np.inf]]), 'factors': np.zeros((1, 2), int)}, 'code 1 is inf in sample 0'),
    ({'codes': np.array([{}], dtype=object), 'factors': np.zeros((1, 2), int)}, 'not a readable .npz file of plain arrays'),
])
def test_bad_files(tmp_path, arrays, message):
    with pytest.raises(ValueError, match=message):
        load_codes(save(tmp_path, **arrays))


@pytest.mark.parametrize('content', [b'', b'text', b'PK\x03\x04broken'])
def test_not_an_npz(tmp_path, content):
    (tmp_path / 'x.npz').write_bytes(content)
    with pytest.raises(ValueError, match='is not a readable'):
        load_codes(tmp_path / 'x.npz')


def test_saved_codes_score_as_before(tmp_path, mini, noise):
    few = CodeTable(noise.grid, np.arange(96)[::-1], noise.codes[::-1])
    save_codes(tmp_path / 'grid.npz', few)
    assert evaluate_codes(load_codes(tmp_path / 'grid.npz'), 'mini', ['factor_vae', 'mig']).results == evaluate_codes(
        noise, 'mini', ['factor_vae', 'mig']).results
    assert load_codes(tmp_path / 'grid.npz').grid == noise.grid
    factors = np.stack([np.arange(96) % 3, np.linspace(0, 1, 96)], axis=1)
    labelled = LabelledCodes(noise.codes, factors, [False, True], ['shape', 'place'])
    save_codes(tmp_path / 'labelled.npz', labelled)
    again = load_codes(tmp_path / 'labelled.npz')
    assert again.continuous.tolist() == [False, True] and np.array_equal(again.values, labelled.values)
    with pytest.raises(ValueError, match=r"a file of codes must end in \.npz, got 'codes.csv'"):
        save_codes('codes.csv', labelled)


def test_an_array_too_large_to_unpack_is_not(tmp_path, monkeypatch, noise):
    path = save(tmp_path, codes=noise.codes, factor_sizes=np.array(noise.grid.sizes))
    monkeypatch.setattr('ibgan_plugin.evaluation.code_files.LARGEST_ARRAY', 1000)
    with pytest.raises(ValueError, match=r'codes in .* would unpack to'):
        load_codes(path)


def test_no_file(tmp_path):
    with pytest.raises(ValueError, match=r'no file .*absent\.npz'):
        load_codes(tmp_path / 'absent.npz')


def test_npy_for_npz(tmp_path):
    np.save(tmp_path / 'codes.npy', np.zeros((4, 2)))
    (tmp_path / 'codes.npy').rename(tmp_path / 'codes.npz')
    with pytest.raises(ValueError, match=r'codes.npz is an .npy file, which holds one array: an .npz with codes by name is needed'):
        load_codes(tmp_path / 'codes.npz')


def test_command_reports_errors_without_traceback(tmp_path, capsys, tool, noise):
    path = save(tmp_path, codes=noise.codes, factor_sizes=np.array(noise.grid.sizes))
    assert tool.main([path, '--protocol', 'studies']) == 2
    assert capsys.readouterr().err == (
        "error: unknown protocol 'studies'; known are study, study_fast, infogan_cr, ibgan, infomec, infomec_iqr, "
        'infomec_discrete, infomec_iqr_discrete, dci_es, med, review, tad, quick\n')
    assert tool.main([path, '--metrics', 'mig,fid']) == 2
    assert "unknown metric 'fid'; known are factor_vae, beta_vae" in capsys.readouterr().err


def test_too_few_labelled_samples(mini):
    with pytest.raises(ValueError, match=r'1 labelled samples are too few to split in the proportion \[200, 100\]'):
        evaluate_codes(LabelledCodes(np.zeros((1, 2)), np.zeros((1, 2), int)), 'mini', ['sap'])


def test_no_seeds(mini, noise):
    with pytest.raises(ValueError, match='seeds must not be empty'):
        evaluate_codes(noise, 'mini', ['mig'], [])
    with pytest.raises(ValueError, match=r'^seeds must differ, got \[0, 0\]$'):
        evaluate_codes(noise, 'mini', ['mig'], [0, 0])


@pytest.mark.parametrize('option', ['--json', '--csv'])
def test_the_codes_are_not_replaced(tmp_path, monkeypatch, capsys, tool, noise, option):
    monkeypatch.chdir(tmp_path)
    content = Path(save(tmp_path, codes=noise.codes, factor_sizes=np.array(noise.grid.sizes))).read_bytes()
    assert tool.main(['codes.npz', option, './codes.npz']) == 2
    assert capsys.readouterr().err == "error: the output file './codes.npz' is an input: it would be replaced\n"
    assert Path('codes.npz').read_bytes() == content


def test_nan_constant_one_code_one_factor_for_every_metric(mini, noise):
    """No metric raises on degenerate codes, and every score is a finite number."""
    sizes = noise.grid.sizes
    cases = [(np.full((96, 3), 0.1), sizes), (noise.codes[:, :1], sizes), (noise.codes, (96,)), (np.round(noise.codes), sizes),
             (0.1 + np.spacing(0.1) * (noise.codes > 0), sizes)]
    for codes, factor_sizes in cases:
        table = CodeTable.from_grid(codes, factor_sizes)
        results = evaluate_codes(table, 'mini').results
        for metric, scores in results.items():
            for key, value in scores.items():
                assert np.isfinite(value['mean']), (metric, key)


def test_required_cells_suffice_for_every_metric(grid, noise):
    few = {**MINI, 'factor_vae': {**MINI['factor_vae'], 'num_train': 2, 'num_eval': 2, 'num_variance_estimate': 5},
           'beta_vae': {**MINI['beta_vae'], 'num_train': 5, 'num_eval': 2, 'batch_size': 2}}
    for name in few:
        few[name] = {key: {'num_train': 20, 'num_test': 10}.get(key, value) if not SUITE[name].interventional else value
                     for key, value in few[name].items()}
        index = required_cells(grid, {name: few[name]}, (0,))
        assert len(index) < len(grid)
        subset = CodeTable(grid, index, noise.codes[index])
        assert SUITE[name].compute(subset, seed=0, **few[name]) == SUITE[name].compute(noise, seed=0, **few[name]), name


@pytest.mark.parametrize('name', MINI)
def test_order_of_the_codes_does_not_matter(noise, name):
    permuted = CodeTable.from_grid(noise.codes[:, [2, 0, 3, 1]], noise.grid.sizes)
    scores, expected = (SUITE[name].compute(table, seed=0, **MINI[name]) for table in (permuted, noise))
    tolerance = {'dci': 0.1, 'dci_es': 0.3, 'beta_vae': 0.05, 'med': 0.02, 'infomec': 0.02, 'z_min_variance': 0.05,
                 'modularity_explicitness': 1e-3}.get(name, 1e-9)
    assert scores == pytest.approx(expected, abs=tolerance)


@pytest.mark.parametrize('name', ['factor_vae', 'mig', 'irs'])
def test_scale_sign_and_offset_of_the_codes_do_not_matter(noise, name):
    changed = CodeTable.from_grid(noise.codes * -8 + 2, noise.grid.sizes)
    scores, expected = (SUITE[name].compute(table, seed=0, **MINI[name]) for table in (changed, noise))
    assert scores == pytest.approx(expected, abs=0.05 if name == 'mig' else 1e-9)  # a bin is open on one side only


def test_together_equals_one_by_one(mini, noise):
    metrics = {name: {**MINI[name]} for name in MINI}
    together = score(noise, metrics, (3, 4))
    assert list(together) == list(MINI)
    for name, keywords in MINI.items():
        alone = [SUITE[name].compute(noise, seed=seed, **keywords) for seed in (3, 4)]
        assert together[name].per_seed == {key: [values[key] for values in alone] for key in alone[0]}
