"""Kernel inception distance: squared maximum mean discrepancy under a polynomial kernel. Binkowski et al., 2018, section 3."""
import numpy as np

from ibgan_plugin.evaluation.checks import check_choice, check_sizes, random_state
from ibgan_plugin.evaluation.image.features import check_pair
from ibgan_plugin.utils.errors import IBGANError

ESTIMATORS = ('biased', 'unbiased', 'torch_fidelity')


def polynomial_mmd(real: np.ndarray, fake: np.ndarray, estimator: str) -> float:
    """Squared discrepancy of two sets [M, D] of the same size under ``(x y / D + 1)^3``.

    Args:
        real: Features.
        fake: Features.
        estimator: ``'biased'``: means over all pairs. ``'unbiased'``: the U-statistic, which leaves out pairs of equal index
            in all three terms (Gretton et al., 2012, equation 4). ``'torch_fidelity'``: leaves them out within each set but
            keeps them in the cross term, what torch-fidelity and clean-fid call unbiased (equation 3 there).

    Raises:
        IBGANError: If the sets differ in size, have fewer than two samples, or a feature is not finite.

    >>> import numpy as np
    >>> x = np.array([[0.0], [1.0]])
    >>> polynomial_mmd(x, x, estimator='biased')
    0.0
    """
    check_choice(ESTIMATORS, estimator=estimator)
    real, fake = check_pair(real, fake, 2)
    num = len(real)
    if num != len(fake):
        raise IBGANError(f'real and fake must have the same size, got {num} and {len(fake)} samples')
    within = [_kernel(features, features) for features in (real, fake)]
    cross = _kernel(real, fake)
    if estimator == 'biased':
        return float(within[0].mean() + within[1].mean() - 2 * cross.mean())
    pairs = num * (num - 1)
    inner = sum(kernel.sum() - np.trace(kernel) for kernel in within) / pairs
    outer = cross.mean() if estimator == 'torch_fidelity' else (cross.sum() - np.trace(cross)) / pairs
    return float(inner - 2 * outer)


def _kernel(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return (first @ second.T / first.shape[1] + 1) ** 3


def kid(real: np.ndarray, fake: np.ndarray, *, num_subsets: int, subset_size: int, estimator: str, seed: int) -> dict[str, float]:
    """Kernel inception distance between features [N, D] and [M, D], averaged over random subsets.

    Args:
        real: Features of real images.
        fake: Features of generated images.
        num_subsets: Number of pairs of subsets, 100 in torch-fidelity.
        subset_size: Samples of each subset, drawn without replacement, at least 2; 1000 in torch-fidelity.
        estimator: See :func:`polynomial_mmd`.
        seed: Seed of the ``RandomState`` that draws the subsets, ``real`` first, as in torch-fidelity.

    Returns:
        ``kid`` and ``kid_std``, mean and standard deviation (ddof 0) over the subsets.

    Raises:
        IBGANError: If the estimator is unknown, a set is smaller than a subset, or the features do not fit.

    >>> import numpy as np
    >>> x = np.random.default_rng(0).standard_normal((50, 4))
    >>> scores = kid(x, x + 3, num_subsets=10, subset_size=20, estimator='unbiased', seed=0)
    >>> sorted(scores)
    ['kid', 'kid_std']
    """
    check_sizes(num_subsets=num_subsets)
    check_sizes(2, subset_size=subset_size)
    check_choice(ESTIMATORS, estimator=estimator)
    real, fake = check_pair(real, fake)
    if min(len(real), len(fake)) < subset_size:
        raise IBGANError(f'subset_size is {subset_size}, but there are only {len(real)} real and {len(fake)} fake samples')
    rng = random_state(seed)
    values = []
    for _ in range(num_subsets):
        subsets = [features[rng.choice(len(features), subset_size, replace=False)] for features in (real, fake)]
        values.append(polynomial_mmd(subsets[0], subsets[1], estimator))
    return {'kid': float(np.mean(values)), 'kid_std': float(np.std(values))}
