"""Random damage to configs, checkpoints and data files ends in our own message or in nothing worse than a right result.

Each input runs with a bound on the address space it may add, so that a forged length can not ask for gigabytes unseen.
"""
import os
import random
import resource
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mmengine.config import Config

from ibgan_plugin.config.check import ConfigError, check_config, config_errors
from ibgan_plugin.datasets.store.reader import LMDBReader, StoreError
from ibgan_plugin.datasets.store.writer import Job, build
from ibgan_plugin.engine.checkpoints import CheckpointError, check_checkpoint
from tests.engine.runs import run_cfg

#: ``IBGAN_FUZZ_EXAMPLES=2000 python -m pytest tests/reliability/test_fuzz.py`` tries more.
FUZZ = settings(max_examples=int(os.environ.get('IBGAN_FUZZ_EXAMPLES', '60')), deadline=None, derandomize=True, database=None,
                suppress_health_check=list(HealthCheck))
#: What a damaged file may make a process allocate, in bytes.
ALLOWANCE = 1 << 30
counts: Counter = Counter()


@st.composite
def damages(draw):
    """A function from bytes to damaged bytes: cut off, overwritten, or with a piece repeated."""
    kind = draw(st.sampled_from(['cut', 'bytes', 'header', 'repeat']))
    seed = draw(st.integers(0, 2**32))

    def apply(content: bytes) -> bytes:
        dice, damaged = random.Random(seed), bytearray(content)
        if kind == 'cut':
            return bytes(damaged[:dice.randrange(len(damaged))])
        if kind == 'repeat':
            place = dice.randrange(len(damaged))
            return bytes(damaged[:place] + damaged[place // 2:])
        reach = len(damaged) if kind == 'bytes' else min(len(damaged), 512)
        for _ in range(dice.choice([1, 4, 64])):
            damaged[dice.randrange(reach) * (1 if kind == 'header' or dice.random() < 0.5 else -1)] = dice.randrange(256)
        return bytes(damaged)

    return apply


def in_a_child(work) -> int:
    """Exit status of ``work`` in a forked process with little memory: 0 right, 1 our message, anything else is a failure."""
    child = os.fork()
    if child == 0:
        status = 3
        try:
            used = int(Path('/proc/self/statm').read_text().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (used + ALLOWANCE, used + ALLOWANCE))
            status = work()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    path = tmp_path_factory.mktemp('checkpoint') / 'whole.pth'
    content = dict(state_dict=dict(w=torch.arange(500.)), meta=dict(iter=3, cfg='x = 1'), optimizer=dict(state=[1, 2.5, None]))
    torch.save(content, path)
    return path


@FUZZ
@given(damage=damages())
def test_checkpoints(checkpoint, damage):
    path = checkpoint.with_name('damaged.pth')
    path.write_bytes(damage(checkpoint.read_bytes()))

    def work() -> int:
        try:
            check_checkpoint(path)
        except CheckpointError as error:
            return 1 if str(path) in str(error) else 2
        # Bytes that no checksum covers, such as a file's time, may differ; the content may not.
        return 0 if torch.equal(torch.load(path, weights_only=True)['state_dict']['w'], torch.arange(500.)) else 4

    status = in_a_child(work)
    assert status in (0, 1)
    counts[f'checkpoints {("passed", "refused")[status]}'] += 1


def test_a_forged_size_in_a_checkpoint_does_not_ask_for_memory(checkpoint):
    path = checkpoint.with_name('forged.pth')
    with zipfile.ZipFile(checkpoint) as source, zipfile.ZipFile(path, 'w') as target:
        for name in source.namelist():
            content = source.read(name)
            if name.endswith('data.pkl'):
                content = content.replace(b'M\xf4\x01', b'J\xff\xff\xff\x7f')  # 500 elements become 2^31 - 1
            target.writestr(name, content)

    def work() -> int:
        try:
            check_checkpoint(path)
        except CheckpointError:
            return 1
        return 2

    assert in_a_child(work) == 1
    counts['checkpoints refused'] += 1


@pytest.fixture(scope='module')
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp('store') / 'whole.lmdb'
    records = [np.random.default_rng(i).bytes(3000 + i) for i in range(30)]
    build(path, Job(kind='numbers', source='made up', inputs=30, records=lambda start: iter(records[start:]), size=1 << 18))
    return path


@FUZZ
@given(damage=damages())
def test_data_files(store, damage):
    path = store.with_name('damaged.lmdb')
    path.write_bytes(damage(store.read_bytes()))

    def work() -> int:
        try:
            LMDBReader(path, 'numbers').verify()
        except StoreError as error:
            return 1 if str(path) in str(error) else 2
        return 0

    status = in_a_child(work)
    assert status == (0 if path.read_bytes() == store.read_bytes() else 1)
    counts[f'data files {("passed", "refused")[status]}'] += 1


VALUES = st.one_of(st.none(), st.booleans(), st.integers(-3, 64), st.just(10**15), st.floats(), st.text(max_size=8),
                   st.lists(st.integers(), max_size=3), st.dictionaries(st.text(max_size=5), st.integers(), max_size=2))


def paths(node, prefix=()):
    """All key paths of a nested config."""
    for key, value in (node.items() if isinstance(node, dict) else enumerate(node)):
        yield (*prefix, key)
        if isinstance(value, (dict, list)):
            yield from paths(value, (*prefix, key))


@FUZZ
@given(data=st.data())
def test_configs(data):
    """A key renamed or a value replaced: the config passes the check or is refused in one line, and building it likewise."""
    from mmengine.registry import MODELS
    content = run_cfg('nowhere').to_dict()
    *parents, last = data.draw(st.sampled_from(sorted(paths(content), key=str)))
    node = content
    for key in parents:
        node = node[key]
    if isinstance(node, dict) and data.draw(st.booleans()):
        node[data.draw(st.text(min_size=1, max_size=12))] = node.pop(last)
    else:
        node[last] = data.draw(VALUES)
    status = 'passed'
    try:
        cfg = Config(content)
        check_config(cfg)
        with config_errors(cfg):
            MODELS.build(cfg.model)
    except ConfigError as error:
        assert all(line.startswith('config: ') for line in str(error).split('\n'))
        status = 'refused'
    counts[f'configs {status}'] += 1


def test_count(record_property):
    """Reports how many inputs the tests above have tried; printed in the summary of the run."""
    kinds = ', '.join(f'{number} {name}' for name, number in sorted(counts.items()))
    record_property('summary', f'fuzz: {sum(counts.values())} inputs tried: {kinds}')
