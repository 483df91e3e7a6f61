import warnings

import numpy as np
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_info

from ibgan_plugin.evaluation.estimators.logistic import fit_as_far_as_it_goes


def test_one_thread_fits_and_says_nothing_of_convergence():
    threads = []

    class Model(LogisticRegression):

        def fit(self, inputs, labels):
            threads.extend(pool['num_threads'] for pool in threadpool_info())
            return super().fit(inputs, labels)

    inputs, labels = np.random.default_rng(0).normal(size=(60, 3)), np.arange(60) % 3
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        fitted = fit_as_far_as_it_goes(Model(max_iter=1), inputs, labels)
    assert set(threads) == {1} and fitted.n_iter_[0] == 1
