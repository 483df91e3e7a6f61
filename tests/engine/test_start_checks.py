import hashlib

import pytest

from ibgan_plugin.engine import start_checks
from ibgan_plugin.engine.start_checks import check_ranks_agree
from ibgan_plugin.utils.errors import IBGANError
from tests.engine.runs import loader, make_runner, run_cfg, validation


@pytest.mark.parametrize(('name', 'changes'), [
    ('train_dataloader', dict(train_dataloader=loader(32))),
    ('val_dataloader', validation(32)),
    ('test_dataloader', {**validation(16), **validation(32, 'test')}),
])
def test_a_loader_of_other_images_is_named_before_the_first_iteration(tmp_path, name, changes):
    message = rf'^{name}: MadeImages gives images of shape \(1, 32, 32\).*the model takes \(1, 16, 16\)'
    with pytest.raises(IBGANError, match=message):
        make_runner(tmp_path, max_iters=2, **changes).train()
    assert not list(tmp_path.glob('*.pth'))


def test_images_that_only_testing_reads_may_be_missing(tmp_path):
    changes = validation(16, 'test')
    changes['test_dataloader']['dataset'] = dict(type='ibgan_plugin.LMDBImages', path=str(tmp_path / 'none.lmdb'))
    runner = make_runner(tmp_path / 'run', max_iters=2, **changes)
    with pytest.warns(UserWarning, match=r'test_dataloader: .*none\.lmdb.*; training goes on, testing will fail'):
        runner.train()


@pytest.mark.parametrize(('key', 'message'), [
    ('config', 'rank 1 has another config than rank 0'),
    ('train_dataloader', r'rank 1 has another data set in train_dataloader \(1,000 images, 64 on rank 0\)'),
    ('val_dataloader', r'rank 1 has another data set in val_dataloader \(64 images, 64 on rank 0\)'),
])
def test_ranks_that_differ_are_named(tmp_path, monkeypatch, key, message):
    cfg = run_cfg(tmp_path)
    digests = dict(config=hashlib.sha256(b'').hexdigest(), train_dataloader=(64, None), val_dataloader=(64, 'a'))
    other = {**digests, key: {'config': 'x', 'train_dataloader': (1000, None), 'val_dataloader': (64, 'b')}[key]}
    monkeypatch.setattr(start_checks, 'get_world_size', lambda: 2)
    monkeypatch.setattr(start_checks, 'on_all_processes', lambda own: [digests, other])
    with pytest.raises(IBGANError, match=message):
        check_ranks_agree(cfg, {})
    monkeypatch.setattr(start_checks, 'on_all_processes', lambda own: [digests, digests])
    check_ranks_agree(cfg, {})
