// The back end that asks the server.
import {report, start} from './explorer.js';

const form = document.getElementById('token');
let token = new URLSearchParams(location.hash.slice(1)).get('token');
history.replaceState(null, '', location.pathname);  // the token stays in this page's memory only

async function ask(path, options = {}) {
  const headers = {...options.headers, ...(token ? {Authorization: `Bearer ${token}`} : {})};
  let response;
  try { response = await fetch(`api/${path}`, {...options, headers}); } catch { throw new Error('the server does not answer'); }
  if (response.ok) return response;
  const text = await response.text();
  let message = `the server answered ${response.status}`;
  try { message = JSON.parse(text).error ?? message; } catch { /* not ours */ }
  throw Object.assign(new Error(message), {status: response.status});
}

const post = (path, body) => ask(path, {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body)});

const backend = {
  describe: async () => (await ask('state')).json(),
  decode: async (model, r) => new Uint8Array(await (await post(`models/${model}/decode`, {r})).arrayBuffer()),
  sample: async (model, seed) => (await (await post(`models/${model}/sample`, {seed})).json()).r,
  encode: async (model, what) => (await post(`models/${model}/encode`, what)).json(),
  upload: async (model, file) => (await ask(`models/${model}/upload`, {method: 'POST', headers: {'Content-Type': 'application/octet-stream'}, body: file})).json(),
  follows: async model => (await ask(`models/${model}/follows`)).json(),
};

async function open() {
  try {
    await start(backend);
    form.hidden = true;
  } catch (error) {
    form.hidden = error.status !== 401;
    report(error.message, true);
  }
}

form.addEventListener('submit', event => {
  event.preventDefault();
  token = document.getElementById('token-field').value;
  open();
});
open();
