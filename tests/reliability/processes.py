"""Several processes that join over gloo."""
import socket


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return str(probe.getsockname()[1])


def environments(size: int = 2) -> list[dict]:
    port = free_port()
    return [{'RANK': str(rank), 'LOCAL_RANK': str(rank), 'WORLD_SIZE': str(size), 'MASTER_ADDR': '127.0.0.1', 'MASTER_PORT': port}
            for rank in range(size)]


def wait(processes, seconds: float = 200) -> list[int]:
    for process in processes:
        process.join(seconds)
    return [process.exitcode for process in processes]
