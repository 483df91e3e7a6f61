"""Tools answer ``--help`` without what they need to work: torch alone takes seconds."""
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = sorted(str(path.relative_to(ROOT)) for path in (ROOT / 'tools').rglob('*.py') if path.name != '__init__.py')
HEAVY = {'torch', 'mmengine', 'numpy', 'scipy', 'sklearn', 'cv2', 'PIL', 'yaml'}
CODE = """
import runpy, sys
tool, *heavy = sys.argv[1:]
sys.argv = [tool, '--help']
try:
    runpy.run_path(tool, run_name='__main__')
except SystemExit as stop:
    loaded = sorted(set(heavy) & set(sys.modules))
    sys.exit(f'{tool} imports {loaded}' if loaded else stop.code)
"""


def test_there_are_tools():
    assert {'tools/train.py', 'tools/test.py', 'tools/infer.py', 'tools/prepare_data.py'} <= set(TOOLS)


@pytest.mark.parametrize('tool', TOOLS)
def test_help_imports_nothing_heavy(tool):
    done = subprocess.run([sys.executable, '-c', CODE, tool, *sorted(HEAVY)], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith('usage: ')
