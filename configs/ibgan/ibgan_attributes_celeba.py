# The same training as ibgan_celeba, evaluated by the 40 attributes of the test part instead of generated images.
_base_ = ['./ibgan_celeba.py']
test_dataloader = dict(dataset=dict(partition='test', factors='attributes'))
test_cfg = dict(_delete_=True, type='ibgan_plugin.CodesTestLoop')
test_evaluator = dict(
    _delete_=True,
    type='ibgan_plugin.DisentanglementMetric',
    protocol='study',
    seeds=(0, ),
    scores=dict(tad='tad', mig=dict(), dci=dict(), sap=dict(), modularity_explicitness=dict(), unsupervised=dict()))
