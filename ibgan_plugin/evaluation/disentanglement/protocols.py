"""Named protocols as plain data: metric name -> keyword arguments, every number spelled out, nothing but the seed left open.

``study``: the large-scale study (Locatello et al., 2019, settings of disentanglement_lib), the protocol of record.
``study_fast``: ``study`` with histogram boosting in DCI; its DCI is not comparable with published numbers.
``infogan_cr``: FactorVAE score with 500 x 100 images on the votes themselves (Lin et al., 2020).
``ibgan``: FactorVAE score with 800 x 200 images on the votes themselves, DCI by random forests (Jeon et al., 2021).
``infomec``: InfoMEC (Hsu et al., 2023) of continuous codes, which are pruned by their range.
``infomec_iqr``: the same pruned by the range between quartiles, as Tripod does it (Hsu et al., 2024).
``infomec_discrete``, ``infomec_iqr_discrete``: the same of quantised codes in [-1, 1].
``dci_es``: DCI-ES (Eastwood et al., 2023) by random forests and random Fourier features. Capacities start and end where 10,000
    samples tell probes apart: published curves start at depth 1 and 16 features, where even perfect codes lose, and end at
    131,072 features.
``med``: MED and top-1 MED (Cao et al., 2022).
``tad``: Total AUROC difference of binary attributes (Yeats et al., 2022; papers on CelebA report it).
``review``: what the review of Carbonneau et al. (2022) adds to the others.
``quick``: small and cheap, to follow a training run; not for publication.
"""
from typing import Any

from ibgan_plugin.utils.errors import IBGANError

#: Keyword arguments of each metric of a protocol.
Protocol = dict[str, dict[str, Any]]

STUDY: Protocol = {
    'factor_vae': {'num_train': 10000, 'num_eval': 5000, 'batch_size': 64, 'num_variance_estimate': 10000,
                   'prune_threshold': 0.05},
    'beta_vae': {'num_train': 10000, 'num_eval': 5000, 'batch_size': 64, 'inverse_penalty': 1.0, 'max_iter': 100},
    'mig': {'num_train': 10000, 'batch_size': 16, 'num_bins': 20},
    'dci': {'num_train': 10000, 'num_test': 5000, 'batch_size': 16, 'model': 'gradient_boosting',
            'model_args': {'n_estimators': 100, 'learning_rate': 0.1, 'max_depth': 3}},
    'sap': {'num_train': 10000, 'num_test': 5000, 'batch_size': 16, 'continuous_factors': False, 'penalty': 0.01},
    'modularity_explicitness': {'num_train': 10000, 'num_test': 5000, 'batch_size': 16, 'num_bins': 20,
                                'inverse_penalty': 1.0, 'max_iter': 100},
    'irs': {'num_train': 10000, 'batch_size': 16, 'num_bins': 20, 'diff_quantile': 0.99},
    'unsupervised': {'num_train': 10000, 'batch_size': 16, 'num_bins': 20},
}

STUDY_FAST: Protocol = {
    **STUDY,
    'dci': {'num_train': 10000, 'num_test': 5000, 'batch_size': 16, 'model': 'hist_gradient_boosting',
            'model_args': {'max_iter': 100, 'learning_rate': 0.1, 'max_depth': 3, 'max_bins': 255}},
}

INFOGAN_CR: Protocol = {
    'factor_vae': {'num_train': 500, 'num_eval': 0, 'batch_size': 100, 'num_variance_estimate': 10000,
                   'prune_threshold': 0.05},
}

IBGAN: Protocol = {
    # IB-GAN drops codes with a variance, not a standard deviation, below 0.05, estimated on as many images as vote.
    'factor_vae': {'num_train': 800, 'num_eval': 0, 'batch_size': 200, 'num_variance_estimate': 160000,
                   'prune_threshold': 0.05 ** 0.5},
    'dci': {'num_train': 10000, 'num_test': 5000, 'batch_size': 16, 'model': 'random_forest',
            'model_args': {'n_estimators': 10, 'max_depth': [4, 2, 4, 2, 2]}},
}

QUICK: Protocol = {
    'factor_vae': {'num_train': 1000, 'num_eval': 500, 'batch_size': 64, 'num_variance_estimate': 2000,
                   'prune_threshold': 0.05},
    'mig': STUDY['mig'],
}

_INFOMEC = {'num_train': 10000, 'batch_size': 16, 'discrete_codes': False, 'pruning': 'range', 'prune_share': 0.05,
            'num_neighbours': 10, 'max_iter': 100}
INFOMEC: Protocol = {'infomec': _INFOMEC}
INFOMEC_IQR: Protocol = {'infomec': {**_INFOMEC, 'pruning': 'iqr', 'prune_share': 0.1}}
INFOMEC_DISCRETE: Protocol = {'infomec': {**_INFOMEC, 'discrete_codes': True, 'prune_share': 0.0}}
INFOMEC_IQR_DISCRETE: Protocol = {'infomec': {**_INFOMEC, 'discrete_codes': True, 'pruning': 'iqr', 'prune_share': 0.1}}

DCI_ES: Protocol = {
    'dci_es': {'num_train': 10000, 'num_test': 5000, 'batch_size': 16, 'max_classes': 3, 'probes': {
        'random_forest': {'depths': [2, 3, 4, 8, 10, 12, 14, 16, 18, 20, 32], 'num_trees': 100},
        'rff': {'sizes': [64, 128, 256, 512, 1024, 2048], 'gain': 0.08}}},
}

MED: Protocol = {
    'med': {'num_train': 10000, 'num_test': 10000, 'batch_size': 16, 'num_bins': 20, 'top_k': 1, 'inverse_penalty': 1.0,
            'max_iter': 100},
}

REVIEW: Protocol = {
    'z_min_variance': {'num_train': 10000, 'batch_size': 16, 'num_train_votes': 800, 'num_eval_votes': 800, 'vote_size': 200,
                       'prune_threshold': 0.05},
    'jemmig': {'num_train': 10000, 'batch_size': 16, 'num_bins': 10},
    'dcimig': {'num_train': 10000, 'batch_size': 16, 'num_bins': 10},
}

TAD: Protocol = {'tad': {'num_train': 10000, 'batch_size': 16, 'least_auroc': 0.75, 'most_shared': 0.2}}

#: Of several runs, without labels. Lasso penalty of Duan et al. (2020); votes of InfoGAN-CR (Lin et al., 2020).
RUNS: Protocol = {
    'udr_spearman': {'similarity': 'spearman', 'lasso_alpha': 0.1, 'prune_threshold': 0.05},
    'udr_lasso': {'similarity': 'lasso', 'lasso_alpha': 0.1, 'prune_threshold': 0.05},
    'model_centrality': {'num_votes': 500, 'batch_size': 100, 'num_bins': 50, 'prune_threshold': 0.05},
}

PROTOCOLS: dict[str, Protocol] = {
    'study': STUDY, 'study_fast': STUDY_FAST, 'infogan_cr': INFOGAN_CR, 'ibgan': IBGAN, 'infomec': INFOMEC,
    'infomec_iqr': INFOMEC_IQR, 'infomec_discrete': INFOMEC_DISCRETE, 'infomec_iqr_discrete': INFOMEC_IQR_DISCRETE,
    'dci_es': DCI_ES, 'med': MED, 'review': REVIEW, 'tad': TAD, 'quick': QUICK}


def get_protocol(name: str) -> Protocol:
    """The protocol called ``name``; IBGANError with the known names otherwise.

    >>> get_protocol('study')['mig']
    {'num_train': 10000, 'batch_size': 16, 'num_bins': 20}
    """
    if name not in PROTOCOLS:
        raise IBGANError(f'unknown protocol {name!r}; known are {", ".join(PROTOCOLS)}')
    return PROTOCOLS[name]
