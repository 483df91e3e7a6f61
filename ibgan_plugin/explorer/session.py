"""From what a command line names to an explorer."""
from collections.abc import Sequence

from ibgan_plugin.apis.dataset import NUM_KL_IMAGES, ShownData
from ibgan_plugin.apis.trained import load_trained
from ibgan_plugin.explorer.models import ExploredModel
from ibgan_plugin.explorer.server import Explorer


def make_explorer(references: Sequence[str], device: str | None = None, with_data: bool = True) -> tuple[Explorer, list[str]]:
    """Load models, and the data set of the first one's config.

    Args:
        references: See :func:`~ibgan_plugin.apis.trained.load_trained`.
        device: As there.
        with_data: Whether to open the data set.

    Returns:
        The explorer, and notes for the user: why there is no data set, where it could not be opened.
    """
    trained = load_trained(references, device)
    data, notes = None, []
    if with_data:
        try:
            data = ShownData.of(trained[0].config)
        except (ValueError, OSError) as error:
            notes.append(f'without a data set: {error}')
    models = [ExploredModel(each.name, each.model, None if data is None else data.sample(NUM_KL_IMAGES, each.model.image_shape))
              for each in trained]
    return Explorer(models, data), notes
