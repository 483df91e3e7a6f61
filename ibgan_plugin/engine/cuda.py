"""What a config says about CUDA: the precision of float32 products, and transfers from pinned memory."""
import torch
from mmengine.config import Config

LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def tune_cuda(cfg: Config) -> None:
    """Apply ``env_cfg.tf32`` and let data loaders pin their batches; without CUDA, or on ``env_cfg.device='cpu'``, nothing happens.

    ``env_cfg.tf32`` says whether convolutions and matrix products may round float32 inputs to TF32's 10 bits of mantissa, which
    is several times faster on Ampere and later. Where it is absent, torch's defaults stay. Batches in pinned memory are copied
    while the device computes (``non_blocking`` in the data preprocessor); a loader's own ``pin_memory`` comes first.
    """
    if not torch.cuda.is_available() or cfg.get('env_cfg', {}).get('device') == 'cpu':
        return
    tf32 = cfg.get('env_cfg', {}).get('tf32')
    if tf32 is not None:
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = bool(tf32)
    for key in LOADERS:
        if cfg.get(key):
            cfg[key].setdefault('pin_memory', True)
