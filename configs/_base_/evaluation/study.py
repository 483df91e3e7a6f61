# The protocol of record: the large-scale study of Locatello et al. (2019), as disentanglement_lib runs it.
test_cfg = dict(type='ibgan_plugin.CodesTestLoop')
test_evaluator = dict(
    type='ibgan_plugin.DisentanglementMetric',
    protocol='study',
    seeds=(0, ),
    scores=dict(
        factor_vae=dict(num_train=10000, num_eval=5000, batch_size=64, num_variance_estimate=10000, prune_threshold=0.05),
        beta_vae=dict(num_train=10000, num_eval=5000, batch_size=64, inverse_penalty=1.0, max_iter=100),
        mig=dict(num_train=10000, batch_size=16, num_bins=20),
        dci=dict(
            num_train=10000,
            num_test=5000,
            batch_size=16,
            model='gradient_boosting',
            model_args=dict(n_estimators=100, learning_rate=0.1, max_depth=3),
        ),
        sap=dict(num_train=10000, num_test=5000, batch_size=16, continuous_factors=False, penalty=0.01),
        modularity_explicitness=dict(
            num_train=10000,
            num_test=5000,
            batch_size=16,
            num_bins=20,
            inverse_penalty=1.0,
            max_iter=100,
        ),
        irs=dict(num_train=10000, batch_size=16, num_bins=20, diff_quantile=0.99),
        unsupervised=dict(num_train=10000, batch_size=16, num_bins=20),
    ))
