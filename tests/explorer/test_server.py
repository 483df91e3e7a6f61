"""The calls of the page, the hostile ones among them."""
import base64
import io
import json
import socket

import cv2
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from starlette.testclient import TestClient

from ibgan_plugin.explorer import requests
from ibgan_plugin.explorer.server import Explorer, make_app, make_service
from ibgan_plugin.utils.errors import IBGANError

HOST = '127.0.0.1:8900'
JSON = {'content-type': 'application/json'}


@pytest.fixture(scope='module')
def client(explorer):
    """A browser's page, without the browser."""
    return TestClient(make_app(explorer, [HOST]), base_url=f'http://{HOST}')


def png(size: tuple[int, int] = (40, 30), mode: str = 'RGB') -> bytes:
    content = io.BytesIO()
    Image.new(mode, size, 'red' if mode == 'RGB' else 200).save(content, 'PNG')
    return content.getvalue()


def test_the_page_and_its_files_are_served(client):
    assert '<title>Explorer' in client.get('/').text
    assert client.get('/static/card.js').headers['content-type'].startswith('text/javascript')
    for path in ('/static/../server.py', '/static/%2e%2e/server.py', '/static/', '/etc/passwd', '/api/lost'):
        assert client.get(path).status_code == 404


def test_state_describes_models_and_data(client, explorer):
    state = client.get('/api/state').json()
    assert [model['can_encode'] for model in state['models']] == [True, True, False]
    first = state['models'][0]
    assert first['kl'] == pytest.approx(explorer.models[0].model.kl_per_dim().tolist())
    assert first['dims'] == sorted(range(4), key=lambda dim: -first['kl'][dim])
    assert (first['height'], first['width'], first['channels']) == (16, 16, 1)
    assert first['axes'] == [dict(low=-3, high=3, center=0, classes=[], unit='standard deviations of its prior')] * 4
    assert state['data']['length'] == 737280
    assert state['data']['factors'][1] == {'name': 'scale', 'size': 6}


def test_axes_are_those_of_the_prior(categorical_explorer):
    client = TestClient(make_app(categorical_explorer, [HOST]), base_url=f'http://{HOST}')
    axes = client.get('/api/state').json()['models'][0]['axes']
    assert [(axis['low'], axis['high'], axis['center']) for axis in axes] == [
        (0, 1, 1), (0, 1, 0), (0, 1, 0), (-1, 1, 0), (-1, 1, 0), (-3, 3, 0), (-3, 3, 0)]
    assert [axis['classes'] for axis in axes] == [[0, 1, 2]] * 3 + [[]] * 4
    assert [bool(axis['unit']) for axis in axes] == [False] * 5 + [True] * 2


def test_decoded_pixels_are_the_models(client, explorer):
    r = [[0.5, -1, 2, 0], [0, 0, 0, 0]]
    answer = client.post('/api/models/1/decode', json={'r': r})
    pixels = np.frombuffer(answer.content, np.uint8).reshape(2, 16, 16, 3)
    with torch.no_grad():
        expected = ((explorer.models[1].model.decode(torch.tensor(r)) + 1) * 127.5).round().clamp(0, 255).numpy()
    assert np.array_equal(pixels[..., 1], expected[:, 0])


def test_samples_come_from_their_seed(client):
    first, again, other = (client.post('/api/models/0/sample', json={'seed': seed}).json()['r'] for seed in (3, 3, 4))
    assert first == again != other


def test_an_image_is_encoded_by_number_by_factors_and_from_a_file(client, explorer):
    by_number = client.post('/api/models/0/encode', json={'index': 1000}).json()
    by_factors = client.post('/api/models/0/encode', json={'factors': by_number['factors']}).json()
    assert by_number == by_factors
    pixels = np.frombuffer(base64.b64decode(by_number['pixels']), np.uint8).reshape(16, 16, 3)
    with torch.no_grad():
        expected = explorer.models[0].model.encode(torch.from_numpy(pixels[None, None, ..., 0].copy()).float() / 127.5 - 1)
    assert by_number['r'] == pytest.approx(expected[0].tolist(), abs=1e-5)
    file = cv2.imencode('.png', pixels[..., ::-1])[1].tobytes()
    assert client.post('/api/models/0/upload', content=file).json()['r'] == pytest.approx(by_number['r'], abs=1e-5)
    assert len(client.post('/api/models/0/upload', content=png()).json()['r']) == 4  # another size: its middle square


def test_codes_that_follow_factors_are_named(client, explorer):
    found = client.get('/api/models/0/follows').json()
    information = explorer.data.information(explorer.models[0].model)
    assert found['codes'] == [information.followed(code) for code in range(4)]
    assert found['factors'] == [information.follower(factor) for factor in range(5)]
    assert client.get('/api/models/2/follows').json()['codes'] is None


def test_codes_follow_factors_of_labelled_images_too(explorer, labelled_explorer):
    client = TestClient(make_app(labelled_explorer, [HOST]), base_url=f'http://{HOST}')
    assert client.get('/api/state').json()['data']['factors'] == []  # no image of chosen ones
    found = client.get('/api/models/0/follows').json()
    assert found['codes'][1] == 'told' and found['factors'] == [1, None]
    bare = TestClient(make_app(Explorer(explorer.models), [HOST]), base_url=f'http://{HOST}')
    assert bare.get('/api/models/0/follows').json() == dict(codes=None, factors=None, share=None)


@pytest.mark.parametrize('path, body, status, message', [
    ('decode', {'r': [[0, 0, 0]]}, 400, 'a list of 4 numbers'),
    ('decode', {'r': [[0, 0, 0, True]]}, 400, 'a list of 4 numbers'),
    ('decode', {'r': [[0, 0, 0, 10**400]]}, 400, 'a list of 4 numbers'),
    ('decode', {'r': [[0, 0, 0, 1e300]]}, 400, 'a list of 4 numbers'),
    ('decode', {'r': []}, 400, '1 to 64 representations'),
    ('decode', {'r': [[0] * 4] * 65}, 400, '1 to 64 representations'),
    ('decode', {}, 400, '1 to 64 representations, got None'),
    ('sample', {'seed': -1}, 400, 'seed must be a whole number from 0'),
    ('sample', {'seed': 1.5}, 400, 'seed must be a whole number from 0'),
    ('encode', {'index': 737280}, 400, 'index must be a whole number from 0 to 737279, got 737280'),
    ('encode', {'index': '../../etc/passwd'}, 400, 'got .../../etc/passwd'),
    ('encode', {'factors': [0, 0, 0, 0, 32]}, 400, r'factors\[4\] must be a whole number from 0 to 31'),
    ('encode', {'factors': [0]}, 400, 'a list of 5 whole numbers'),
])
def test_bad_values_are_named(client, path, body, status, message):
    answer = client.post(f'/api/models/0/{path}', content=json.dumps(body), headers=JSON)
    assert answer.status_code == status
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(answer.json()['error'])


@pytest.mark.parametrize('content, status, message', [
    (b'', 400, 'no image'),
    (b'GIF89a' + bytes(100), 400, 'no image'),
    (b'<svg xmlns="http://www.w3.org/2000/svg"/>', 400, 'no image'),
    (png()[:60], 400, 'cut off|damaged|no image'),
    (png((5000, 4000), '1'), 413, '16000000 pixels, this one has 5000 x 4000'),
    (bytes(requests.MAX_UPLOAD + 1), 413, '8388608 bytes'),
])
def test_bad_files_are_refused(client, content, status, message):
    answer = client.post('/api/models/0/upload', content=content)
    assert answer.status_code == status
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(answer.json()['error'])


def test_what_a_model_can_not_do_is_said(client, explorer):
    assert 'third <b> can not encode' in client.post('/api/models/2/encode', json={'index': 0}).json()['error']
    assert client.post('/api/models/3/decode', json={'r': []}).status_code == 404
    assert client.post(f'/api/models/{"9" * 5000}/decode', json={'r': []}).status_code == 404
    bare = TestClient(make_app(Explorer(explorer.models), [HOST]), base_url=f'http://{HOST}')
    assert bare.get('/api/state').json()['data'] is None
    assert 'no data set' in bare.post('/api/models/0/encode', json={'index': 0}).json()['error']


@pytest.mark.parametrize('headers, status', [
    ({'host': 'evil.example:8900'}, 403),
    ({'host': '127.0.0.1:8901'}, 403),
    ({'origin': 'http://evil.example'}, 403),
    ({'origin': 'null'}, 403),
    ({'origin': 'https://127.0.0.1:8900'}, 403),
    ({'origin': 'http://127.0.0.1:8901'}, 403),
    ({'sec-fetch-site': 'cross-site'}, 403),
    ({'sec-fetch-site': 'same-site'}, 403),
    ({'origin': f'http://{HOST}', 'sec-fetch-site': 'same-origin'}, 200),
    ({'content-type': 'text/plain'}, 415),  # all that a form of a foreign page can send without asking first
])
def test_only_its_own_page_may_drive_it(client, headers, status):
    answer = client.post('/api/models/0/sample', content=b'{"seed": 0}', headers={**JSON, **headers})
    assert answer.status_code == status
    assert 'access-control-allow-origin' not in answer.headers


def test_answers_bind_the_browser(client):
    for path in ('/', '/api/state', '/lost'):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers['content-security-policy']
        assert "frame-ancestors 'none'" in headers['content-security-policy']
        assert headers['x-content-type-options'] == 'nosniff'


def test_beyond_this_machine_data_need_the_token(explorer):
    client = TestClient(make_app(explorer, None, 'secret'), base_url='http://machine:8900')
    assert client.get('/').status_code == 200
    for wrong in (b'', b'Bearer wrong', b'secret', b'Bearer \xff'):
        assert client.get('/api/state', headers={b'authorization': wrong}).status_code == 401
    right = {'authorization': 'Bearer secret'}
    assert client.get('/api/state', headers=right).status_code == 200
    assert client.get('/api/state', headers={**right, 'origin': 'http://evil.example'}).status_code == 403


def test_addresses_that_can_not_be_used_end_in_one_line(explorer):
    service = make_service(explorer, '0.0.0.0', 0)
    assert '#token=' in service.address
    assert service.listener.proto == socket.IPPROTO_TCP  # or answers wait 40 ms for Nagle's algorithm
    port = service.listener.getsockname()[1]
    with pytest.raises(IBGANError, match='choose another with --port'):
        make_service(explorer, '0.0.0.0', port)
    service.listener.close()
    for host, port, why in (('no.such.host.invalid', 0, 'listened on'), ('127.0.0.1', 99999, '0 to 65535, got 99999'),
                            ('127.0.0.1', -1, '0 to 65535, got -1'), ('a' * 300, 0, 'listened on')):
        with pytest.raises(IBGANError, match=why):
            make_service(explorer, host, port)


KEYS = st.sampled_from(['r', 'seed', 'index', 'factors'])
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(KEYS | st.text(), inner))
PATHS = st.sampled_from(['decode', 'sample', 'encode', 'upload'])
TYPES = st.sampled_from(['application/json', 'text/plain', 'image/png'])


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=PATHS, number=st.integers(0, 3), body=st.binary() | JSON_VALUES.map(lambda value: json.dumps(value).encode()),
       headers=st.fixed_dictionaries({}, optional={'content-type': TYPES}))
def test_no_request_body_is_a_bug(client, path, number, body, headers):
    answer = client.post(f'/api/models/{number}/{path}', content=body, headers=headers)  # a bug would be raised here
    assert answer.status_code in (200, 400, 404, 413, 415)
    if answer.status_code != 200:
        assert answer.json()['error'].isascii()


@pytest.mark.parametrize('body', [
    b'[' * 200_000, b'{"r": [[NaN, 0, 0, 0]]}', b'{"seed": ' + b'9' * 5000 + b'}', b'{"seed": "\\ud800"}', b'{"seed": 1e999}',
    '{"seed": "é"}'.encode('latin-1'), b'"' + b'a' * 300_000])
def test_json_that_trips_parsers_is_refused(client, body):
    for path in ('decode', 'sample', 'encode'):
        assert client.post(f'/api/models/0/{path}', content=body, headers=JSON).status_code in (400, 413)
