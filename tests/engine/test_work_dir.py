import multiprocessing

import pytest
import torch
from mmengine.config import Config

from ibgan_plugin.apis.sweep.plan import RECORD, START
from ibgan_plugin.engine.checkpoints import CheckpointError
from ibgan_plugin.engine.work_dir import Start, checkpoint_dir, choose_start, left_by_runs, lock, remove
from ibgan_plugin.evaluation.heat_maps import TITLES
from ibgan_plugin.utils.errors import IBGANError


def save(path, iteration=None):
    torch.save(dict(state_dict={}, meta=dict(iter=iteration)) if iteration is not None else {'w': torch.ones(1)}, path)
    return str(path)


@pytest.fixture
def folder(tmp_path):
    """One with the checkpoints of a run."""
    for number in (2, 4, 6):
        save(tmp_path / f'iter_{number}.pth', number)
    return tmp_path


def left(folder):
    return sorted(path.name for path in folder.iterdir())


def names(paths):
    return sorted(path.name for path in paths)


@pytest.mark.parametrize('name', ['iter_3.pth', 'epoch_1.pth', 'iter_1000000.pth', 'iter_0000003.pth'])
def test_a_fresh_start_among_another_runs_checkpoints_is_refused(tmp_path, name):
    save(tmp_path / name, 3)
    with pytest.raises(IBGANError, match=rf'the checkpoints of a run \({name}\): --resume .*, --overwrite .* another --work-dir'):
        choose_start(tmp_path, None)
    assert left(tmp_path) == [name]


def test_overwriting_removes_what_runs_leave_and_nothing_else(folder, tmp_path_factory):
    own = ['notes.txt', 'my_iter_2.pth', '2024', 'traversal.gif', 'ibgan_dsprites.py']
    for name in [*own, 'best_score_iter_2.pth', '.iter_8.pth.part', 'last_checkpoint', 'traversal_0000002.png', 'scores.json']:
        (folder / name).touch()
    (folder / '20260101_120000').mkdir()
    (folder / '20260101_120000' / 'x.log').touch()
    (folder / 'iter_9.pth').mkdir()
    elsewhere = tmp_path_factory.mktemp('elsewhere')
    (folder / '20260101_130000').symlink_to(elsewhere)
    before = left(folder)
    start, to_remove = choose_start(folder, None, overwrite=True)
    assert start is None and left(folder) == before
    remove(to_remove, [])
    assert left(folder) == sorted([*own, 'iter_9.pth', '20260101_130000'])
    assert elsewhere.is_dir()


def test_overwriting_removes_what_tests_and_sweeps_leave(tmp_path, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp('elsewhere')
    (elsewhere / 'scores.json').touch()
    for name in ('iter_2', 'epoch_1', 'mine'):
        (tmp_path / 'test' / name).mkdir(parents=True)
    (tmp_path / 'test' / 'iter_4').symlink_to(elsewhere)
    own = ['test/mine/scores.json', 'test/notes.json', 'test/iter_2/x.png', 'codes.npz']
    for name in [*own, *(f'{title}.png' for title in TITLES), 'information.npz', RECORD, START, 'test/ranking.json',
                 'test/iter_2/scores.json', 'test/epoch_1/scores.csv']:
        (tmp_path / name).touch()
    remove(left_by_runs(tmp_path), [])
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob('*') if path.is_file()) == sorted(own)
    assert (elsewhere / 'scores.json').is_file()


@pytest.mark.parametrize('needed', ['iter_4.pth', '20260101_120000/x.log', 'link.pth', '../{name}/iter_4.pth'])
def test_what_the_run_starts_from_is_not_removed(folder, needed):
    (folder / '20260101_120000').mkdir()
    (folder / '20260101_120000' / 'x.log').touch()
    (folder / 'link.pth').symlink_to(folder / 'iter_4.pth')
    before, file = left(folder), folder / needed.format(name=folder.name)
    with pytest.raises(IBGANError, match=r'--overwrite would remove .*, from which the run starts: move it elsewhere, or choose'):
        remove(left_by_runs(folder), [folder / 'other.pth', file])
    assert left(folder) == before and file.is_file()


def test_auto_takes_the_newest_or_nothing_where_there_is_none(folder, tmp_path_factory):
    assert choose_start(folder, 'auto') == Start(str(folder / 'iter_6.pth'), [])
    empty = tmp_path_factory.mktemp('empty')
    assert choose_start(empty, 'auto') == Start(None, [])
    assert left_by_runs(empty / 'not_there') == []
    with pytest.raises(IBGANError, match='--overwrite starts afresh and --resume goes on'):
        choose_start(folder, 'auto', overwrite=True)


@pytest.mark.parametrize('damage', [lambda path: path.write_bytes(b'PK'), lambda path: torch.save([1], path),
                                    lambda path: torch.save({'state_dict': {}, 'meta': {1, 2}.union}, path)])
def test_with_none_that_can_be_loaded_it_stops(folder, damage):
    for path in folder.glob('*.pth'):
        damage(path)
    with pytest.raises(CheckpointError, match=r'none of the checkpoints in .* can be loaded: .*iter_6.*iter_4.*iter_2'):
        choose_start(folder, 'auto')
    assert left(folder) == ['iter_2.pth', 'iter_4.pth', 'iter_6.pth']


def test_a_start_that_a_later_resume_would_pass_over_is_refused(folder, tmp_path_factory):
    elsewhere = save(tmp_path_factory.mktemp('elsewhere') / 'iter_9.pth', 9)
    for start, others in ((str(folder / 'iter_4.pth'), 'iter_6'), (elsewhere, 'iter_2.pth, iter_4.pth, iter_6')):
        with pytest.raises(IBGANError, match=rf'which a later --resume would take \({others}\.pth\): --overwrite removes them'):
            choose_start(folder, start)
    (folder / 'iter_6.pth').write_bytes(b'PK')  # a later --resume would pass over it too
    assert choose_start(folder, str(folder / 'iter_4.pth')) == Start(str(folder / 'iter_4.pth'), [])
    for start, others in ((str(folder / 'iter_2.pth'), ['iter_4.pth']), (elsewhere, ['iter_2.pth', 'iter_4.pth'])):
        chosen, to_remove = choose_start(folder, start, overwrite=True)
        assert chosen == start and names(to_remove) == others
    assert left(folder) == ['iter_2.pth', 'iter_4.pth', 'iter_6.pth']


def test_weights_alone_are_nothing_to_resume_from(tmp_path):
    with pytest.raises(CheckpointError, match='holds weights alone, nothing to resume from: --load-from'):
        choose_start(tmp_path / 'new', save(tmp_path / 'weights.pth'))


def try_lock(folder, pipe):
    try:
        lock(folder)
    except IBGANError as error:
        pipe.send(str(error))
    else:
        pipe.send('locked')
    pipe.recv()


def test_one_process_at_a_time(tmp_path):
    context = multiprocessing.get_context('fork')
    pipe, end = context.Pipe()
    process = context.Process(target=try_lock, args=(tmp_path / 'new', end), daemon=True)
    process.start()
    assert pipe.recv() == 'locked'
    with pytest.raises(IBGANError, match=r'another process is training in .*new: wait for its end, or choose another --work-dir'):
        lock(tmp_path / 'new')
    process.kill()  # the system releases what it held
    process.join()
    lock(tmp_path / 'new')
    lock(tmp_path / 'new')  # this process has it


def test_a_file_system_without_locks_is_named(tmp_path, monkeypatch):

    def none(*_, **__):
        raise NotImplementedError('no locks here')

    monkeypatch.setattr('ibgan_plugin.engine.work_dir.FileLock.acquire', none)
    with pytest.raises(IBGANError, match=r'training.lock can not be locked \(no locks here\): choose a --work-dir on'):
        lock(tmp_path)


@pytest.mark.parametrize(('hooks', 'expected'), [
    (None, 'runs/a'), (dict(), 'runs/a'), (dict(checkpoint=None), 'runs/a'), (dict(checkpoint=dict(out_dir='kept')), 'kept/a')])
def test_where_a_run_saves(hooks, expected):
    assert str(checkpoint_dir(Config(dict(work_dir='runs/a', default_hooks=hooks)))) == expected
