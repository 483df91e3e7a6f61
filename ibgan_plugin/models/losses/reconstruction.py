"""Likelihoods p(x given r) of images."""
from abc import abstractmethod

from torch import Tensor, nn

from ibgan_plugin.models.losses import variational
from ibgan_plugin.registry import MODELS
from ibgan_plugin.utils.errors import IBGANError


class ReconstructionLoss(nn.Module):
    """What a decoder's output, N x C x S x S without a last activation, says of images: their likelihood, and their mean."""

    @abstractmethod
    def forward(self, outputs: Tensor, imgs: Tensor) -> Tensor:
        """``-log p(x|r)`` per sample, N, in nats, of images N x C x S x S in [-1, 1]."""

    def mean(self, outputs: Tensor) -> Tensor:
        """The mean image of p(x|r), N x C x S x S in [-1, 1]."""
        return 2 * outputs.sigmoid() - 1


@MODELS.register_module()
class BernoulliReconstruction(ReconstructionLoss):
    """Pixels as coins: the study's choice for all its data sets; see :func:`variational.bernoulli_nll`.

    >>> import torch
    >>> imgs = torch.tensor([-1., 1.]).reshape(1, 1, 1, 2)
    >>> BernoulliReconstruction()(torch.zeros(1, 1, 1, 2), imgs)
    tensor([1.3863])
    """

    def forward(self, outputs: Tensor, imgs: Tensor) -> Tensor:
        """See :class:`ReconstructionLoss`."""
        return variational.bernoulli_nll(outputs, imgs)


@MODELS.register_module()
class GaussianReconstruction(ReconstructionLoss):
    """Pixels in [0, 1] with Gaussian noise; see :func:`variational.gaussian_nll`.

    Args:
        std: Standard deviation, above 0, of pixels in [0, 1]. ``0.5 ** 0.5`` weighs the squared error by 1, as the study's L2 loss.

    Raises:
        IBGANError: If ``std`` is not above 0.

    >>> import torch
    >>> GaussianReconstruction(std=1.0)(torch.zeros(1, 1, 1, 2), torch.zeros(1, 1, 1, 2))
    tensor([1.8379])
    """

    def __init__(self, std: float = 0.5**0.5) -> None:
        super().__init__()
        if not std > 0:
            raise IBGANError(f'std must be above 0, got {std}')
        self.std = std

    def forward(self, outputs: Tensor, imgs: Tensor) -> Tensor:
        """See :class:`ReconstructionLoss`."""
        return variational.gaussian_nll(outputs, imgs, self.std)
