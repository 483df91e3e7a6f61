"""From what a command line names to an explorer."""
from collections.abc import Sequence

import torch
from torch import Tensor

from ibgan_plugin.apis.dataset import ShownData
from ibgan_plugin.apis.trained import load_trained
from ibgan_plugin.explorer.models import ExploredModel
from ibgan_plugin.explorer.server import Explorer
from ibgan_plugin.models.base import LatentModel, device_of

#: Images of the data set from which the KL of models whose posterior is that of images is measured.
NUM_KL_IMAGES = 512


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
    return Explorer([ExploredModel(each.name, each.model, _images(each.model, data)) for each in trained], data), notes


def _images(model: LatentModel, data: ShownData | None) -> Tensor | None:
    """Random images of the data set in [-1, 1], as the model takes them."""
    if data is None:
        return None
    return torch.from_numpy(data.sample(NUM_KL_IMAGES, model.image_shape)).float().to(device_of(model)) / 127.5 - 1
