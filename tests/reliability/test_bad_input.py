"""Checkpoints, ranks and disks that are not as they should be: the tools as a user runs them."""
import os
import shutil

import pytest
import torch

from tests.reliability.outcomes import error, train
from tests.reliability.processes import environments
from tests.reliability.training import CONFIG, Tool

pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')
KEY = 'generator.project.0.weight'


@pytest.fixture
def checkpoint(trained, tmp_path):
    """The last checkpoint of a run, to be spoilt."""
    return shutil.copy(trained / 'iter_4.pth', tmp_path / 'iter_4.pth')


def spoil(path, change):
    content = torch.load(path, weights_only=True)
    content = change(content) or content
    torch.save(content, path)


@pytest.mark.parametrize(('change', 'message'), [
    (lambda content: content['state_dict'], 'holds weights alone, nothing to resume from: --load-from'),
    (lambda content: content['state_dict'].update({KEY: content['state_dict'][KEY].to_sparse()}), f"'{KEY}' is torch.sparse_coo"),
    (lambda content: content['state_dict'].update({KEY: content['state_dict'][KEY] > 0}), f"'{KEY}' is of torch.bool"),
    (lambda content: content.pop('optimizer') and None, 'since it holds no optimizer'),
    (lambda content: content['meta'].update(iter=10**12), 'is of iteration 1,000,000,000,000, beyond train_cfg.max_iters = 6'),
])
def test_a_checkpoint_that_can_not_be_resumed_from_is_one_line(small, checkpoint, tmp_path, change, message):
    spoil(checkpoint, change)
    status, text = train(tmp_path, CONFIG, '--work-dir', 'run', '--resume', checkpoint, *small(train_cfg__max_iters=6))
    assert status == 2
    assert message in error(text)
    assert not list((tmp_path / 'run').glob('*.pth'))


@pytest.mark.parametrize(('change', 'message'), [
    (lambda content: content['state_dict'].clear(), 'it lacks'),
    (lambda content: content['state_dict'].update(extra=torch.ones(1)), "beyond the model, 'extra'"),
    (lambda content: content['state_dict'].update({KEY: content['state_dict'][KEY] / 0}), f"'{KEY}' holds NaN or infinity"),
])
def test_weights_of_a_config_that_do_not_fit_are_one_line(small, checkpoint, tmp_path, change, message):
    spoil(checkpoint, change)
    (tmp_path / 'start.py').write_text(f"_base_ = [{str(CONFIG)!r}]\nmodel = dict(init_cfg=dict(type='Pretrained', "
                                       f'checkpoint={str(checkpoint)!r}))\n')
    status, text = train(tmp_path, 'start.py', '--work-dir', 'run', *small())
    assert status == 2
    assert message in error(text)


def test_a_full_disk_names_the_file_and_leaves_what_was_there(small, trained, tmp_path):
    run = shutil.copytree(trained, tmp_path / 'run')
    before = (run / 'iter_4.pth').read_bytes()
    tool = Tool(tmp_path, 'train.py', CONFIG, '--work-dir', 'run', '--resume', *small(train_cfg__max_iters=6),
                free_bytes=len(before) // 2)
    status, text = tool.wait()
    assert status == 2
    assert 'could not write' in error(text) and 'iter_6.pth' in error(text)
    assert (run / 'iter_4.pth').read_bytes() == before


def test_a_checkpoint_too_many_is_pruned_at_the_next_save(small, trained, tmp_path):
    """As a kill between a save and the pruning after it leaves them."""
    run = shutil.copytree(trained, tmp_path / 'run')
    for number in (1, 3):
        shutil.copy(run / 'iter_2.pth', run / f'iter_{number}.pth')
    status, text = train(tmp_path, CONFIG, '--work-dir', 'run', '--resume', *small(train_cfg__max_iters=6))
    assert status == 0, text
    assert sorted(path.name for path in run.glob('iter_*.pth')) == ['iter_3.pth', 'iter_4.pth', 'iter_6.pth']


def start_ranks(tmp_path, words):
    """Two ranks, each with words of its own."""
    (tmp_path / 'a').mkdir(), (tmp_path / 'b').mkdir()
    return [Tool(tmp_path / name, 'train.py', CONFIG, '--launcher', 'pytorch', '--work-dir', tmp_path / 'run', *each,
                 environment=environment) for name, each, environment in zip('ab', words, environments(), strict=True)]


def test_ranks_with_different_data_end_before_the_first_iteration(small, tmp_path):
    ranks = start_ranks(tmp_path, [small(), small(train_dataloader__dataset__indices=1000)])
    for status, text in [rank.wait() for rank in ranks]:
        assert status == 2
        assert 'rank 1 has another' in error(text)
    assert not list((tmp_path / 'run').glob('*.pth'))


def test_an_error_of_any_class_on_one_rank_ends_all(small, tmp_path):
    """One rank's data fail in the middle; its class of error is nobody's."""
    (tmp_path / 'failing.py').write_text('''
from ibgan_plugin.datasets import DSprites
from ibgan_plugin.registry import DATASETS

class NobodysError(Exception):
    pass

@DATASETS.register_module()
class Failing(DSprites):
    count = 0

    def __getitems__(self, indices):
        import os
        type(self).count += 1
        if os.environ['RANK'] == '1' and self.count > 6:
            raise NobodysError('made up')
        return super().__getitems__(indices)
''')
    (tmp_path / 'fails.py').write_text(f"_base_ = [{str(CONFIG)!r}]\ncustom_imports = dict(imports=['failing'])\n"
                                       f"train_dataloader = dict(dataset=dict(type='ibgan_plugin.Failing'))\n")
    (tmp_path / 'a').mkdir(), (tmp_path / 'b').mkdir()
    ranks = [Tool(tmp_path / name, 'train.py', tmp_path / 'fails.py', '--launcher', 'pytorch', '--work-dir', tmp_path / 'run',
                  *small(train_cfg__max_iters=100_000), environment={**environment, 'EXTRA_PATH': str(tmp_path)})
             for name, environment in zip('ab', environments(), strict=True)]
    outcomes = [rank.wait(120) for rank in ranks]
    assert all(status not in (0, None) for status, _ in outcomes)
    assert 'NobodysError: made up' in outcomes[1][1]


def test_a_run_that_is_resumed_by_a_pipe_does_not_wait(small, tmp_path):
    os.mkfifo(tmp_path / 'iter_4.pth')
    status, text = train(tmp_path, CONFIG, '--work-dir', 'run', '--resume', tmp_path / 'iter_4.pth', *small())
    assert status == 2
    assert 'iter_4.pth' in error(text)
