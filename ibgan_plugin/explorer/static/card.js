// One model: its image, a slider for each dimension of r, and what can be done from a point.
import {draw, make, newestOnly, picture} from './pixels.js';

const SLIDER_STEPS = 120;  // places of a slider from one end to the other
const STRIP_STEPS = 9;     // images of a strip

export class Card {
  /** number: which model of the back end; info: what it says of it; report: shows a message. */
  constructor(backend, number, info, report) {
    Object.assign(this, {backend, number, info, report, kept: {}, sliders: []});
    this.r = this.center();
    this.render = newestOnly(() => this.guarded(() => this.show(this.image, [this.r])));
    this.renderStrip = newestOnly(dim => this.guarded(() => this.showStrip(dim)));
    this.element = this.build();
  }

  build() {
    const {info} = this;
    this.image = picture('image', `Image of ${info.name}`);
    this.input = picture('image', `Image given to ${info.name}`);
    this.inputFigure = make('figure', {hidden: true}, this.input, make('figcaption', {}, 'encoded image'));
    this.strip = picture('strip', 'Strip of one dimension');
    this.stripCaption = make('figcaption');
    const title = make('h2', {}, info.name);
    title.id = `model-${this.number}`;
    const card = make('section', {className: 'card'}, title,
      make('div', {className: 'pair'}, make('figure', {}, this.image, make('figcaption', {}, 'decoded from r')), this.inputFigure),
      make('div', {className: 'dims'}, make('h3', {}, 'Dimensions of r by KL, in nats'), ...this.sliderList()),
      make('figure', {className: 'wide'}, this.strip, this.stripCaption),
      make('div', {className: 'points'}, make('h3', {}, 'Point'), this.pointTools(), make('h3', {}, 'Between two points'), this.pathTools()));
    card.setAttribute('aria-labelledby', title.id);
    return card;
  }

  sliderList() {
    const rows = this.info.dims.map(dim => this.sliderRow(dim));
    const active = rows.filter((_, place) => this.info.active[this.info.dims[place]]);
    const rest = rows.filter(row => !active.includes(row));
    if (!rest.length) return active;
    const more = make('details', {open: !active.length}, make('summary', {}, `${rest.length} inactive dimensions`), ...rest);
    return [...active, more];
  }

  sliderRow(dim) {
    const id = `r-${this.number}-${dim}`;
    const kl = this.info.kl ? `KL ${this.info.kl[dim].toFixed(2)}` : 'no KL';
    const note = make('span', {className: 'kl'}, kl);
    const {low, high, center, classes} = this.info.axes[dim];
    const step = classes.length ? 1 : (high - low) / SLIDER_STEPS;
    const input = make('input', {type: 'range', id, min: low, max: high, step, value: center});
    const output = make('output', {}, center.toFixed(2));
    output.setAttribute('for', id);
    const row = make('div', {className: 'slider'}, make('label', {htmlFor: id}, `r${dim}`, note), input, output);
    input.addEventListener('input', () => this.follow(dim, Number(input.value)));
    for (const event of ['pointerenter', 'focusin']) row.addEventListener(event, () => this.choose(dim));
    this.sliders[dim] = {input, output, note, row, kl};
    return row;
  }

  pointTools() {
    const button = (text, action) => { const each = make('button', {type: 'button'}, text); each.addEventListener('click', action); return each; };
    return make('div', {className: 'tools'},
      button('Snapshot', () => this.snapshot()), button('Copy r', () => this.copy()),
      button('Keep as A', () => this.keep('A')), button('Keep as B', () => this.keep('B')));
  }

  pathTools() {
    const id = `path-${this.number}`;
    this.path = make('input', {type: 'range', id, min: 0, max: 1, step: 0.01, value: 0, disabled: true});
    this.path.addEventListener('input', () => this.along(Number(this.path.value)));
    this.pathStrip = picture('strip', 'Strip from A to B');
    this.pathFigure = make('figure', {hidden: true}, this.pathStrip, make('figcaption', {}, 'A to B'));
    this.pathLabel = make('label', {className: 'field', htmlFor: id}, 'from A to B (keep both first)');
    return make('div', {}, this.pathLabel, this.path, this.pathFigure);
  }

  /** Run something that may fail; its message is shown, and what is on the page stays. */
  async guarded(run) {
    try { await run(); } catch (error) { this.report(error.message, true); }
  }

  async show(canvas, rows) {
    draw(canvas, await this.backend.decode(this.number, rows), this.info.height, this.info.width);
  }

  /** Go to a point, and tell every slider. */
  moveTo(r) {
    this.r = Array.from(r);
    this.r.forEach((value, dim) => this.tell(dim, value));
    this.render();
    if (this.current !== undefined) this.renderStrip(this.current);
  }

  tell(dim, value) {
    const {input, output} = this.sliders[dim];
    input.value = value;
    output.value = value.toFixed(2);
  }

  /** A slider was moved; the sliders of the other classes of its code go with it. */
  follow(dim, value) {
    this.r = this.moved(dim, value);
    for (const each of [dim, ...this.info.axes[dim].classes]) this.tell(each, this.r[each]);
    this.render();
  }

  /** This point with another value of a dimension. One class of a code is on: if not this one, then the likeliest other. */
  moved(dim, value) {
    const r = [...this.r];
    r[dim] = value;
    const {classes} = this.info.axes[dim];
    if (!classes.length) return r;
    const others = classes.filter(each => each !== dim);
    const on = value > 0.5 ? dim : others.reduce((best, each) => r[each] > r[best] ? each : best);
    for (const each of classes) r[each] = Number(each === on);
    return r;
  }

  /** The centre of the prior. */
  center() { return this.info.axes.map(axis => axis.center); }

  /** The strip of a dimension: all others as they are. */
  choose(dim) {
    if (this.current !== undefined) this.sliders[this.current].row.classList.remove('current');
    this.current = dim;
    this.sliders[dim].row.classList.add('current');
    this.renderStrip(dim);
  }

  async showStrip(dim) {
    const {low, high, classes, unit} = this.info.axes[dim];
    const value = i => (low + high) / 2 + (high - low) / 2 * (2 * i / (STRIP_STEPS - 1) - 1);
    await this.show(this.strip, Array.from({length: STRIP_STEPS}, (_, i) => this.moved(dim, value(i))));
    const range = `from ${Number(low.toFixed(2))} to ${Number(high.toFixed(2))}${unit && ` ${unit}`}`;
    this.stripCaption.textContent = `r${dim} ${classes.length ? 'off and on, the other codes' : `${range}, the others`} as they are`;
    this.strip.setAttribute('aria-label', this.stripCaption.textContent);
  }

  keep(name) {
    this.kept[name] = [...this.r];
    this.report(`${this.info.name}: kept this point as ${name}`);
    if (!this.kept.A || !this.kept.B) return;
    this.path.disabled = false;
    this.pathLabel.textContent = 'from A to B';
    this.pathFigure.hidden = false;
    this.guarded(() => this.show(this.pathStrip, Array.from({length: STRIP_STEPS}, (_, i) => this.between(i / (STRIP_STEPS - 1)))));
  }

  between(t) { return this.kept.A.map((a, dim) => a + t * (this.kept.B[dim] - a)); }

  along(t) { this.moveTo(this.between(t)); }

  async copy() {
    const text = JSON.stringify(this.r.map(value => Number(value.toFixed(6))));
    try {
      await navigator.clipboard.writeText(text);
      this.report(`${this.info.name}: r is on the clipboard`);
    } catch { this.report(`r = ${text}`); }  // where the browser allows no clipboard it can still be marked
  }

  snapshot() {
    this.image.toBlob(blob => {
      const link = make('a', {href: URL.createObjectURL(blob), download: `snapshot-${this.number}.png`});
      link.click();
      URL.revokeObjectURL(link.href);
      this.report(`${this.info.name}: saved the image`);
    });
  }

  /** The image that a point was encoded from, beside what is decoded. */
  showInput(pixels, height, width) {
    this.inputFigure.hidden = false;
    draw(this.input, pixels, height, width);
  }

  hideInput() { this.inputFigure.hidden = true; }

  /** Name the factor that each code follows. */
  label(codes, share) {
    this.sliders.forEach(({note, kl}, dim) => {
      const follows = codes[dim] ? `, follows ${codes[dim]}` : '';
      note.textContent = kl + follows;
      if (share) note.title = `largest share of a factor's entropy: ${Math.max(...share[dim]).toFixed(2)}`;
    });
  }
}
