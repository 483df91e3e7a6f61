import json
import os

import numpy as np
import pytest

from ibgan_plugin.apis.run_dir import RunDir
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.run_names import numbered_checkpoints, picture_name
from tests.apis.runs_on_disk import CONFIG, scalars, write_session


def test_sessions_are_joined_and_what_was_gone_back_on_is_dropped(tmp_path):
    write_session(tmp_path, '20260101_000000', scalars(50, 300, old=1.0))
    write_session(tmp_path, '20260102_000000', scalars(250, 400, new=2.0))  # resumed from iteration 200
    run = RunDir(tmp_path)
    assert run.scalars['loss_gen'].steps.tolist() == [50, 100, 150, 200, 250, 300, 350, 400]
    assert run.scalars['old'].steps.tolist() == [50, 100, 150, 200]
    assert run.scalars['new'].steps.tolist() == [250, 300, 350, 400]
    assert run.scalars['loss_gen'].values[-1] == 4.0
    assert 'iter' not in run.scalars


def test_a_session_that_opens_with_the_validation_it_owes_keeps_what_was_trained(tmp_path):
    validated = {'score': 0.1, 'step': 200}
    write_session(tmp_path, '20260101_000000', [*scalars(50, 200), validated, *scalars(250, 300, old=1.0)])
    write_session(tmp_path, '20260102_000000', [{**validated, 'score': 0.2}])  # and was killed
    write_session(tmp_path, '20260103_000000', [{**validated, 'score': 0.3}, *scalars(250, 250)])
    run = RunDir(tmp_path)
    assert run.scalars['loss_gen'].steps.tolist() == [50, 100, 150, 200, 250]
    assert run.scalars['score'].values.tolist() == [0.3]
    assert 'old' not in run.scalars


def test_order_of_sessions_is_that_of_their_times_not_of_the_file_system(tmp_path):
    write_session(tmp_path, '20260102_000000', [{'a': 2.0, 'step': 1}])
    write_session(tmp_path, '20260101_000000', [{'a': 1.0, 'step': 1}])
    assert RunDir(tmp_path).scalars['a'].values.tolist() == [2.0]


def test_a_line_cut_off_by_a_kill_is_left_out_and_a_broken_one_is_named(tmp_path):
    file = write_session(tmp_path, '20260101_000000', [{'a': 1.0, 'step': 1}, {'a': None, 'step': 2}]) / 'scalars.json'
    whole = file.read_bytes()
    file.write_bytes(whole + b'{"a": 2.0, "st')
    series = RunDir(tmp_path).scalars['a']
    assert series.steps.tolist() == [1, 2]
    assert np.isnan(series.values[1])
    file.write_bytes(b'{"a": 2.0, "st\n' + whole)
    with pytest.raises(IBGANError, match=r'scalars\.json, line 1: must be a JSON object with a step'):
        _ = RunDir(tmp_path).scalars


def test_config_seed_environment_scores_pictures_and_checkpoints(tmp_path):
    write_session(tmp_path, '20260101_000000', scalars(50, 100))
    write_session(tmp_path, '20260102_000000', scalars(150, 200), CONFIG.replace('seed=3', 'seed=4'))
    (tmp_path / 'ibgan_dsprites.py').write_text(CONFIG)
    for iteration in (1000, 200):
        (tmp_path / f'iter_{iteration}.pth').touch()
        (tmp_path / picture_name('traversal', iteration)).touch()
    (tmp_path / 'scores.json').write_text(json.dumps({'mig': {'discrete_mig': {'mean': 0.1}}}))
    run = RunDir(tmp_path)
    assert run.seed == 4
    assert run.config_name == 'ibgan_dsprites'
    assert list(run.checkpoints) == list(run.pictures()) == [200, 1000]
    assert run.pictures('samples') == {}
    assert run.scores['mig']['discrete_mig']['mean'] == 0.1
    assert run.environment == {'PyTorch': '2.13.0', 'sys.platform': 'linux'}
    (tmp_path / 'environment.json').write_text('{"torch": "2.14"}')
    assert RunDir(tmp_path).environment == {'torch': '2.14'}


def test_the_config_is_that_of_the_newest_training_whatever_else_lies_there(tmp_path):
    old, new, tested = (CONFIG.replace('seed=3', f'seed={seed}') for seed in (5, 6, 7))
    for name, text in (('z_before_overwrite', old), ('a_trained', new), ('b_tested', tested), ('z_of_a_user', 'x = 1')):
        (tmp_path / f'{name}.py').write_text(text)
    write_session(tmp_path, '20260102_000000', scalars(50, 100), new)
    test = tmp_path / '20260103_000000' / 'vis_data'
    test.mkdir(parents=True)
    (test / 'config.py').write_text(tested)
    run = RunDir(tmp_path)
    assert (run.config_name, run.seed) == ('a_trained', 6)
    (tmp_path / 'a_trained.py').unlink()
    assert RunDir(tmp_path).config_name == 'b_tested', 'which a session has, too'


def test_of_copies_that_no_session_has_the_newest_counts(tmp_path):
    (tmp_path / 'iter_2.pth').touch()
    for place, name in enumerate(('b', 'a', 'c')):
        (tmp_path / f'{name}.py').write_text(CONFIG)
        os.utime(tmp_path / f'{name}.py', (10 - place % 2, 10 - place % 2))
    os.utime(tmp_path / 'a.py', (20, 20))
    run = RunDir(tmp_path)
    assert (run.config_name, run.seed) == ('a', 3)


def test_checkpoints_are_those_that_a_resumed_run_finds(tmp_path):
    for name in ('epoch_3.pth', 'iter_0000020.pth', 'iter_5_mine.pth', 'best_score_iter_30.pth', 'other_40.pth'):
        (tmp_path / name).touch()
    (tmp_path / 'iter_50.pth').mkdir()
    found = {number: path.name for number, path in RunDir(tmp_path).checkpoints.items()}
    assert found == {3: 'epoch_3.pth', 20: 'iter_0000020.pth'} == {
        number: path.name for number, path in numbered_checkpoints(tmp_path).items()}


@pytest.mark.parametrize('make, message', [
    (lambda path: path.rmdir(), 'no run directory'),
    (lambda path: None, 'holds no run: there is no'),
    (lambda path: (path / 'scores.json').write_text('{'), 'is no JSON'),
    (lambda path: (path / 'scores.json').write_text('[' * 100_000), 'is no JSON'),
    (lambda path: (path / 'scores.json').write_text('[]'), 'must hold a JSON object, got list'),
    (lambda path: ((path / 'scores.json').write_text('{}'), (path / 'information.npz').write_bytes(b'x')), 'can not be read'),
    (lambda path: (path / 'scores.json').write_text('{}'), 'holds no config'),
])
def test_what_is_no_run_is_said(tmp_path, make, message):
    path = tmp_path / 'run'
    path.mkdir()
    make(path)
    with pytest.raises(IBGANError, match=message):
        run = RunDir(path)
        _ = run.scores, run.information, run.config
