"""What each dimension of a representation can be."""
import math
from typing import NamedTuple


class LatentAxis(NamedTuple):
    """A dimension of r under its prior, by default N(0, 1): whatever moves along it stays where the prior has its codes.

    The numbers of a one-hot code are 0 or 1, and one of them is 1: who moves one moves the others too.
    """
    center: float = 0.0  # its value at the point that traversals cross, a possible code
    std: float = 1.0
    low: float = -math.inf  # ends of the support
    high: float = math.inf
    classes: tuple[int, ...] = ()  # dimensions of the one-hot code that this one is a class of

    def ends(self, limit: float) -> tuple[float, float]:
        """``limit`` standard deviations to both sides of the centre, within the support; of a class, off and on."""
        if self.classes:
            return 0.0, 1.0
        return max(self.low, self.center - limit * self.std), min(self.high, self.center + limit * self.std)
