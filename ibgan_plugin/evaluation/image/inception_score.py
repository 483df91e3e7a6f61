"""Inception score. Salimans et al., "Improved Techniques for Training GANs", 2016, section 4."""
import numpy as np

from ibgan_plugin.evaluation.checks import check_sizes, random_state
from ibgan_plugin.evaluation.image.features import check_features


def inception_score(logits: np.ndarray, *, num_splits: int, seed: int) -> dict[str, float]:
    """``exp(mean KL(p(y|x) || p(y)))`` of a classifier's predictions, averaged over splits.

    Args:
        logits: Class scores [N, K] before the softmax.
        num_splits: Parts of equal size (up to one) into which the samples are divided at random, 10 in the paper.
        seed: Seed of the permutation.

    Returns:
        ``inception_score`` in [1, K] and ``inception_score_std``, mean and standard deviation (ddof 0) over the splits.

    Raises:
        IBGANError: If there are fewer samples than splits or the logits are not finite.

    >>> import numpy as np
    >>> inception_score(1000 * np.eye(4), num_splits=1, seed=0)  # four images, surely of four classes
    {'inception_score': 4.0, 'inception_score_std': 0.0}
    """
    from scipy.special import log_softmax, logsumexp
    check_sizes(num_splits=num_splits)
    log_probability = log_softmax(check_features(logits, least=num_splits), axis=1)
    scores = []
    for part in np.array_split(random_state(seed).permutation(len(log_probability)), num_splits):
        conditional = log_probability[part]
        marginal = logsumexp(conditional, axis=0) - np.log(len(part))
        scores.append(np.exp((np.exp(conditional) * (conditional - marginal)).sum(axis=1).mean()))
    return {'inception_score': float(np.mean(scores)), 'inception_score_std': float(np.std(scores))}
