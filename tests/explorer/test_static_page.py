"""The page that needs no server, opened from the disk without a network."""
import json

import pytest
import torch

from ibgan_plugin.apis.trained import Trained
from ibgan_plugin.explorer.static_page import export_page, find_ort, pinned_version
from ibgan_plugin.utils.errors import IBGANError
from tests.explorer.browser import NODE_MODULES, browser_context, need_browser, need_node_modules, serious
from tests.explorer.conftest import small_model
from tools import explore


def test_the_generator_runs_offline_and_gives_the_models_images(tmp_path):
    need_browser()
    need_node_modules()
    pytest.importorskip('onnxscript')
    model = small_model(0).eval()
    file = tmp_path / 'page.html'
    export_page(Trained('small </script>', None, model), file, find_ort(NODE_MODULES))
    assert [path.name for path in tmp_path.iterdir()] == ['page.html']
    with browser_context(offline=True) as context:
        page = context.new_page()
        complaints, asked = [], []
        page.on('console', lambda message: complaints.append(message.text))
        page.on('pageerror', lambda error: complaints.append(str(error)))
        page.on('request', lambda request: asked.append(request.url.split(':')[0]))
        page.goto(file.as_uri())
        page.wait_for_selector('body[data-ready]')
        r = torch.randn(5, 4)
        with torch.no_grad():
            expected = model.decode(r).flatten()
        torch.testing.assert_close(torch.tensor(page.evaluate('rows => decodeRaw(rows)', r.tolist())), expected, atol=1e-3, rtol=0)
        look = 'document.querySelector("canvas.image").toDataURL()'
        start = page.evaluate(look)
        page.locator('.slider input').first.focus()
        page.keyboard.press('End')
        page.wait_for_function(f'start => {look} !== start', arg=start)
        page.get_by_role('button', name='Reset').click()
        page.wait_for_function(f'start => {look} === start', arg=start)
        assert page.get_by_role('heading', name='small </script>').is_visible()
        assert serious(page) == []
        assert complaints == []
        assert set(asked) <= {'file', 'blob', 'data'}


def test_a_missing_or_other_runtime_is_said_with_the_way_to_get_it(tmp_path):
    with pytest.raises(IBGANError, match=rf'npm install --prefix DIR onnxruntime-web@{pinned_version()}, then --ort DIR'):
        find_ort(tmp_path)
    package = tmp_path / 'node_modules/onnxruntime-web'
    (package / 'dist').mkdir(parents=True)
    for name in ('dist/ort.wasm.bundle.min.mjs', 'dist/ort-wasm-simd-threaded.wasm'):
        (package / name).touch()
    (package / 'package.json').write_text(json.dumps(dict(version='1.0.0')))
    with pytest.raises(IBGANError, match=f'is version 1.0.0, not the tested {pinned_version()}'):
        find_ort(tmp_path)
    (package / 'package.json').write_text(json.dumps(dict(version=pinned_version())))
    assert find_ort(tmp_path) == package


def test_mistakes_of_the_command_end_in_one_line(tmp_path, capsys):
    for arguments, message in ((['--export', 'page.txt'], 'must end in .html'),
                               (['--export', 'p.html', '--ort', str(tmp_path)], 'npm install'),
                               ([], 'no model of that name: known are')):
        assert explore.main(['lost', *arguments]) == 2
        assert message in capsys.readouterr().err
