import pytest
from mmengine.config import Config

from ibgan_plugin.apis.run_dir import RunDir
from ibgan_plugin.report.naming import group_names, names_of, setting_of


@pytest.mark.parametrize(('folders', 'names'), [
    (['s/a/seed0'], ['seed0']),
    (['s/a/seed0', 's/b/seed1'], ['seed0', 'seed1']),
    (['s/a/seed0', 's/b/seed0'], ['a/seed0', 'b/seed0']),
    (['s/a/seed0', 't/a/seed0', 't/a/seed1'], ['s/a/seed0', 't/a/seed0', 't/a/seed1']),
])
def test_names_are_as_short_as_tells_runs_apart(tmp_path, folders, names):
    for folder in folders:
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / 'iter_1.pth').touch()
    assert names_of([RunDir(tmp_path / folder) for folder in folders]) == names


def config(**changes) -> Config:
    return Config(dict(dict(model=dict(beta=1), randomness=dict(seed=0), work_dir='a', resume=False, load_from=None), **changes))


@pytest.mark.parametrize(('changes', 'same'), [
    (dict(randomness=dict(seed=1)), True),
    (dict(work_dir='b', resume=True, load_from='b/iter_2.pth'), True),
    (dict(load_from='weights.pth'), False),
    (dict(model=dict(beta=2)), False),
    (dict(randomness=dict(seed=0, deterministic=True)), False),
])
def test_a_setting_is_all_but_the_seed(changes, same):
    assert (setting_of(config()) == setting_of(config(**changes))) is same


@pytest.mark.parametrize(('names', 'called'), [
    (['a/0', 'a/1', 'b/0', 'c/0'], ['a', 'a', 'b/0', 'other']),
    (['0', '1', '2', '3'], ['0, 1', '0, 1', '2', 'other']),
])
def test_groups_of_one_config_are_called_by_their_runs(names, called):
    keys = [('config', 'x'), ('config', 'x'), ('config', 'y'), ('other', 'x')]
    assert group_names(keys, names) == called
