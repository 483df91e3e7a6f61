"""Names of what a run leaves in its work directory: written in one place, read in another, said here."""

#: Folder of MMEngine's ``LocalVisBackend`` in the folder of each session, ``<work_dir>/<time>/vis_data``.
VIS_DATA = 'vis_data'
#: One JSON object a line: logged scalars and their ``step``, the number of iterations done.
SCALARS = 'scalars.json'
#: The whole config as that session used it.
CONFIG = 'config.py'
#: What ``tools/test.py`` leaves: scores as a tree and as a table, and how codes and factors go together.
SCORES = 'scores.json'
SCORES_TABLE = 'scores.csv'
INFORMATION = 'information.npz'
#: What the machine and the packages were, a flat JSON object.
ENVIRONMENT = 'environment.json'
#: Kinds of pictures that ``TraversalHook`` leaves.
TRAVERSAL, SAMPLES = 'traversal', 'samples'
#: Checkpoints of MMEngine's ``CheckpointHook``, counted in iterations.
CHECKPOINTS = 'iter_*.pth'


def picture_name(kind: str, iteration: int) -> str:
    """File of a picture of :data:`TRAVERSAL` or :data:`SAMPLES` after so many iterations; names sort by iteration."""
    return f'{kind}_{iteration:07d}.png'
