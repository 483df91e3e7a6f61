import re

import pytest

from ibgan_plugin.apis.sweep.plan import RECORD, START, make_plan, setting_names
from ibgan_plugin.utils.errors import IBGANError

CONFIG = 'configs/ibgan/ibgan_dsprites.py'


def test_every_setting_with_every_seed(tmp_path):
    grid = {'model.kl_loss.beta': [0.07, 0.5], 'train_cfg.max_iters': [10]}
    plan = make_plan([CONFIG], tmp_path, [3, 4], grid, {'log_level': 'ERROR'})
    assert [run.name for run in plan.runs] == [f'beta={beta},max_iters=10/seed{seed}' for beta in (0.07, 0.5) for seed in (3, 4)]
    assert plan.runs[2].options == {'log_level': 'ERROR', 'model.kl_loss.beta': 0.5, 'train_cfg.max_iters': 10}
    assert len({run.digest for run in plan.runs}) == 4


def test_several_configs_are_settings(tmp_path):
    plan = make_plan([CONFIG, 'configs/ibgan/gan_dsprites.py'], tmp_path, [0])
    assert [run.name for run in plan.runs] == ['ibgan_dsprites/seed0', 'gan_dsprites/seed0']


def test_the_same_sweep_elsewhere_has_the_same_digests(tmp_path):
    assert [run.digest for run in make_plan([CONFIG], tmp_path / 'a', [0]).runs] == [
        run.digest for run in make_plan([CONFIG], tmp_path / 'b', [0]).runs]


@pytest.mark.parametrize(('arguments', 'message'), [
    (dict(seeds=[]), '--seeds names no value'),
    (dict(seeds=[1, 1]), '--seeds names a value twice'),
    (dict(seeds=[1], grid={'model.kl_loss.beta': []}), '--grid model.kl_loss.beta names no value'),
    (dict(seeds=[1], grid={'model.kl_loss.beta': [1, 1]}), 'names a value twice'),
    (dict(seeds=[-1]), '--seeds must be from 0 to 4,294,967,295, got -1'),
    (dict(seeds=[1], grid={'train_cfg.max_iters': [1, 2]}, fixed={'train_cfg.max_iters': 3}),
     r'train_cfg.max_iters is in --grid and in --cfg-options: \[1, 2\] and 3'),
    (dict(seeds=[1], fixed={'randomness.seed': 3}), 'randomness.seed is said by --seeds'),
    (dict(seeds=[1], grid={'work_dir': ['a', 'b']}), 'work_dir is said by --work-dir'),
    (dict(seeds=[1], fixed={'test_dataloader': None, 'test_cfg': None, 'test_evaluator': None}),
     'no test_evaluator or no test_dataloader'),
])
def test_what_can_not_be_planned(tmp_path, arguments, message):
    with pytest.raises(IBGANError, match=message):
        make_plan([CONFIG], tmp_path, **arguments)


def test_names_are_folders_below_the_sweeps(tmp_path):
    run, = make_plan([CONFIG], tmp_path, [0], {'load_from': ['../../x.pth']}).runs
    assert run.work_dir.startswith(str(tmp_path)) and '/..' not in run.work_dir


def test_a_finished_run_of_another_config_is_named(tmp_path):
    run, = make_plan([CONFIG], tmp_path, [0]).runs
    (tmp_path / run.name).mkdir(parents=True)
    (tmp_path / run.name / RECORD).write_text('{"digest": "other"}')
    with pytest.raises(IBGANError, match='finished run of another config'):
        run.record()
    for content in ('', '[]', '{}'):
        (tmp_path / run.name / RECORD).write_text(content)
        with pytest.raises(IBGANError, match=f'{RECORD} is no record of a finished run .*remove it to do the run again'):
            run.record()


def test_a_stopped_run_of_other_options_is_named(tmp_path):
    run, = make_plan([CONFIG], tmp_path, [0]).runs
    folder = tmp_path / run.name
    folder.mkdir(parents=True)
    (folder / START).write_text('{"digest": "other"}')
    assert run.record() is None, 'nothing was trained that could be gone on with'
    (folder / 'iter_2.pth').touch()
    with pytest.raises(IBGANError, match='holds the stopped run of another config, or of other options: choose another'):
        run.record()
    (folder / START).write_text(f'{{"digest": "{run.digest}"}}')
    assert run.record() is None
    (folder / START).write_text('[]')
    with pytest.raises(IBGANError, match=f'{START} is no record of a stopped run'):
        run.record()


def test_settings_that_would_share_a_folder_have_names_of_their_own(tmp_path):
    grid = {'train_dataloader.dataset.data_root': ['/a b', '/a_b', '/c']}
    names = [run.name for run in make_plan([CONFIG], tmp_path, [0], grid).runs]
    assert len(set(names)) == 3 and names[2] == 'data_root=_c/seed0'
    assert all(re.fullmatch(r'data_root=_a_b-[0-9a-f]{8}/seed0', name) for name in names[:2])
    assert names == [run.name for run in make_plan([CONFIG], tmp_path, [0], grid).runs]
    assert len(set(setting_names([(CONFIG, {'optimizer.betas': betas}) for betas in ([0, 0.9], (0, 0.9))]))) == 2
