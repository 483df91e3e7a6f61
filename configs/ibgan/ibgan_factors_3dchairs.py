# The same training as ibgan_3dchairs, evaluated by elevation and azimuth instead of generated images.
_base_ = ['./ibgan_3dchairs.py']
test_dataloader = dict(dataset=dict(factors=('elevation', 'azimuth')))
test_cfg = dict(_delete_=True, type='ibgan_plugin.CodesTestLoop')
test_evaluator = dict(
    _delete_=True,
    type='ibgan_plugin.DisentanglementMetric',
    protocol='study',
    seeds=(0, ),
    scores=dict(mig=dict(), dci=dict(), sap=dict(), modularity_explicitness=dict(), unsupervised=dict()))
