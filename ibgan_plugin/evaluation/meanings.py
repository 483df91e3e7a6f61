"""What each score means in one line, and its chance and best level: the legend of a table."""
from typing import NamedTuple


class Meaning(NamedTuple):
    """One score.

    Attributes:
        text: What it is.
        chance: Level of codes that tell nothing, by the protocol's numbers: by noise, many scores are above 0. '' where there is
            none.
        best: Best level.
    """

    text: str
    chance: str
    best: str


_NOISE = '(noise on dSprites)'
_NOTHING_TO_LEARN = '1 too, since there is nothing to learn: see informativeness'
#: ``metric/score`` in the order of a table.
MEANINGS: dict[str, Meaning] = {
    'factor_vae/eval_accuracy': Meaning('share of votes in which the code that varies least names the fixed factor',
                                        '1 / number of factors', '1'),
    'factor_vae/train_accuracy': Meaning('share of the votes from which the codes\' factors are learned that name the fixed factor',
                                         '1 / number of factors', '1'),
    'factor_vae/num_voting_codes': Meaning('codes that vary enough to vote', '', 'number of factors'),
    'beta_vae/eval_accuracy': Meaning('how often a linear classifier tells which factor two batches share',
                                      '1 / number of factors', '1'),
    'beta_vae/train_accuracy': Meaning('the same on the batches it is fitted on', '1 / number of factors', '1'),
    'mig/discrete_mig': Meaning('gap between the two codes that inform most about a factor', '0',
                                '1 (0.895 on dSprites, by its coarse bins)'),
    'dci/disentanglement': Meaning('how far each code serves one factor alone', '0', '1'),
    'dci/completeness': Meaning('how far each factor is served by one code alone', '0', '1'),
    'dci/informativeness_test': Meaning('how well all codes together predict the factors', 'share of the commonest class', '1'),
    'dci/informativeness_train': Meaning('the same on the samples the predictors are fitted on', f'0.89 {_NOISE}', '1'),
    'sap/score': Meaning('gap between the two single codes that predict a factor best', '0', '1'),
    'modularity_explicitness/modularity_score': Meaning('how far each code informs about one factor alone', f'0.66 {_NOISE}',
                                                        '1'),
    'modularity_explicitness/explicitness_score_test': Meaning(
        'how well a linear classifier tells each class (area under its curve)', '0.5', '1'),
    'modularity_explicitness/explicitness_score_train': Meaning('the same on the samples it is fitted on', '0.5', '1'),
    'irs/score': Meaning('how little a code moves while its best factor is fixed', f'0.36 {_NOISE}', '1'),
    'irs/num_varying_codes': Meaning('codes that are not constant', '', 'number of factors'),
    'unsupervised/gaussian_total_correlation': Meaning('dependence between codes, nats; lower is better', '', '0'),
    'unsupervised/gaussian_wasserstein_correlation': Meaning('dependence between codes; lower is better', '', '0'),
    'unsupervised/gaussian_wasserstein_correlation_norm': Meaning('the same by the total variance; lower is better', '', '0'),
    'unsupervised/mutual_info_score': Meaning('mean information of one code about another, nats; lower is better', '', '0'),
    'infomec/infom': Meaning('modularity: how far each code informs about one factor alone',
                             '0.5 to 0.8 (noise on dSprites; 0.16 if the codes are discrete)', '1'),
    'infomec/infoe': Meaning('explicitness: share of the factors\' information in a linear readout', '0', '1'),
    'infomec/infoc': Meaning('compactness: how far each factor is informed about by one code alone',
                             '0.3 (noise on dSprites; 0.05 if the codes are discrete)', '1'),
    'infomec/num_wide_codes': Meaning('codes that are wide enough to count', '', 'number of factors'),
    'dci_es/disentanglement': Meaning('how far each code serves one factor alone, by random forests', '0', '1'),
    'dci_es/completeness': Meaning('how far each factor is served by one code alone', '0', '1'),
    'dci_es/informativeness_random_forest': Meaning('how well forests predict the factors', '0', '1'),
    'dci_es/explicitness_random_forest': Meaning('how shallow forests may be for that', _NOTHING_TO_LEARN, '1'),
    'dci_es/informativeness_rff': Meaning('how well random Fourier features predict the factors', '0', '1'),
    'dci_es/explicitness_rff': Meaning('how few Fourier features are needed for that', _NOTHING_TO_LEARN, '1'),
    'dci_es/informativeness_mlp': Meaning('how well perceptrons predict the factors', '0', '1'),
    'dci_es/explicitness_mlp': Meaning('how narrow perceptrons may be for that', _NOTHING_TO_LEARN, '1'),
    'dci_es/size': Meaning('number of factors over number of codes', '', '1 (larger with fewer codes)'),
    'med/disentanglement': Meaning('how far each code informs about one factor alone', '0', '1'),
    'med/completeness': Meaning('how far each factor is informed about by one code alone', '0', '1'),
    'med/top_k_disentanglement': Meaning('the same of the best codes of each factor', '0', '1'),
    'med/top_k_completeness': Meaning('the same of the best codes of each factor', '0', '1'),
    'med/informativeness_test': Meaning('accuracy of linear classifiers of the factors', 'share of the commonest class', '1'),
    'med/informativeness_train': Meaning('the same on the samples they are fitted on', 'share of the commonest class', '1'),
    'z_min_variance/score': Meaning('share of votes for the fixed factor, above chance', '0', '1'),
    'z_min_variance/num_voting_codes': Meaning('codes that vary enough to vote', '', 'number of factors'),
    'jemmig/score': Meaning('MIG that also asks the best code to tell nothing else', f'0.13 {_NOISE}', '1'),
    'dcimig/score': Meaning('MIG of the codes that belong to each factor', '0', '1'),
    'tad/score': Meaning('gap between the two codes that detect an attribute best, summed over the attributes that are detected',
                         '0', 'half the number of attributes'),
    'tad/num_captured': Meaning('attributes that a code detects and no other attribute explains', '0', 'number of attributes'),
    'fid/fid': Meaning('distance of generated from real images; lower is better', '', '0'),
    'fd/fd': Meaning('distance of generated from real images by the features in the note; lower is better', '', '0'),
    'kid/kid': Meaning('kernel distance of generated from real images; lower is better', '', '0'),
    'kd/kd': Meaning('kernel distance of generated from real images by the features in the note; lower is better', '', '0'),
    'inception_score/inception_score': Meaning('how sure and how varied a classifier is of the images', '1',
                                               'number of classes'),
    'classifier_score/classifier_score': Meaning('how sure and how varied the classifier in the note is of the images', '1',
                                                 'number of classes'),
    'precision_recall/precision': Meaning('share of generated images that look real', '0', '1'),
    'precision_recall/recall': Meaning('share of the real variety that is generated', '0', '1'),
    'precision_recall/f_score': Meaning('harmonic mean of precision and recall', '0', '1'),
    'density_coverage/density': Meaning('how dense the real images are around the generated ones', '0', '1 or more'),
    'density_coverage/coverage': Meaning('share of real images with a generated one near', '0', '1'),
}


def place(metric: str, score: str) -> tuple[bool, int]:
    """Sort key: scores that are not known come last, as they came."""
    names = list(MEANINGS)
    name = f'{metric.rpartition("/")[2]}/{score}'
    return (name not in MEANINGS, names.index(name) if name in MEANINGS else 0)


def explain(metric: str, score: str) -> str:
    """One line: what a score means, its chance and its best level; '' for one that is not known."""
    meaning = MEANINGS.get(f'{metric.rpartition("/")[2]}/{score}')
    if meaning is None:
        return ''
    return f'{meaning.text}; ' + (f'chance {meaning.chance}, ' if meaning.chance else '') + f'best {meaning.best}'
