// The chart that all pages share: the latency of each answer over time, on a logarithmic scale, one mark for each answer.

/** The scale, in milliseconds: from as fast as any query to longer than any client waits. */
const lowest = 1;
const highest = 30000;
const levels = { 10: '10 ms', 100: '100 ms', 1000: '1 s', 10000: '10 s' };

/**
 * The marks by outcome, from good to bad: a colour that the colour-blind can tell apart, and a shape. The radius is in
 * units of the point size; open shapes are stroked, the others filled.
 */
const marks = {
  served: { word: 'served (200)', colour: 'ok', paint: 'fill', radius: 0.7, path: disc },
  rejected: { word: 'rejected (503)', colour: 'rejected', paint: 'fill', radius: 1.25, path: diamond },
  503: { word: '503', colour: 'rejected', paint: 'fill', radius: 1.25, path: diamond }, // In an app of somebody else, no breaker need have rejected.
  timeout: { word: 'timeout (504)', colour: 'timeout', paint: 'fill', radius: 1.3, path: triangle },
  error: { word: 'error', colour: 'error', paint: 'stroke', radius: 1.1, path: cross },
  'no answer': { word: 'no answer', colour: 'no-answer', paint: 'stroke', radius: 1.1, path: disc },
  healthy: { word: '/health/ 200', colour: 'ok', paint: 'stroke', radius: 1.6, path: disc },
  unhealthy: { word: '/health/ 503', colour: 'error', paint: 'stroke', radius: 1.6, path: square },
};

/** The mark of an outcome. */
function markOf(outcome) {
  return marks[outcome] ?? marks['no answer'];
}

const colours = new Map();

/** The colour of a name of the style sheet in the current theme, as a canvas takes it. */
function colourOf(name) {
  if (!colours.has(name)) {
    const probe = document.createElement('i');
    probe.style.color = `var(--${name})`;
    document.body.append(probe);
    colours.set(name, getComputedStyle(probe).color);
    probe.remove();
  }
  return colours.get(name);
}

let knownTypeSize = 0;
addEventListener('resize', () => { knownTypeSize = 0; });

/** The size of the page's type, in pixels. It depends on the window alone. */
function typeSize() {
  knownTypeSize ||= parseFloat(getComputedStyle(document.documentElement).fontSize);
  return knownTypeSize;
}

/** Calls paint when the element has its size, and at each change of it. To ask for it in each frame would cost a layout each. */
function sized(element, paint) {
  const size = { width: 0, height: 0 };
  new ResizeObserver(([entry]) => {
    size.width = entry.contentRect.width;
    size.height = entry.contentRect.height;
    paint();
  }).observe(element);
  return size;
}

/** Sizes the canvas and returns its emptied context, whose units are the pixels of the page. */
function contextOf(canvas, width, height) {
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext('2d');
  context.scale(scale, scale);
  return context;
}

/** The height of a latency, from 0 at the bottom to 1 at the top. */
function heightOf(ms) {
  return Math.log(Math.min(highest, Math.max(lowest, ms)) / lowest) / Math.log(highest / lowest);
}

/** A limit in milliseconds, in words. */
function limitOf(ms) {
  return ms < 1000 ? `${ms} ms` : `${ms / 1000} s`;
}

class Chart {
  /** Draws into the element; outcomes are the names of the marks, by index, and limits are [name, latency] of the app's own. */
  constructor(element, outcomes, limits = []) {
    this.outcomes = outcomes;
    this.limits = limits;
    this.canvas = document.createElement('canvas');
    this.clear();
    element.prepend(this.canvas);
    this.size = sized(element, () => this.paint());
  }

  /** Forgets every point. */
  clear() {
    this.times = [];
    this.latencies = [];
    this.kinds = [];
  }

  /** Takes in points: time, latency and the outcome's index, three numbers each. */
  add(points) {
    for (let i = 0; i + 2 < points.length; i += 3) {
      this.times.push(points[i]);
      this.latencies.push(points[i + 1]);
      this.kinds.push(points[i + 2]);
    }
  }

  /** The place of a point within the element, in pixels. */
  spot(time, ms) {
    const { width, height } = this.size;
    const { from, to } = this.shown ?? { from: 0, to: 1 };
    const left = 3.6 * typeSize(); // As --scale in the style sheet.
    return { x: left + ((width - left) * (time - from)) / (to - from), y: height - 4 - (height - 8) * heightOf(ms) };
  }

  /** Shows the time between from and to and forgets what was before; grid holds the times of the vertical lines. */
  draw(from, to, grid) {
    let old = 0;
    while (old < this.times.length && this.times[old] < from) old++;
    if (old > 0) for (const list of [this.times, this.latencies, this.kinds]) list.splice(0, old);
    this.shown = { from, to, grid };
    this.paint();
  }

  paint() {
    const { width, height } = this.size;
    if (!this.shown || width === 0 || height === 0) return;
    const context = contextOf(this.canvas, width, height);
    const { from, to, grid } = this.shown;
    const rem = typeSize();
    const left = 3.6 * rem; // As --scale in the style sheet.
    const x = (time) => left + ((width - left) * (time - from)) / (to - from);
    const y = (ms) => height - 4 - (height - 8) * heightOf(ms);
    this.paintGrid(context, { x, y, grid, left, width, height, rem });
    context.beginPath();
    context.rect(left, 0, width - left, height);
    context.clip();
    const size = rem * 0.22;
    context.lineWidth = size * 0.55;
    // The worst outcomes last, on top.
    this.outcomes.forEach((outcome, kind) => {
      const mark = markOf(outcome);
      context.fillStyle = context.strokeStyle = colourOf(mark.colour);
      context.beginPath();
      for (let i = 0; i < this.times.length; i++) {
        if (this.kinds[i] === kind) mark.path(context, x(this.times[i]), y(this.latencies[i]), size * mark.radius);
      }
      context[mark.paint]();
    });
    this.paintLimits(context, { y, left, width, rem });
  }

  /** A dashed line for each limit of the app, with its name in it. */
  paintLimits(context, { y, left, width, rem }) {
    context.textAlign = 'left';
    context.textBaseline = 'middle';
    context.strokeStyle = colourOf('ink');
    context.lineWidth = Math.max(1, Math.round(rem * 0.08));
    context.setLineDash([rem * 0.4, rem * 0.25]);
    context.beginPath();
    for (const [, ms] of this.limits) {
      const height = Math.round(y(ms)) + (context.lineWidth % 2) / 2; // On whole pixels.
      context.moveTo(left, height);
      context.lineTo(width, height);
    }
    context.stroke();
    // One name to the right of the other, as the lines are close.
    let start = left + 6;
    for (const [name, ms] of this.limits) {
      const text = `${name} ${limitOf(ms)}`;
      const { width: length } = context.measureText(text);
      context.fillStyle = colourOf('paper');
      context.fillRect(start - 3, y(ms) - rem * 0.35, length + 6, rem * 0.7);
      context.fillStyle = colourOf('ink');
      context.fillText(text, start, y(ms));
      start += length + rem;
    }
  }

  paintGrid(context, { x, y, grid, left, width, height, rem }) {
    context.strokeStyle = colourOf('grid');
    context.fillStyle = colourOf('quiet');
    context.font = `${Math.max(11, Math.round(rem * 0.72))}px system-ui, sans-serif`;
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    context.beginPath();
    // Where there is no room for all names, two are enough.
    const named = y(1) - y(10) < rem ? ['10', '1000'] : Object.keys(levels);
    for (const [ms, name] of Object.entries(levels)) {
      if (named.includes(ms)) context.fillText(name, left - 6, y(ms));
      context.moveTo(left, y(ms));
      context.lineTo(width, y(ms));
    }
    for (const time of grid) {
      context.moveTo(x(time), 0);
      context.lineTo(x(time), height);
    }
    context.stroke();
  }
}

/** Fills the list with an entry for each outcome; with counts, only those that occurred, and how often. */
function drawLegend(list, outcomes, counts) {
  const size = typeSize();
  const shown = outcomes.filter((_, kind) => !counts || counts[kind]);
  list.replaceChildren(...shown.map((outcome) => {
    const mark = markOf(outcome);
    const canvas = document.createElement('canvas');
    const context = contextOf(canvas, size, size);
    context.fillStyle = context.strokeStyle = colourOf(mark.colour);
    context.lineWidth = size * 0.13;
    context.beginPath();
    mark.path(context, size / 2, size / 2, size * 0.27 * Math.min(1.3, Math.max(1, mark.radius)));
    context[mark.paint]();
    const entry = make('li', '', ` ${mark.word} `);
    entry.prepend(canvas);
    if (counts) entry.append(make('b', '', counts[outcomes.indexOf(outcome)]));
    return entry;
  }));
}

/** An element with a class and a text. */
function make(tag, name, text) {
  const element = document.createElement(tag);
  element.className = name;
  element.textContent = text ?? '';
  return element;
}

/** Places an element between from and to, the ends of the visible time. */
function place(element, start, end, from, to) {
  const share = (time) => (100 * (Math.min(to, Math.max(from, time)) - from)) / (to - from);
  element.style.left = `${share(start)}%`;
  element.style.width = `${Math.max(0.3, share(end) - share(start))}%`;
}

/** Fills the axis with a tick for each [time, text]. */
function drawAxis(axis, ticks, from, to) {
  axis.replaceChildren(...ticks.map(([time, text]) => {
    const tick = make('span', '', text);
    tick.style.left = `${(100 * (time - from)) / (to - from)}%`;
    return tick;
  }));
}

/**
 * Draws a whole run into the figure: its points and outcomes, bands for its faults, and a strip for the states of the
 * breaker. Times are in milliseconds from the start of the run to took.
 */
function drawRun(figure, { took, outcomes, points, counts, bands, states }) {
  const plot = make('div', 'plot');
  const spans = (name, list) => {
    const parent = make('div', name);
    for (const { name: text, from, to, fault } of list) {
      const span = make('div', fault ? 'fault' : '');
      span.dataset.state = text;
      span.append(make('b', '', text));
      place(span, from, to, 0, took);
      parent.append(span);
    }
    return parent;
  };
  const axis = make('div', 'axis');
  const legend = make('ul', 'legend');
  figure.replaceChildren(plot, axis, legend);
  plot.setAttribute('role', 'img');
  plot.setAttribute('aria-label', 'Latency over time, a mark for each answer by its outcome');
  if (bands.length > 0) plot.append(spans('bands', bands));
  if (states.length > 0) axis.after(spans('strip', states));
  const step = [1, 2, 5, 10, 15, 30, 60, 120, 300].find((seconds) => took / 1000 / seconds <= 12) ?? 600;
  const ticks = Array.from({ length: Math.floor(took / 1000 / step) + 1 }, (_, i) => [i * step * 1000, `${i * step} s`]);
  drawAxis(axis, ticks, 0, took);
  drawLegend(legend, outcomes, counts);
  const chart = new Chart(plot, outcomes);
  chart.add(points);
  chart.draw(0, took, ticks.map(([time]) => time));
}

function disc(context, x, y, r) {
  context.moveTo(x + r, y);
  context.arc(x, y, r, 0, 2 * Math.PI);
}

function diamond(context, x, y, r) {
  context.moveTo(x, y - r);
  context.lineTo(x + r, y);
  context.lineTo(x, y + r);
  context.lineTo(x - r, y);
  context.closePath();
}

function triangle(context, x, y, r) {
  context.moveTo(x, y - r);
  context.lineTo(x + r, y + r * 0.8);
  context.lineTo(x - r, y + r * 0.8);
  context.closePath();
}

function square(context, x, y, r) {
  context.rect(x - r * 0.8, y - r * 0.8, r * 1.6, r * 1.6);
}

function cross(context, x, y, r) {
  context.moveTo(x - r, y - r);
  context.lineTo(x + r, y + r);
  context.moveTo(x - r, y + r);
  context.lineTo(x + r, y - r);
}
