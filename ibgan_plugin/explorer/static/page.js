// The back end that computes in the browser: onnxruntime-web and the generator lie in this very page.

const text = id => document.getElementById(id).textContent;
const url = (content, type) => URL.createObjectURL(new Blob([content], {type}));

/** Bytes of a part of the page: base64 of gzip. */
async function unpack(id) {
  const packed = Uint8Array.from(atob(text(id)), letter => letter.charCodeAt(0));
  return new Uint8Array(await new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'))).arrayBuffer());
}

/** Import modules that import each other by './name', in the order in which they need each other; gives the last. */
async function importAll(names) {
  const urls = {};
  for (const name of names) {
    const source = new TextDecoder().decode(await unpack(name));
    urls[name] = url(source.replaceAll(/from '\.\/([\w.]+)'/g, (_, other) => `from '${urls[other]}'`), 'text/javascript');
  }
  return import(urls[names.at(-1)]);
}

/** Images in [-1, 1], N x C x S x S, as bytes of red, green and blue, N x S x S x 3. */
function toPixels(values, [count, channels, height, width]) {
  const pixels = new Uint8ClampedArray(count * height * width * 3);
  const area = height * width;
  for (let n = 0; n < count; n++)
    for (let place = 0; place < area; place++)
      for (let color = 0; color < 3; color++) {
        const value = values[(n * channels + color % channels) * area + place];
        pixels[(n * area + place) * 3 + color] = Math.round((value + 1) * 127.5);
      }
  return pixels;
}

async function open() {
  const status = document.getElementById('status');
  status.textContent = 'loading the model';
  const info = JSON.parse(text('info'));
  const {start, report} = await importAll(JSON.parse(text('modules')));
  try {
    const ort = await import(url(await unpack('ort'), 'text/javascript'));
    ort.env.wasm.numThreads = 1;  // more need headers that a file has not
    ort.env.wasm.wasmBinary = await unpack('wasm');
    const session = await ort.InferenceSession.create(await unpack('generator'), {executionProviders: ['wasm']});
    const {r_dim} = info.models[0];
    const run = async rows => (await session.run({r: new ort.Tensor('float32', Float32Array.from(rows.flat()), [rows.length, r_dim])})).image;
    const backend = {
      describe: async () => info,
      decode: async (_, rows) => { const image = await run(rows); return toPixels(image.data, image.dims); },
      sample: async (_, seed) => info.samples[seed % info.samples.length],
    };
    globalThis.decodeRaw = async rows => Array.from((await run(rows)).data);  // for a look from the console, and for the tests
    await start(backend);
    report('');
  } catch (error) { report(`the model can not be run in this browser: ${error.message}`, true); }
}
open();
