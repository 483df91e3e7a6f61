"""Disentanglement metrics as functions of arrays and of code sources: codes, sampling, protocols, one file a metric.

A score of arrays, such as :func:`mig_score`, takes codes [N, C] and factors [N, F]. A metric, such as :func:`mig`, draws samples
from a :class:`CodeTable` (a whole factor grid) or from :class:`LabelledCodes` with the numbers of a protocol:

>>> import numpy as np
>>> from ibgan_plugin.evaluation.disentanglement import PROTOCOLS, CodeTable, mig
>>> grid = np.stack(np.unravel_index(np.arange(12), (3, 4)), axis=1)  # every combination of two factors, in row-major order
>>> table = CodeTable.from_grid(grid * [1.0, -2.0], sizes=(3, 4))
>>> round(mig(table, **PROTOCOLS['study']['mig'], seed=0)['discrete_mig'], 2)
1.0
"""
from ibgan_plugin.evaluation.disentanglement.beta_vae import beta_vae
from ibgan_plugin.evaluation.disentanglement.codes import CodeTable, Split
from ibgan_plugin.evaluation.disentanglement.dci import completeness, dci, disentanglement
from ibgan_plugin.evaluation.disentanglement.dci_es import dci_es, explicitness
from ibgan_plugin.evaluation.disentanglement.discrete import discretize, entropy, mutual_information
from ibgan_plugin.evaluation.disentanglement.factor_vae import factor_vae, prune_codes
from ibgan_plugin.evaluation.disentanglement.infomec import active_codes, infoc, infoe, infom, infomec, normalized_information
from ibgan_plugin.evaluation.disentanglement.information_gaps import dcimig, dcimig_score, jemmig, jemmig_score
from ibgan_plugin.evaluation.disentanglement.irs import irs, irs_score
from ibgan_plugin.evaluation.disentanglement.labelled import CodeSource, LabelledCodes
from ibgan_plugin.evaluation.disentanglement.med import information_importance, med, top_codes
from ibgan_plugin.evaluation.disentanglement.mig import mig, mig_score
from ibgan_plugin.evaluation.disentanglement.model_centrality import centrality, model_centrality
from ibgan_plugin.evaluation.disentanglement.modularity_explicitness import (
    explicitness_score,
    mean_auc,
    modularity_explicitness,
    modularity_score,
    standardize,
)
from ibgan_plugin.evaluation.disentanglement.protocols import PROTOCOLS, RUNS, get_protocol
from ibgan_plugin.evaluation.disentanglement.sap import classifier_accuracies, sap, squared_correlations
from ibgan_plugin.evaluation.disentanglement.suite import SUITE, MetricSpec, Scored, required_cells, resolve_metric, score
from ibgan_plugin.evaluation.disentanglement.tad import auroc, tad, tad_score
from ibgan_plugin.evaluation.disentanglement.udr import relative_strength, udr
from ibgan_plugin.evaluation.disentanglement.unsupervised import (
    gaussian_total_correlation,
    gaussian_wasserstein_correlation,
    unsupervised,
)
from ibgan_plugin.evaluation.disentanglement.z_min_variance import z_min_variance

__all__ = [
    'PROTOCOLS', 'RUNS', 'SUITE', 'CodeSource', 'CodeTable', 'LabelledCodes', 'MetricSpec', 'Scored', 'Split', 'active_codes',
    'auroc', 'beta_vae', 'centrality', 'classifier_accuracies', 'completeness', 'dci', 'dci_es', 'dcimig', 'dcimig_score',
    'discretize', 'disentanglement', 'entropy', 'explicitness', 'explicitness_score', 'factor_vae',
    'gaussian_total_correlation', 'gaussian_wasserstein_correlation', 'get_protocol', 'infoc', 'infoe', 'infom', 'infomec',
    'information_importance', 'irs', 'irs_score', 'jemmig', 'jemmig_score', 'mean_auc', 'med', 'mig', 'mig_score',
    'model_centrality', 'modularity_explicitness', 'modularity_score', 'mutual_information', 'normalized_information',
    'prune_codes', 'relative_strength', 'required_cells', 'resolve_metric', 'sap', 'score', 'squared_correlations',
    'standardize', 'tad', 'tad_score', 'top_codes', 'udr', 'unsupervised', 'z_min_variance']
