"""InfoGAN-CR's contrastive regulariser."""
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ibgan_plugin.registry import MODELS
from ibgan_plugin.utils.errors import IBGANError


class CodePair(NamedTuple):
    """Codes of two images that have one in common."""
    first: Tensor  # N x num_codes
    second: Tensor  # N x num_codes
    index: Tensor  # type: ignore[assignment]  # N, the code that they share; hides tuple.index


def pair_codes(first: Tensor, second: Tensor, index: Tensor, low: float, high: float, gap: float) -> CodePair:
    """Let two draws of uniform codes share one code, and keep all others at least ``gap`` apart (Lin et al., 2020, section 3).

    Each draw is brought into ``[low + gap / 2, high - gap / 2]``, then both are pushed apart by half the gap: as published.

    Args:
        first: Codes N x num_codes, each U(low, high).
        second: As ``first``, drawn independently.
        index: The code to share, N.
        low: Lower end of the codes.
        high: Upper end.
        gap: At least 0, at most ``high - low``.

    Returns:
        Codes in ``[low, high]``.

    Raises:
        IBGANError: If ``gap`` is another, as a schedule may have set it.

    >>> import torch
    >>> first, second = torch.tensor([[-0.5, 0.5]]), torch.tensor([[0.5, 0.5]])
    >>> pair_codes(first, second, index=torch.tensor([1]), low=-1, high=1, gap=1.0)
    CodePair(first=tensor([[-0.7500,  0.5000]]), second=tensor([[0.7500, 0.5000]]), index=tensor([1]))
    """
    if not 0 <= gap <= high - low:
        raise IBGANError(f'gap = {gap} is beyond the range of the codes, {low} to {high}')
    middle, shrink = (low + high) / 2, 1 - gap / (high - low)
    sign = torch.where(first > second, 1.0, -1.0) * gap / 2
    apart = middle + (first - middle) * shrink + sign, middle + (second - middle) * shrink - sign
    shared = F.one_hot(index, first.shape[1]).bool()  # N x num_codes
    return CodePair(torch.where(shared, first, apart[0]), torch.where(shared, first, apart[1]), index)


@MODELS.register_module()
class ContrastiveLoss(nn.Module):
    """``weight E[-log H(i | x, x')]``: G makes the shared code i of a pair easy to tell, and H learns to tell it.

    A :class:`~ibgan_plugin.engine.hooks.schedule.ScheduleHook` raises ``contrastive_loss.weight`` and lowers
    ``contrastive_loss.gap``; while the weight is 0, neither side is trained on it.

    Args:
        weight: In G's loss, at least 0. Published for dSprites: 0, and 2 from iteration 288,000 on.
        gap: Least distance of the codes that are not shared, at least 0. Published: 0 for dSprites, 1.9 and later 0 for teapots.

    Raises:
        IBGANError: If ``weight`` or ``gap`` is negative.

    >>> import torch
    >>> ContrastiveLoss(weight=2.0).generator(logits=torch.zeros(1, 5), index=torch.tensor([3]))
    {'loss_contrastive': tensor([3.2189])}
    """

    def __init__(self, weight: float = 0.0, gap: float = 0.0) -> None:
        super().__init__()
        if not (weight >= 0 and gap >= 0):
            raise IBGANError(f'weight and gap must be at least 0, got {weight} and {gap}')
        self.weight, self.gap = weight, gap

    def generator(self, logits: Tensor, index: Tensor) -> dict[str, Tensor]:
        """``loss_contrastive``, N, in nats, of H's logits N x num_codes and the shared codes N."""
        return dict(loss_contrastive=self.weight * F.cross_entropy(logits, index, reduction='none'))

    def network(self, logits: Tensor, index: Tensor) -> dict[str, Tensor]:
        """H's own ``loss_contrastive_network`` and ``contrastive_accuracy``, each N."""
        return dict(loss_contrastive_network=F.cross_entropy(logits, index, reduction='none'),
                    contrastive_accuracy=(logits.argmax(1) == index).float())
