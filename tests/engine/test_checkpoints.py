import errno
import os
import pickle
import subprocess
import sys
import tracemalloc
import zipfile

import pytest
import torch

from ibgan_plugin.engine.checkpoints import AtomicLocalBackend, CheckpointError, check_checkpoint, newest_whole_checkpoint
from tests.engine.files import Evil, save


def test_a_whole_checkpoint_passes(tmp_path):
    check_checkpoint(save(tmp_path / 'a.pth'))


@pytest.mark.parametrize('length', [0, 10, 1000, -100])
def test_truncation_is_named(tmp_path, length):
    path = save(tmp_path / 'a.pth')
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(CheckpointError, match=r'a\.pth is truncated or no checkpoint'):
        check_checkpoint(path)


def test_a_flipped_bit_is_found(tmp_path):
    path = save(tmp_path / 'a.pth')
    content = bytearray(path.read_bytes())
    place = content.find(torch.arange(1000.).numpy().tobytes()[400:440])
    assert place > 0
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"a\.pth is damaged: the checksum of '.*data/0' does not fit"):
        check_checkpoint(path)


def test_a_malicious_checkpoint_is_refused_and_does_not_run(tmp_path):
    marker = tmp_path / 'marker'
    path = save(tmp_path / 'evil.pth', {'state_dict': {}, 'meta': Evil(marker)})
    with pytest.raises(CheckpointError, match=r'evil\.pth holds objects of type posix\.system, which are not loaded'):
        check_checkpoint(path)
    (tmp_path / 'plain.pth').write_bytes(pickle.dumps(Evil(marker)))
    with pytest.raises(CheckpointError):
        check_checkpoint(tmp_path / 'plain.pth')
    assert not marker.exists()


@pytest.mark.parametrize('name', ['data.pkl', 'data/0'])
def test_a_checkpoint_that_unpacks_to_more_is_not_unpacked(tmp_path, name):
    """Three megabytes became three gigabytes, the pickle six."""
    whole, bomb = save(tmp_path / 'whole.pth'), tmp_path / 'bomb.pth'
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(bomb, 'w', zipfile.ZIP_DEFLATED) as target:
        for member in source.namelist():
            target.writestr(member, source.read(member) + bytes(1 << 24) * member.endswith(name))
    tracemalloc.start()
    try:
        with pytest.raises(CheckpointError, match=r'bomb\.pth is not as PyTorch writes them'):
            check_checkpoint(bomb)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_other_things_are_named(tmp_path):
    with pytest.raises(CheckpointError, match=r'no checkpoint file .*missing\.pth'):
        check_checkpoint(tmp_path / 'missing.pth')
    with pytest.raises(CheckpointError, match='holds a list, expected a dict'):
        check_checkpoint(save(tmp_path / 'list.pth', [1]))


def test_newest_whole_goes_back_over_damaged_ones(tmp_path):
    with pytest.raises(CheckpointError, match=r'none of the checkpoints in .* can be loaded: there is none'):
        newest_whole_checkpoint(tmp_path)
    for name in ('iter_2', 'epoch_10', 'iter_9', 'best_score_iter_12'):
        save(tmp_path / f'{name}.pth')
    (tmp_path / 'last_checkpoint').write_text(str(tmp_path / 'iter_2.pth'))
    (tmp_path / 'iter_11.pth').write_bytes(b'PK')
    (tmp_path / '.iter_12.pth.part').write_bytes(b'PK')
    with pytest.warns(UserWarning, match=r'iter_11\.pth is truncated .* going back to .*epoch_10'):
        assert newest_whole_checkpoint(tmp_path) == str(tmp_path / 'epoch_10.pth')


def test_importing_the_engine_registers_no_back_end():
    """Another package's program that imports a part of ours keeps its MMEngine as it was."""
    code = ('from mmengine.fileio.backends import backends; before = set(backends); import ibgan_plugin.engine.launch; '
            'import ibgan_plugin.engine.hooks; assert set(backends) == before')
    subprocess.run([sys.executable, '-c', code], check=True, timeout=200)


def test_atomic_write_replaces_whole_files_only(tmp_path, monkeypatch):
    backend, path = AtomicLocalBackend(), tmp_path / 'new' / 'a.bin'
    backend.put(b'first', path)
    backend.put_text('second', path)
    assert path.read_bytes() == b'second'

    def full(*_):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(os, 'fsync', full)
    with pytest.raises(OSError, match=r'could not write .*a\.bin \(0\.0 MB so far\): No space left on device'):
        backend.put(b'third', path)
    assert path.read_bytes() == b'second'
    assert [p.name for p in path.parent.iterdir()] == ['a.bin']
