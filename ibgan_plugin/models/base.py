"""What everything that looks at a trained model sees."""
from abc import abstractmethod
from typing import NamedTuple

from mmengine.model import BaseModel
from torch import Tensor, nn


class Part(NamedTuple):
    """A network that can be written to a file, with the names of its ends. Images are N x C x S x S in [-1, 1]."""
    network: nn.Module
    inputs: Tensor  # an example, N = 2, where N is free
    input_name: str
    output_names: tuple[str, ...]


class LatentModel(BaseModel):
    """A model with a representation r of images: what traversals, inferencer, export, hooks, metrics and pages ask for.

    A GAN, a VAE, or anybody's autoencoder that has these methods works in all of them. Images are N x C x S x S in [-1, 1].

    Attributes:
        r_dim: Width of the representation r.
        image_shape: Channels, height and width of an image.
    """
    r_dim: int
    image_shape: tuple[int, int, int]

    @abstractmethod
    def encode(self, imgs: Tensor) -> Tensor:
        """The representation of clean images, N x r_dim; raises IBGANError where the model can not encode."""

    @abstractmethod
    def decode(self, r: Tensor) -> Tensor:
        """The images of representations N x r_dim, without noise."""

    @abstractmethod
    def sample_latents(self, num: int, noise: Tensor | None = None, seed: int | None = None) -> Tensor:
        """``num`` representations as the model draws them for new images, num x r_dim.

        Args:
            num: Number of representations.
            noise: Source codes to start from, for models that have some; None draws them.
            seed: Draw from this seed and leave the global random state alone; None draws from the global state.
        """

    def kl_per_dim(self, imgs: Tensor | None = None, num: int = 4096, seed: int = 0) -> Tensor | None:
        """Mean KL of each dimension of r to its prior, (r_dim,) in nats; None where the model has none.

        Args:
            imgs: Images whose representations are measured, for models whose posterior is that of images.
            num: Number of samples, for models that can draw what they measure.
            seed: Of these samples; the global random state is left alone.
        """
        return None

    def exportable_parts(self) -> dict[str, Part]:
        """The parts that can be written to files of their own, by name; ``generator`` takes ``r`` to ``image``."""
        return {}
