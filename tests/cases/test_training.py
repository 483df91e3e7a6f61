"""Reports of first days: training (cases 10, 11, 12 and 21), the tool as a user runs it."""
import errno
import os
from functools import partial

import pytest
import torch

from tests.reliability.outcomes import error, small_options, train
from tests.reliability.training import CONFIG
from tools import train as tool

pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')


@pytest.fixture(scope='module')
def small(dsprites_root):
    """Options of a run of four iterations."""
    return partial(small_options, str(dsprites_root))


def test_10_data_are_drawn_into_the_folder_that_was_named(small, tmp_path):
    (tmp_path / 'my data').mkdir()
    status, text = train(tmp_path, CONFIG, '--work-dir', 'run', *small(
        train_dataloader__dataset__data_root='my data', train_cfg__max_iters=1))
    assert status == 0, text
    assert [path.parent.name for path in tmp_path.glob('*/dsprites.lmdb')] == ['my data']


@pytest.mark.parametrize('changes', [
    dict(train_dataloader__batch_size=1),
    dict(train_dataloader__dataset__indices=9, train_dataloader__sampler__type='DefaultSampler', train_dataloader__batch_size=8),
    dict(train_dataloader__dataset__indices=1, train_dataloader__sampler__type='DefaultSampler'),
])
def test_11_a_batch_of_one_is_refused_with_the_keys(small, tmp_path, changes):
    status, text = train(tmp_path, CONFIG, '--work-dir', 'run', *small(**changes))
    assert status == 2
    assert 'a training batch of one image can not pass BatchNorm: train_dataloader.batch_size' in error(text)


@pytest.mark.parametrize(('key', 'value', 'wrapper', 'field'), [
    ('optim_wrapper.generator.optimizer.lr', 1e-6, 'generator', 'lr'),
    ('optim_wrapper.discriminator.optimizer.momentum', 0.5, 'discriminator', 'momentum'),
])
def test_12_what_the_config_says_on_resuming_is_what_runs(small, tmp_path, key, value, wrapper, field):
    assert train(tmp_path, CONFIG, '--work-dir', 'run', *small(train_cfg__max_iters=2))[0] == 0
    status, text = train(tmp_path, CONFIG, '--work-dir', 'run', '--resume', *small(**{key.replace('.', '__'): value}))
    assert status == 0, text
    state = torch.load(tmp_path / 'run/iter_4.pth', weights_only=True)['optimizer'][wrapper]['param_groups'][0]
    assert state[field] == value
    assert f'From here on: {key} has changed' in text


@pytest.mark.parametrize('name', ['ENOLCK', 'EOPNOTSUPP'])
def test_21_a_work_directory_that_can_not_be_locked_is_named(small, tmp_path, monkeypatch, capsys, name):
    def refuse(handle, operation):
        raise OSError(getattr(errno, name), os.strerror(getattr(errno, name)))

    monkeypatch.setattr('fcntl.flock', refuse)
    assert tool.main([str(CONFIG), '--work-dir', str(tmp_path / 'run'), *small()]) == 2
    said = error(capsys.readouterr().err)
    assert f'{tmp_path}/run/.training.lock can not be locked' in said and 'a --work-dir on a file system with locks' in said
