"""Names of what a run leaves in its work directory: written in one place, read in another, said here."""
import re
from pathlib import Path

#: Folder of MMEngine's ``LocalVisBackend`` in the folder of each session, ``<work_dir>/<time>/vis_data``.
VIS_DATA = 'vis_data'
#: One JSON object a line: logged scalars and their ``step``, the number of iterations done.
SCALARS = 'scalars.json'
#: The whole config as that session used it.
CONFIG = 'config.py'
#: What ``tools/test.py`` leaves: scores as a tree and as a table, and how codes and factors go together, as arrays and pictures.
SCORES = 'scores.json'
SCORES_TABLE = 'scores.csv'
INFORMATION = 'information.npz'
HEAT_MAPS = ('mutual_information.png', 'importance.png')
#: What it leaves with ``--all-checkpoints``, below a folder of this name: a folder a checkpoint, and a ranking.
TESTS, TESTS_RANKING = 'test', 'ranking.json'
#: What a run of a sweep leaves: what it was started with, and its results.
SWEEP_START, SWEEP_RECORD = 'sweep_start.json', 'sweep_run.json'
#: What the machine and the packages were, a flat JSON object.
ENVIRONMENT = 'environment.json'
#: Kinds of pictures that ``TraversalHook`` leaves.
TRAVERSAL, SAMPLES = 'traversal', 'samples'
#: Checkpoints of MMEngine's ``CheckpointHook``: what is counted, and its number, which may have leading zeros.
CHECKPOINT = re.compile(r'(iter|epoch)_(\d+)\.pth')
#: The hook's ``filename_tmpl`` that make such names, and how to say so; files of other names would be found by nothing.
CHECKPOINT_TEMPLATE = re.compile(r'(iter|epoch)_\{(:(0\d\d?)?d?)?\}\.pth')
CHECKPOINT_TEMPLATES = "'iter_{}.pth' or 'epoch_{}.pth', with leading zeros at most, as in 'iter_{:07d}.pth'"


def numbered_checkpoints(folder: str | Path) -> dict[int, Path]:
    """The checkpoints in a folder by their number, smallest first."""
    found = [(int(match[2]), path) for path in Path(folder).glob('*.pth')
             if (match := CHECKPOINT.fullmatch(path.name)) and path.is_file()]
    return dict(sorted(found))


def picture_name(kind: str, iteration: int) -> str:
    """File of a picture of :data:`TRAVERSAL` or :data:`SAMPLES` after so many iterations; names sort by iteration."""
    return f'{kind}_{iteration:07d}.png'
