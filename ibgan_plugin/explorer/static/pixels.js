// Images as they come: bytes of red, green and blue, row by row.

export const GAP = 2;

/** Bytes of a base64 text. */
export const fromBase64 = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0));

/** Draw images of height x width side by side; without a gap around a single one. */
export function draw(canvas, pixels, height, width) {
  const count = pixels.length / (height * width * 3);
  const gap = count > 1 ? GAP : 0;
  canvas.width = count * width + (count - 1) * gap;
  canvas.height = height;
  const context = canvas.getContext('2d');
  for (let i = 0; i < count; i++) {
    const image = context.createImageData(width, height);
    const start = i * height * width * 3;
    for (let pixel = 0; pixel < height * width; pixel++) {
      for (let channel = 0; channel < 3; channel++) image.data[4 * pixel + channel] = pixels[start + 3 * pixel + channel];
      image.data[4 * pixel + 3] = 255;
    }
    context.putImageData(image, i * (width + gap), 0);
  }
}

/** An element with properties and children. */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** A canvas that a screen reader announces as an image of that name. */
export function picture(kind, label) {
  const canvas = make('canvas', {className: kind, width: 1, height: 1});
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', label);
  return canvas;
}

/** Runs the newest of the calls that come while one is under way, and drops those between. */
export function newestOnly(run) {
  let running = false, waiting = null;
  return async function call(...parameters) {
    if (running) { waiting = parameters; return; }
    running = true;
    try { await run(...parameters); } finally {
      running = false;
      if (waiting) { const next = waiting; waiting = null; call(...next); }
    }
  };
}
