import pytest

from ibgan_plugin.utils.control_groups import core_quota, memory_limit


def write(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


@pytest.mark.parametrize(('groups', 'files', 'quota'), [
    ('', {}, None),
    ('', {'cpu.max': 'nonsense'}, None),
    ('0::/\n', {'cpu.max': 'max 100000\n'}, None),
    ('0::/\n', {'cpu.max': '150000 100000\n'}, 1.5),
    ('0::/of/the/host\n', {'cpu.max': '150000 100000\n'}, 1.5),  # in a container
    ('0::/user/job\n', {'user/cpu.max': '300000 100000\n', 'user/job/cpu.max': '50000 100000\n'}, 0.5),
    ('0::/user/job\n', {'user/cpu.max': '100000 100000\n', 'user/job/cpu.max': 'max 100000\n'}, 1.0),
    ('1:cpu:/\n', {'cpu/cpu.cfs_quota_us': '-1\n', 'cpu/cpu.cfs_period_us': '100000\n'}, None),
    ('1:cpu,cpuacct:/\n0::/\n', {'cpu/cpu.cfs_quota_us': '200000\n', 'cpu/cpu.cfs_period_us': '100000\n'}, 2.0),
    ('1:cpu:/job\n', {'cpu/job/cpu.cfs_quota_us': '200000\n', 'cpu/job/cpu.cfs_period_us': '100000\n'}, 2.0),
    ('1:cpuset:/job\n', {'cpu/job/cpu.cfs_quota_us': '200000\n', 'cpu/job/cpu.cfs_period_us': '100000\n'}, None),
])
def test_cores_of_the_tightest_group(tmp_path, groups, files, quota):
    write(tmp_path, {'groups': groups, **{f'root/{name}': text for name, text in files.items()}})
    assert core_quota(tmp_path / 'root', tmp_path / 'groups') == quota


@pytest.mark.parametrize(('groups', 'files', 'limit'), [
    ('0::/job\n', {'memory.max': 'max\n'}, None),
    ('0::/job\n', {'memory.max': '4096\n', 'job/memory.max': '1024\n'}, 1024),
    ('4:memory:/job\n', {'memory/job/memory.limit_in_bytes': '2048\n'}, 2048),
])
def test_memory_of_the_tightest_group(tmp_path, groups, files, limit):
    write(tmp_path, {'groups': groups, **{f'root/{name}': text for name, text in files.items()}})
    assert memory_limit(tmp_path / 'root', tmp_path / 'groups') == limit


def test_this_machine_s_are_read():
    for value in (core_quota(), memory_limit()):
        assert value is None or value > 0
