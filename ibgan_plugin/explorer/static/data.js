// What to encode: an image of the data set, one of chosen factors, or an uploaded one.
import {fromBase64, make, newestOnly, picture, draw} from './pixels.js';

/** Fills the panel; cards are the models that can encode. */
export function buildData(panel, backend, data, cards, report) {
  const encoded = (card, {r, pixels, height, width}) => { card.showInput(fromBase64(pixels), height, width); card.moveTo(r); };
  const everywhere = async ask => {
    try {
      let answer;
      for (const card of cards) encoded(card, answer = await ask(card));
      return answer;
    } catch (error) { report(error.message, true); }
  };
  panel.append(Object.assign(make('h2', {}, 'Encode an image'), {id: 'data-title'}));
  panel.append(upload(backend, everywhere, report));
  const known = data?.factors.length ? new Factors(backend, data.factors, everywhere) : null;
  if (data) panel.append(chosen(backend, data, everywhere, answer => known?.tell(answer), report));
  if (known) panel.append(...known.elements);
  if (data) followers(backend, cards, known?.notes ?? [], report);  // factors are known of sets that are no grid, too
  panel.hidden = false;
}

function upload(backend, everywhere, report) {
  const input = make('input', {type: 'file', id: 'upload', accept: 'image/png,image/jpeg,image/webp,image/bmp'});
  input.addEventListener('change', async () => {
    const [file] = input.files;
    if (file && await everywhere(card => backend.upload(card.number, file))) report('encoded the file');
    input.value = '';
  });
  return make('p', {}, make('label', {className: 'field', htmlFor: 'upload'}, 'an image file (its middle square is taken)'), input);
}

function chosen(backend, data, everywhere, done, report) {
  const input = make('input', {type: 'number', id: 'item', min: 0, max: data.length - 1, value: 0, required: true});
  const form = make('form', {className: 'row'},
    make('div', {}, make('label', {className: 'field', htmlFor: 'item'}, `image 0 to ${data.length - 1} of ${data.name}`), input),
    make('button', {type: 'submit'}, 'Encode'));
  form.addEventListener('submit', async event => {
    event.preventDefault();
    const index = Number(input.value);
    const answer = await everywhere(card => backend.encode(card.number, {index}));
    if (answer) { done(answer); report(`encoded image ${index}`); }
  });
  return form;
}

/** A slider for each true factor, and the real image of what they say. */
class Factors {
  constructor(backend, factors, everywhere) {
    this.real = picture('image', 'Real image of the chosen factors');
    this.figure = make('figure', {hidden: true}, this.real, make('figcaption', {}, 'real image of these factors'));
    this.notes = [];
    const update = newestOnly(async () => {
      const answer = await everywhere(card => backend.encode(card.number, {factors: this.inputs.map(({input}) => Number(input.value))}));
      if (answer) this.tell(answer);
    });
    this.inputs = factors.map(({name, size}, place) => this.slider(name, size, `factor-${place}`, update));
    this.elements = [make('h3', {}, 'True factors'), ...this.inputs.map(({row}) => row), this.figure];
  }

  slider(name, size, id, update) {
    const note = make('span', {className: 'kl'});
    const input = make('input', {type: 'range', id, min: 0, max: size - 1, step: 1, value: Math.floor(size / 2)});
    const output = make('output', {}, input.value);
    output.setAttribute('for', id);
    input.addEventListener('input', () => { output.value = input.value; update(); });
    this.notes.push(note);
    return {input, output, row: make('div', {className: 'slider'}, make('label', {htmlFor: id}, name, note), input, output)};
  }

  /** Show the image that was encoded, and the factors it has. */
  tell({factors, pixels, height, width}) {
    this.figure.hidden = false;
    draw(this.real, fromBase64(pixels), height, width);
    factors?.forEach((value, place) => { this.inputs[place].input.value = value; this.inputs[place].output.value = value; });
  }
}

/** Ask each model which code follows which factor, and say so at both. */
async function followers(backend, cards, notes, report) {
  for (const card of cards) {
    try {
      const {codes, factors, share} = await backend.follows(card.number);
      if (!codes) continue;
      card.label(codes, share);
      if (card === cards[0]) notes.forEach((note, place) => { note.textContent = factors[place] === null ? 'no code follows' : `r${factors[place]} follows`; });
    } catch (error) { report(error.message, true); }
  }
}
