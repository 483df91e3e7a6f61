// The page, whatever computes the images: a server, or the browser itself.
//
// A back end has describe(), decode(model, rows) -> bytes, sample(model, seed) -> r and, where the page has data,
// encode(model, what), upload(model, file) and follows(model).
import {Card} from './card.js';
import {buildData} from './data.js';

const $ = id => document.getElementById(id);

export function report(message, isError = false) {
  $('status').textContent = message;
  $('status').classList.toggle('error', isError);
}

/** Build the page from what the back end describes. */
export async function start(backend) {
  const {models, data} = await backend.describe();
  const cards = models.map((info, number) => new Card(backend, number, info, report));
  $('models').replaceChildren(...cards.map(card => card.element));
  const able = cards.filter(card => card.info.can_encode);
  if (backend.encode && able.length) buildData($('data'), backend, data, able, report);
  $('random').addEventListener('click', async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    for (const card of cards) {
      card.hideInput();
      await card.guarded(async () => card.moveTo(await backend.sample(card.number, seed)));
    }
    report('a random point of each prior');
  });
  $('reset').addEventListener('click', () => {
    for (const card of cards) { card.hideInput(); card.moveTo(card.center()); }
    report('back at the centre of the prior');
  });
  for (const card of cards) { card.moveTo(card.r); card.choose(card.info.dims[0]); }
  document.body.dataset.ready = 'true';
}
