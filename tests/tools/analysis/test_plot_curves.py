import sys

import cv2
import pytest

from tests.apis.runs_on_disk import scalars, write_session
from tools.analysis import plot_curves


def call(monkeypatch, *arguments) -> None:
    monkeypatch.setattr(sys, 'argv', ['plot_curves.py', *map(str, arguments)])
    plot_curves.main()


def test_runs_are_drawn_into_one_picture(tmp_path, monkeypatch, capsys):
    for name in ('seed0', 'seed1'):
        write_session(tmp_path / name, '20260101_000000', scalars(50, 300))
        (tmp_path / name / 'ibgan_dsprites.py').touch()
    out = tmp_path / 'figures/curves.png'
    call(monkeypatch, tmp_path / 'seed0', tmp_path / 'seed1', '--out', out)
    assert cv2.imread(str(out)).shape[0] > 500
    call(monkeypatch, tmp_path / 'seed0', '--keys', 'loss_gen', '--out', out.with_suffix('.svg'))
    assert b'loss_gen' in out.with_suffix('.svg').read_bytes()


def test_mistakes_end_in_one_line(tmp_path, monkeypatch, capsys):
    with pytest.raises(SystemExit, match='2'):
        call(monkeypatch, tmp_path, '--out', tmp_path / 'curves.png')
    assert 'holds no run' in capsys.readouterr().err
    assert not (tmp_path / 'curves.png').exists()
