"""The terms of the VAE family as pure functions, in nats, each from its paper's equation.

Symbols: x an image, r the representation, ``q(r|x) = N(mu, exp(logvar))`` the posterior, ``p(r) = N(0, I)`` the prior,
``q(r) = E_x[q(r|x)]`` the aggregate posterior. N samples, D dimensions of r. Pixels are in [-1, 1] as everywhere in this package;
likelihoods are those of pixels ``(x + 1) / 2`` in [0, 1]. The KL term is ``functional.mi_upper_bound``.
"""
import math

import torch
import torch.nn.functional as F
from torch import Tensor

LOG_2PI = math.log(2 * math.pi)


def bernoulli_nll(logits: Tensor, imgs: Tensor) -> Tensor:
    """``-log p(x|r)`` of pixels as coins with probability ``sigmoid(logits)``: N, in nats, summed over pixels.

    Grey pixels count as probabilities, as in the large-scale study: the cross-entropy, whose least value is their entropy.

    Args:
        logits: N x C x S x S.
        imgs: N x C x S x S in [-1, 1].

    >>> import torch
    >>> bernoulli_nll(torch.zeros(1, 1, 1, 2), torch.ones(1, 1, 1, 2))  # 2 log 2
    tensor([1.3863])
    """
    return F.binary_cross_entropy_with_logits(logits, (imgs + 1) / 2, reduction='none').flatten(1).sum(1)


def gaussian_nll(logits: Tensor, imgs: Tensor, std: float) -> Tensor:
    """``-log p(x|r)`` of pixels around ``sigmoid(logits)`` with standard deviation ``std``: N, in nats, summed over pixels.

    ``0.5 ((x - sigmoid(logits)) / std)^2 + log std + 0.5 log 2 pi`` a pixel, arguments as :func:`bernoulli_nll`. May be below 0:
    p is a density.

    >>> import torch
    >>> gaussian_nll(torch.zeros(1, 1, 1, 1), torch.zeros(1, 1, 1, 1), std=1.0)  # 0.5 log 2 pi
    tensor([0.9189])
    """
    error = (logits.sigmoid() - (imgs + 1) / 2) / std
    return (0.5 * error.square() + math.log(std) + 0.5 * LOG_2PI).flatten(1).sum(1)


def gaussian_log_density(r: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    """``log N(r; mu, exp(logvar))`` of each number, in nats; arguments are broadcast.

    >>> import torch
    >>> gaussian_log_density(torch.ones(1), torch.zeros(1), torch.zeros(1))
    tensor([-1.4189])
    """
    return -0.5 * ((r - mu).square() * (-logvar).exp() + logvar + LOG_2PI)


def capacity_penalty(kl: Tensor, capacity: float) -> Tensor:
    """``|E[KL(q(r|x) || p(r))] - C|``, one number (Burgess et al., 2018, eq. 8), of KLs per sample N and a capacity C in nats.

    >>> import torch
    >>> capacity_penalty(torch.tensor([3., 5.]), capacity=10.0)
    tensor(6.)
    """
    return (kl.mean() - capacity).abs()


def total_correlation(r: Tensor, mu: Tensor, logvar: Tensor, dataset_size: int = 1) -> Tensor:
    """``log q(r) - sum_j log q(r_j)`` of each sample; its mean is the total correlation ``KL(q(r) || prod_j q(r_j))``.

    ``q(r_i) = 1/(N M) sum_k q(r_i|x_k)`` over the batch: minibatch-weighted sampling (Chen et al., 2018, sec. 4). The size M of
    the data set adds the constant ``(D - 1) log M`` and no gradient. The study leaves all constants out; with ``M = 1``,
    here, ``q(r)`` is the mean over the batch, so that a product has total correlation 0.

    Args:
        r: Samples of the posteriors, N x D.
        mu: N x D.
        logvar: N x D.
        dataset_size: M.

    Returns:
        N, in nats.

    >>> import torch
    >>> mu = torch.tensor([[-1., -1.], [1., 1.]]) * 100  # two samples far apart, whose dimensions say the same
    >>> total_correlation(mu, mu, logvar=torch.zeros(2, 2))  # log 2
    tensor([0.6931, 0.6931])
    """
    log_density = gaussian_log_density(r[:, None], mu[None], logvar[None])  # N x N x D: of r_i given x_k
    log_count = math.log(len(r) * dataset_size)
    log_joint = log_density.sum(2).logsumexp(1) - log_count  # N
    log_marginals = log_density.logsumexp(1) - log_count  # N x D
    return log_joint - log_marginals.sum(1)


def aggregate_covariance(mu: Tensor, logvar: Tensor | None = None) -> Tensor:
    """Covariance of r over the data: of the posterior means, plus, with ``logvar``, the mean posterior variance. D x D.

    ``Cov[mu]`` for DIP-VAE-I, ``E[Sigma] + Cov[mu]`` for DIP-VAE-II (Kumar et al., 2018, eq. 5 and the law of total covariance).

    >>> import torch
    >>> aggregate_covariance(torch.tensor([[1., 2.], [-1., -2.]]))
    tensor([[1., 2.],
            [2., 4.]])
    """
    centred = mu - mu.mean(0)
    covariance = centred.T @ centred / len(mu)
    return covariance if logvar is None else covariance + torch.diag(logvar.exp().mean(0))


def dip_penalty(covariance: Tensor, off_diagonal: float, diagonal: float) -> Tensor:
    """``lambda_od sum_{i != j} C_ij^2 + lambda_d sum_i (C_ii - 1)^2``, one number (Kumar et al., 2018, eq. 6 and 7).

    >>> import torch
    >>> dip_penalty(torch.tensor([[1., 2.], [2., 4.]]), off_diagonal=1.0, diagonal=10.0)
    tensor(98.)
    """
    variances = covariance.diagonal()
    off = covariance - torch.diag(variances)
    return off_diagonal * off.square().sum() + diagonal * (variances - 1).square().sum()


def permute_dims(r: Tensor) -> Tensor:
    """A sample of ``prod_j q(r_j)``: each dimension of r, N x D, shuffled over the batch (Kim and Mnih, 2018, algorithm 1).

    >>> import torch
    >>> r = torch.arange(6.).reshape(3, 2)
    >>> torch.equal(permute_dims(r).sort(dim=0).values, r)
    True
    """
    order = torch.rand_like(r).argsort(dim=0)
    return r.gather(0, order)


def log_density_ratio(logits: Tensor) -> Tensor:
    """``log D(r) / (1 - D(r))``, an estimate of ``log q(r) / prod_j q(r_j)``: N, in nats (Kim and Mnih, 2018, eq. 3).

    Args:
        logits: N x 2 of a critic that tells samples of q(r) (first) from permuted ones (second).

    >>> import torch
    >>> log_density_ratio(torch.tensor([[1., 0.]]))
    tensor([1.])
    """
    return logits[:, 0] - logits[:, 1]


def critic_nll(logits: Tensor, permuted_logits: Tensor) -> Tensor:
    """``-0.5 (log D(r) + log(1 - D(r_perm)))`` of each pair: N, in nats (Kim and Mnih, 2018, algorithm 2); logits N x 2 each.

    >>> import torch
    >>> critic_nll(torch.zeros(1, 2), torch.zeros(1, 2))  # it knows nothing: log 2
    tensor([0.6931])
    """
    return -0.5 * (logits.log_softmax(1)[:, 0] + permuted_logits.log_softmax(1)[:, 1])
