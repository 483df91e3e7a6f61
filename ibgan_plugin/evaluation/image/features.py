"""Checks and streaming statistics of image features, shared by the image metrics."""
import numpy as np
from mmengine import dist

from ibgan_plugin.utils.errors import IBGANError

#: Larger numbers are refused: the cubes of their products, which KID takes, must be finite.
LARGEST = 1e40


def check_features(features: np.ndarray, least: int = 1) -> np.ndarray:
    """``features`` as a finite float64 array [N, D] with N >= ``least``.

    Raises:
        IBGANError: If the shape is another or a value is NaN, infinite or beyond :data:`LARGEST` (the message names the first
            such sample).
    """
    features = np.asarray(features)
    if features.ndim != 2 or features.shape[1] == 0 or features.dtype.kind not in 'fiu' or len(features) < least:
        raise IBGANError(f'features must be real numbers of shape [N, D] with N >= {least}, '
                         f'got {features.dtype} of shape {list(features.shape)}')
    features = features.astype(np.float64)
    bad = ~(np.abs(features) <= LARGEST)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise IBGANError(f'features of sample {row} are not finite: number {column} is {features[row, column]}')
    return features


def check_pair(real: np.ndarray, fake: np.ndarray, least: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Both feature arrays checked, with the same width; IBGANError otherwise."""
    real, fake = check_features(real, least), check_features(fake, least)
    if real.shape[1] != fake.shape[1]:
        raise IBGANError(f'real and fake features must have the same width, got {real.shape[1]} and {fake.shape[1]}')
    return real, fake


class FeatureStatistics:
    """Mean and covariance of features that arrive in batches, in float64.

    Keeps the mean and the scatter around it and combines them pairwise (Chan et al., 1979), so that a large common offset
    costs no digits, as it would with sums of squares.

    Attributes:
        count: Number of samples.
        mean: float64 [D]; D is 0 before the first sample.
        scatter: Sum of the outer products of what the samples differ from the mean, float64 [D, D].

    >>> import numpy as np
    >>> statistics = FeatureStatistics()
    >>> statistics.update(np.array([[0.0, 1.0], [2.0, 1.0]]))
    >>> statistics.mean
    array([1., 1.])
    """

    def __init__(self) -> None:
        self.count = 0
        self.mean = np.empty(0)
        self.scatter = np.empty((0, 0))

    def update(self, features: np.ndarray) -> None:
        """Add a batch [N, D], N may be 0; IBGANError for another width or values that are not finite."""
        features = check_features(features, least=0)
        if len(features):
            batch = FeatureStatistics()
            batch.count, batch.mean = len(features), features.mean(axis=0)
            centred = features - batch.mean
            batch.scatter = centred.T @ centred
            self.merge(batch)

    def merge(self, other: 'FeatureStatistics') -> None:
        """Add the samples of ``other``, e.g. those of another process; IBGANError if its width is another."""
        if not other.count:
            return
        if not self.count:
            self.mean, self.scatter = np.zeros_like(other.mean), np.zeros_like(other.scatter)
        if len(other.mean) != len(self.mean):
            raise IBGANError(f'features must have width {len(self.mean)}, got {len(other.mean)}')
        total, shift = self.count + other.count, other.mean - self.mean
        self.scatter += other.scatter + np.outer(shift, shift) * (self.count * other.count / total)
        self.mean = self.mean + shift * (other.count / total)
        self.count = total

    def gather(self) -> 'FeatureStatistics':
        """The statistics of all processes' samples, merged in the order of the processes, on every one; all must call it."""
        total = FeatureStatistics()
        for count, mean, scatter in dist.all_gather_object((self.count, self.mean, self.scatter)):
            part = FeatureStatistics()
            part.count, part.mean, part.scatter = count, mean, scatter
            total.merge(part)
        return total

    @property
    def covariance(self) -> np.ndarray:
        """Covariance [D, D] with ddof=1.

        Raises:
            IBGANError: If there are fewer than two samples.
        """
        if self.count < 2:
            raise IBGANError(f'a covariance needs at least 2 samples, got {self.count}')
        return self.scatter / (self.count - 1)
