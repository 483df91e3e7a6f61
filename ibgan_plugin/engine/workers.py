"""Data-loader workers: no more than there are cores, and none that dies before the process it works for."""
import os
import signal
import threading
import warnings
from collections.abc import Iterable

from mmengine.config import Config

from ibgan_plugin.registry import FUNCTIONS
from ibgan_plugin.utils.threads import allowed_cores

#: What asks a run to end: pre-emption, Ctrl-C, Slurm's warning. Schedulers, terminals and torchrun send it to workers as well.
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)


def prepare_workers(cfg: Config, loaders: Iterable[str]) -> None:
    """Let workers of these loaders outlive stop signals, unless they have a ``worker_init_fn``, and run a core each at the most.

    More would wait for each other, and for the training. What they load is the same however many they are.
    """
    cores = allowed_cores()
    for name in loaders:
        loader = cfg.get(name)
        if isinstance(loader, dict):
            loader.setdefault('worker_init_fn', dict(type='ibgan_plugin.outlive_stop_signals'))
            if (asked := loader.get('num_workers', 0)) > cores:
                warnings.warn(f'{name}.num_workers = {asked}: this process may run on {cores} cores, so it is {cores}')
                loader['num_workers'] = cores


@FUNCTIONS.register_module()
def outlive_stop_signals(worker_id: int) -> None:
    """Worker initialisation: a signal that asks the whole run to end is left to the training process, which saves first.

    A worker that died of it would take the run along: ``DataLoader worker is killed by signal``. SIGTERM from the training
    process itself, by which PyTorch ends workers, still ends the worker. Torch, numpy and python are seeded by PyTorch already.

    Args:
        worker_id: The worker's number, unused.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    if hasattr(signal, 'sigwaitinfo'):  # Linux; elsewhere nothing tells who sent a signal
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        threading.Thread(target=_end_with, args=(os.getppid(), ), daemon=True).start()


def _end_with(parent: int) -> None:
    """Take every SIGTERM of this process and heed that of ``parent``."""
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != parent:
        pass
    os._exit(0)
