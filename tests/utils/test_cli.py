"""How tools end."""
import pickle
from pathlib import Path

import pytest
import torch

from ibgan_plugin.config.errors import ConfigError
from ibgan_plugin.utils.cli import leave_process_group, one_clear_message
from ibgan_plugin.utils.errors import IBGANError
from tests.engine.files import Evil, save


def test_tools_load_no_code_for_others_either(tmp_path, monkeypatch):
    """MMEngine 0.11 switches ``weights_only`` off."""
    monkeypatch.setenv('TORCH_FORCE_WEIGHTS_ONLY_LOAD', '0')
    path = save(tmp_path / 'evil.pth', {'state_dict': {}, 'meta': Evil(tmp_path / 'marker')})
    with pytest.raises(pickle.UnpicklingError, match='Weights only load failed'):
        one_clear_message(lambda: torch.load(path, weights_only=False))()
    assert not (tmp_path / 'marker').exists()


def test_bad_input_ends_in_one_line(monkeypatch, capsys):

    @one_clear_message
    def main():
        raise FileNotFoundError(2, 'No such file', 'data.lmdb')

    assert main() == 2
    assert capsys.readouterr().err == "error: [Errno 2] No such file: 'data.lmdb'\n"
    monkeypatch.setenv('IBGAN_TRACEBACK', '1')
    with pytest.raises(FileNotFoundError):
        main()


@pytest.mark.parametrize('error', [None, IBGANError, ValueError])
def test_no_thread_of_gloo_outlives_a_tool(tmp_path, capsys, error):
    """One that runs while the interpreter exits now and then aborts the process."""

    def gloo_threads() -> list[str]:
        names = [path.read_text().strip() for path in Path('/proc/self/task').glob('*/comm')]
        return [name for name in names if 'gloo' in name]

    @one_clear_message
    def main():
        torch.distributed.init_process_group('gloo', init_method=f'file://{tmp_path}/store', world_size=1, rank=0)
        model = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(1, 1))
        model.itself = [model]  # as a runner and its hooks hold each other
        assert gloo_threads()
        if error is not None:
            raise error('made up')

    assert main() == {None: 0, IBGANError: 2, ValueError: 1}[error]
    assert error is None or 'made up' in capsys.readouterr().err
    assert not gloo_threads()


def test_a_finished_tool_leaves_the_process_group_and_gives_its_exit_code(tmp_path):
    torch.distributed.init_process_group('gloo', init_method=f'file://{tmp_path}/store', world_size=1, rank=0)
    try:
        assert one_clear_message(lambda: 75)() == 75
        assert not torch.distributed.is_initialized()
    finally:
        leave_process_group()
    assert one_clear_message(lambda: None)() == 0


def test_a_line_for_each_mistake_of_a_config(capsys):

    @one_clear_message
    def main():
        raise ConfigError(['a.py: x = 1\nmust be 2', 'a.py: unknown key y'])

    assert main() == 2
    assert capsys.readouterr().err.splitlines() == ['error: a.py: x = 1 must be 2', 'error: a.py: unknown key y']


@pytest.mark.parametrize('error', [ValueError('bug'), OSError('some library'), KeyError('bug')])
def test_a_bug_shows_its_traceback(error):

    @one_clear_message
    def main():
        raise error

    with pytest.raises(type(error)):
        main()


def test_ctrl_c(capsys):

    @one_clear_message
    def main():
        raise KeyboardInterrupt

    assert main() == 130
    assert capsys.readouterr().err == 'stopped\n'
