"""Data-loader workers that do not die before the process they work for."""
import os
import signal
import threading

from ibgan_plugin.registry import FUNCTIONS

#: What asks a run to end: pre-emption, Ctrl-C, Slurm's warning. Schedulers, terminals and torchrun send it to workers as well.
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)


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
