import cv2

from tests.apis.runs_on_disk import scalars, write_session
from tools.analysis import plot_curves


def test_runs_are_drawn_into_one_picture(tmp_path, capsys):
    for name in ('seed0', 'seed1'):
        write_session(tmp_path / name, '20260101_000000', scalars(50, 300))
        (tmp_path / name / 'ibgan_dsprites.py').touch()
    out = tmp_path / 'figures/curves.png'
    assert plot_curves.main([str(tmp_path / 'seed0'), str(tmp_path / 'seed1'), '--out', str(out)]) == 0
    assert cv2.imread(str(out)).shape[0] > 500
    assert plot_curves.main([str(tmp_path / 'seed0'), '--keys', 'loss_gen', '--out', str(out.with_suffix('.svg'))]) == 0
    assert b'loss_gen' in out.with_suffix('.svg').read_bytes()


def test_mistakes_end_in_one_line(tmp_path, capsys):
    assert plot_curves.main([str(tmp_path), '--out', str(tmp_path / 'curves.png')]) == 2
    assert 'holds no run' in capsys.readouterr().err
    assert not (tmp_path / 'curves.png').exists()
