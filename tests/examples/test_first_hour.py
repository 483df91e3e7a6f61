"""The first hour, as the documentation has it, with fewer iterations."""
import os
import re
import subprocess
import sys
from pathlib import Path

from ibgan_plugin.datasets.dsprites.build import prepare

ROOT = Path(__file__).parents[2]


def test_it_runs_whole_and_leaves_what_it_says(tmp_path):
    prepare(tmp_path / 'data/dsprites')
    environment = dict(os.environ, PYTHONPATH=str(ROOT), OMP_NUM_THREADS='1', FIRST_HOUR_ITERATIONS='8')
    done = subprocess.run([sys.executable, str(ROOT / 'examples/first_hour.py')], cwd=tmp_path, env=environment,
                          capture_output=True, text=True, timeout=550)
    assert done.returncode == 0, done.stderr[-3000:]
    left = {path.name for path in (tmp_path / 'work_dirs/first_hour').iterdir()}
    assert {'mine.py', 'mine', 'samples.png', 'traversal.png', 'between.png'} <= left
    assert (tmp_path / 'work_dirs/first_hour/mine/iter_8.pth').is_file()
    assert 'codes: (2, 10) float32' in done.stdout
    assert 0 <= float(re.search(r'mutual information gap: ([\d.]+)', done.stdout)[1]) <= 1


def test_cells_are_those_of_the_percent_format():
    text = (ROOT / 'examples/first_hour.py').read_text()
    assert text.startswith('# ---\n# jupyter:\n')
    cells = re.split(r'^# %%', text, flags=re.MULTILINE)[1:]
    assert len(cells) >= 10
    for cell in cells:
        lines = cell.splitlines()
        if lines[0] == ' [markdown]':
            assert all(line == '' or line.startswith('#') for line in lines[1:])
        else:
            compile('\n'.join(lines[1:]), 'cell', 'exec')
