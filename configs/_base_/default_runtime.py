# What every run shares: hooks by name, logging, checkpoints, environment. MMEngine's types have their prefix: other packages
# register some under the same names, and would put theirs in the place under their default scope.
runner_type = 'ibgan_plugin.CheckedRunner'
default_scope = 'ibgan_plugin'
default_hooks = dict(
    runtime_info=dict(type='ibgan_plugin.DeferredRuntimeInfoHook'),
    timer=dict(type='mmengine.IterTimerHook'),
    logger=dict(type='ibgan_plugin.ProgressLoggerHook', interval=100),
    param_scheduler=dict(type='mmengine.ParamSchedulerHook'),
    checkpoint=dict(type='ibgan_plugin.SafeCheckpointHook', interval=5000, by_epoch=False, max_keep_ckpts=3, save_last=True),
    sampler_seed=dict(type='mmengine.DistSamplerSeedHook'),
    iteration_seed=dict(type='ibgan_plugin.IterationSeedHook'),
    mi_bounds=dict(type='ibgan_plugin.MIBoundsHook', interval=100),
    traversal=dict(type='ibgan_plugin.TraversalHook', interval=5000),
    health=dict(type='ibgan_plugin.HealthHook', interval=50),
    sync_buffers=dict(type='ibgan_plugin.SyncBuffersBeforeValHook'),
    preemption=dict(type='ibgan_plugin.PreemptionHook'))
log_processor = dict(  # means over the window; what has a dot in its name, such as kl_loss.beta, is a setting
    type='ibgan_plugin.ProgressLog', window_size=100, mean_pattern=r'^[^.]*(loss|time|grad_norm|mi_|elbo)[^.]*$')
log_level = 'INFO'
vis_backends = [dict(type='ibgan_plugin.LocalVisBackend')]
visualizer = dict(type='mmengine.Visualizer', vis_backends=vis_backends)
env_cfg = dict(
    cudnn_benchmark=True,
    tf32=True,  # on CUDA; False for the last bits of float32, at a cost
    cuda_graphs=True,  # on CUDA: the whole training step as one graph, where a model allows it
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'))
# Each rank draws codes and noise of its own; the initial weights are rank 0's.
randomness = dict(seed=0, diff_rank_seed=True)
model_wrapper_cfg = dict(type='mmengine.MMSeparateDistributedDataParallel', find_unused_parameters=False)
load_from = None
resume = False
