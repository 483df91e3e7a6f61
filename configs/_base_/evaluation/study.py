# The protocol of record: the large-scale study of Locatello et al. (2019), as disentanglement_lib runs it. Its numbers stand in
# ibgan_plugin/evaluation/disentanglement/protocols.py; any may be replaced here, e.g. mig=dict(num_bins=10), and is then named.
test_cfg = dict(type='ibgan_plugin.CodesTestLoop')
test_evaluator = dict(
    type='ibgan_plugin.DisentanglementMetric',
    protocol='study',
    seeds=(0, ),
    scores=dict(
        factor_vae=dict(),
        beta_vae=dict(),
        mig=dict(),
        dci=dict(),
        sap=dict(),
        modularity_explicitness=dict(),
        irs=dict(),
        unsupervised=dict(),
    ))
