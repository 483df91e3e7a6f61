"""Work directories as trainings leave them, made without a training."""
import json
from pathlib import Path

CONFIG = "default_scope = 'ibgan_plugin'\nmodel = dict(type='ibgan_plugin.IBGAN')\nrandomness = dict(seed=3)\n"


def write_session(run: Path, time: str, lines: list, config: str = CONFIG) -> Path:
    """One session: scalars, config and log."""
    folder = run / time / 'vis_data'
    folder.mkdir(parents=True)
    (folder / 'scalars.json').write_text(''.join(json.dumps(line) + '\n' for line in lines))
    (folder / 'config.py').write_text(config)
    (run / time / f'{time}.log').write_text('----\nSystem environment:\n    PyTorch: 2.13.0\n    sys.platform: linux\n')
    return folder


def scalars(first: int, last: int, step: int = 50, **values: float) -> list[dict]:
    """Lines of both kinds that a training logs."""
    lines = []
    for iteration in range(first, last + 1, step):
        lines.append({'loss_gen': iteration / 100, **values, 'iter': iteration, 'step': iteration})
        lines.append({'mi/lower_bound': 0.1, 'mi/upper_bound': 0.4, 'mi/gap': 0.3, 'kl/dim_00': 0.5, 'kl/dim_01': 0.01,
                      'step': iteration})
    return lines
