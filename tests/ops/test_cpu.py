import subprocess
import sys

import pytest
import torch

from ibgan_plugin.ops import cpu
from ibgan_plugin.ops.cpu import CPUSettings, tune_cpu, use_onednn_products
from ibgan_plugin.utils.errors import IBGANError

COUNT_FAULTS = '''
import resource, sys, torch
from ibgan_plugin.ops.cpu import keep_freed_memory
if sys.argv[1] == 'keep' and not keep_freed_memory():
    sys.exit(77)
torch.set_num_threads(1)
def work():
    return [torch.ones(size) for size in (2_000_000, 10_000_000, 2_000_000, 20_000_000)]  # 8 to 80 MB
for _ in range(12):  # until the heap has found its places
    work()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    work()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
'''


def faults(mode: str) -> int:
    done = subprocess.run([sys.executable, '-c', COUNT_FAULTS, mode], capture_output=True, text=True, timeout=120)
    if done.returncode == 77:
        pytest.skip('the C library has no mallopt')
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_freed_memory_comes_back_without_page_faults():
    kept = faults('keep')
    assert kept < 100
    assert kept <= faults('default')  # thousands, except on kernels that hand out huge pages


RELEASE = '''
import sys, torch
from ibgan_plugin.ops.cpu import keep_freed_memory, release_freed_memory
def resident():
    return next(int(line.split()[1]) for line in open('/proc/self/status') if line.startswith('VmRSS')) >> 10
if not keep_freed_memory():
    sys.exit(77)
before = resident()
blocks = [torch.ones(2_000_000) for _ in range(20)]  # 8 MB each
last = torch.ones(100_000)  # keeps the top of the heap
del blocks
kept = resident() - before
assert release_freed_memory()
print(kept, resident() - before)
'''


@pytest.mark.skipif(not sys.platform.startswith('linux'), reason='reads /proc')
def test_kept_memory_can_be_given_back():
    done = subprocess.run([sys.executable, '-c', RELEASE], capture_output=True, text=True, timeout=120)
    if done.returncode == 77:
        pytest.skip('the C library has no mallopt')
    assert done.returncode == 0, done.stderr
    kept, left = map(int, done.stdout.split())
    assert kept > 140 and left < 40  # MB, of 160


@pytest.fixture
def precision():
    before = torch.get_float32_matmul_precision()
    yield before
    torch.set_float32_matmul_precision(before)


def test_denormal_numbers_are_zero(precision):
    try:
        tune_cpu()
        assert torch.tensor(1e-39).mul(1.0) == 0
    finally:
        torch.set_flush_denormal(False)


@pytest.mark.parametrize('shapes', [((64, 8192), (8192, 256)), ((36, 128, 64), (36, 64, 96)), ((16, 16), (16, 1024))])
def test_products_stay_as_exact(shapes, precision):
    torch.manual_seed(0)
    left, right = map(torch.randn, shapes)
    exact = left.double() @ right.double()
    error = (left @ right - exact).norm() / exact.norm()
    use_onednn_products()
    assert (left @ right - exact).norm() / exact.norm() < 3 * error  # bfloat16's would be ten thousand times larger


def test_products_that_round_stay_where_they_are(monkeypatch, precision):
    monkeypatch.setattr(torch.backends.cpu, 'get_cpu_capability', lambda: 'AVX512')
    monkeypatch.setattr(cpu.torch, 'full', lambda shape, value: torch.ones(shape))  # what rounding to bfloat16 would leave
    assert not use_onednn_products()
    assert torch.get_float32_matmul_precision() == precision


NOTHING = """
import torch
from mmengine.registry import MODELS
import ibgan_plugin.engine, ibgan_plugin.ops
from tests.conftest import model_cfg
MODELS.build(model_cfg()).init_weights()
assert torch.get_float32_matmul_precision() == 'highest'
assert torch.tensor(1e-39).mul(1.0) > 0
"""


def test_importing_and_building_set_nothing():
    done = subprocess.run([sys.executable, '-c', NOTHING], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize('key', ['keep_freed_memory', 'onednn_matmul', 'flush_denormal'])
def test_each_setting_is_made_unless_it_is_turned_off(key, monkeypatch):
    made = set()
    monkeypatch.setattr(cpu, 'keep_freed_memory', lambda: made.add('keep_freed_memory'))
    monkeypatch.setattr(cpu, 'use_onednn_products', lambda: made.add('onednn_matmul'))
    monkeypatch.setattr(torch, 'set_flush_denormal', lambda on: made.add('flush_denormal'))
    tune_cpu(CPUSettings.of({}))
    assert made == {'keep_freed_memory', 'onednn_matmul', 'flush_denormal'}
    made.clear()
    tune_cpu(CPUSettings.of(dict(cpu={key: False})))
    assert made == {'keep_freed_memory', 'onednn_matmul', 'flush_denormal'} - {key}


@pytest.mark.parametrize(('cpu_cfg', 'message'), [
    (dict(fast_conv=True), r"env_cfg\.cpu must be a dict with keys among fast_convs, .*got \{'fast_conv': True\}"),
    (dict(onednn_matmul='no'), r"env_cfg\.cpu\.onednn_matmul must be True or False, got 'no'"),
    ('off', r"env_cfg\.cpu must be a dict .*got 'off'"),
])
def test_impossible_settings(cpu_cfg, message):
    with pytest.raises(IBGANError, match=message):
        CPUSettings.of(dict(cpu=cpu_cfg))
