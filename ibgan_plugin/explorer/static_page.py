"""The explorer as one file: the generator runs in the browser, without a server and without a network."""
import base64
import gzip
import json
import tempfile
from pathlib import Path
from typing import Any

from ibgan_plugin.apis.export import export
from ibgan_plugin.apis.trained import Trained
from ibgan_plugin.explorer.models import ExploredModel
from ibgan_plugin.utils.errors import IBGANError
from ibgan_plugin.utils.files import check_writable, write_whole

_HERE = Path(__file__).parent
#: Modules of the page in the order in which they import each other.
_MODULES = ('pixels.js', 'card.js', 'data.js', 'explorer.js')
#: What is taken of onnxruntime-web: its code with the glue of WebAssembly, and the WebAssembly.
_ORT_FILES = {'ort': 'dist/ort.wasm.bundle.min.mjs', 'wasm': 'dist/ort-wasm-simd-threaded.wasm'}
#: Representations drawn beforehand: what a model draws from is its own affair.
NUM_SAMPLES = 256
#: Nothing may be fetched, and only what lies in the page may run.
_POLICY = ("default-src 'none'; script-src 'unsafe-inline' 'wasm-unsafe-eval' blob:; style-src 'unsafe-inline'; "
           "img-src blob: data:; base-uri 'none'; form-action 'none'")


def pinned_version() -> str:
    """The version of onnxruntime-web that ``package.json`` names."""
    return json.loads((_HERE / 'package.json').read_text())['dependencies']['onnxruntime-web']


def find_ort(folder: str | Path | None) -> Path:
    """The folder of the npm package onnxruntime-web.

    Args:
        folder: The package, or a folder with ``node_modules``; None looks beside ``package.json``.

    Raises:
        IBGANError: If it is not there or is another version; says how to get it.
    """
    where = _HERE if folder is None else Path(folder)
    way = f'npm install --prefix DIR onnxruntime-web@{pinned_version()}, then --ort DIR'
    package = next((each for each in (where, where / 'onnxruntime-web', where / 'node_modules/onnxruntime-web')
                    if all((each / file).is_file() for file in (*_ORT_FILES.values(), 'package.json'))), None)
    if package is None:
        raise IBGANError(f'no onnxruntime-web in {str(where)!r}: {way}')
    version = json.loads((package / 'package.json').read_text()).get('version')
    if version != pinned_version():
        raise IBGANError(f'onnxruntime-web in {str(package)!r} is version {version}, not the tested {pinned_version()}: {way}')
    return package


def export_page(trained: Trained, path: str | Path, ort: Path) -> None:
    """Write the page of one model.

    Args:
        trained: The model; its part ``generator`` is exported to ONNX and compared with the model.
        path: File to write, whole or not at all.
        ort: See :func:`find_ort`.

    Raises:
        IBGANError: If the generator can not be exported.
        OSError: If the file can not be written.
    """
    check_writable(path)
    model = ExploredModel(trained.name, trained.model)
    with tempfile.TemporaryDirectory() as folder:
        export(trained.model, 'generator', 'onnx', Path(folder, 'generator.onnx'))
        parts = {'generator': Path(folder, 'generator.onnx').read_bytes()}
    parts |= {name: (ort / file).read_bytes() for name, file in _ORT_FILES.items()}
    parts |= {name: (_HERE / 'static' / name).read_bytes() for name in _MODULES}
    info = dict(models=[dict(model.describe(), can_encode=False)], data=None,
                samples=trained.model.sample_latents(NUM_SAMPLES, seed=0).tolist())
    write_whole(path, _page(info, parts))


def _page(info: dict[str, Any], parts: dict[str, bytes]) -> str:
    """The served page with everything it would fetch put into it."""
    html = (_HERE / 'static/index.html').read_text()
    page = (_HERE / 'static/page.js').read_text()
    style = (_HERE / 'static/style.css').read_text()
    embedded = [f'<script type="application/json" id="info">{_json(info)}</script>',
                f'<script type="application/json" id="modules">{_json(_MODULES)}</script>']
    embedded += [f'<script type="text/plain" id="{name}">{base64.b64encode(gzip.compress(content, mtime=0)).decode()}</script>'
                 for name, content in parts.items()]
    charset = '<meta charset="utf-8">'
    html = html.replace(charset, f'{charset}\n<meta http-equiv="Content-Security-Policy" content="{_POLICY}">')
    html = html.replace('<link rel="stylesheet" href="static/style.css">', f'<style>\n{style}</style>')
    html = html.replace('<script type="module" src="static/server.js"></script>', '')
    return html.replace('</body>', '\n'.join([*embedded, f'<script type="module">\n{page}</script>', '</body>']))


def _json(value: Any) -> str:
    """JSON that can stand in HTML."""
    return json.dumps(value, allow_nan=False).replace('<', '\\u003c')
