"""Time from a moved slider to its image: ``python benchmarks/bench_explorer.py [CONFIG...]``.

The explorer's server on this machine and a client that moves one dimension of r, as the page does, over one connection; the time
is that from sending the request to having the pixels. Weights are random: they do not change how long a network takes.
"""
import http.client
import json
import statistics
import sys
import threading
import time
from urllib.parse import urlsplit

from mmengine.registry import MODELS

from ibgan_plugin.config.load import read_config
from ibgan_plugin.explorer.models import ExploredModel
from ibgan_plugin.explorer.server import Explorer, make_service
from ibgan_plugin.registry import SCOPE

#: The paper's networks for dSprites, and the shared-trunk ones for CelebA.
CONFIGS = ('ibgan_dsprites', 'ibgan_celeba')
NUM_WARM_UP, NUM_TIMED = 20, 200


def main(names: list[str]) -> None:
    """Time every config."""
    for name in names or CONFIGS:
        cfg = read_config(name)
        cfg.model.setdefault('_scope_', SCOPE)
        service = make_service(Explorer([ExploredModel(name, MODELS.build(cfg.model))]), port=0)
        thread = threading.Thread(target=service.run)
        thread.start()
        try:
            times = measure(service.address)
        finally:
            service.server.should_exit = True
            thread.join()
        print(f'{name}: slider to image {statistics.median(times):.1f} ms (median of {len(times)}), '
              f'nine in ten below {sorted(times)[len(times) * 9 // 10]:.1f} ms')


def measure(address: str) -> list[float]:
    """Milliseconds of each request."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc)
    r_dim = json.loads(ask(connection, 'GET', '/api/state'))['models'][0]['r_dim']
    times = []
    for number in range(NUM_WARM_UP + NUM_TIMED):
        r = [[number / NUM_TIMED, *[0.0] * (r_dim - 1)]]
        start = time.perf_counter()
        ask(connection, 'POST', '/api/models/0/decode', json.dumps({'r': r}))
        times.append(1000 * (time.perf_counter() - start))
    return times[NUM_WARM_UP:]


def ask(connection: http.client.HTTPConnection, method: str, path: str, body: str | None = None) -> bytes:
    """The answer's content."""
    connection.request(method, path, body, {'Content-Type': 'application/json'} if body else {})
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != 200:
        raise RuntimeError(f'{path} answered {answer.status}: {content[:200]!r}')
    return content


if __name__ == '__main__':
    main(sys.argv[1:])
