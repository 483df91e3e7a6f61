"""Speed, and nothing else: fast twins of torch's layers, and settings of the processor. Each can be turned off."""
from ibgan_plugin.ops.accelerate import accelerate
from ibgan_plugin.ops.cpu import CPUSettings, release_freed_memory, tune_cpu
from ibgan_plugin.ops.sync_batchnorm import SyncBatchNorm, convert_sync_batchnorm, revert_sync_batchnorm

__all__ = ['CPUSettings', 'SyncBatchNorm', 'accelerate', 'convert_sync_batchnorm', 'release_freed_memory',
           'revert_sync_batchnorm', 'tune_cpu']
