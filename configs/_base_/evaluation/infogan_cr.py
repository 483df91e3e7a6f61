# A cheap score to follow a training by: the FactorVAE score of InfoGAN-CR, 500 votes of 100 images scored on themselves.
val_cfg = dict(type='ibgan_plugin.CodesValLoop')
val_evaluator = dict(
    type='ibgan_plugin.DisentanglementMetric', protocol='infogan_cr', seeds=(0, ), scores=dict(factor_vae=dict()))
