# The study's optimisers: Adam at 1e-4 for both sides, with shorter memories for the critic.
_base_ = ['./vae.py']
optim_wrapper = dict(critic=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-4, betas=(0.5, 0.9))))
