// The strips under a lane's plot, on the same time axis: what the database feels, the breaker, and the health.

/** The strips and their heights, in units of the type size. */
const heights = { 'dials/s': 1.7, waiting: 0.75, breaker: 0.9, health: 0.9 };

/** The colours of the states, as in the report, and of their words. */
const states = {
  closed: ['good-soft', 'ink'], 'half-open': ['rejected-soft', 'ink'], open: ['rejected', 'paper'],
  Healthy: ['good-soft', 'ink'], Degraded: ['error-soft', 'ink'], Unhealthy: ['error', 'paper'],
};

class Strips {
  /** Draws into the element. breaker and health say whether the lane has such a strip. */
  constructor(element, { breaker, health }) {
    this.canvas = document.createElement('canvas');
    element.prepend(this.canvas);
    this.rows = Object.keys(heights).filter((row) => ({ breaker, health })[row] ?? true);
    this.total = this.rows.reduce((sum, row) => sum + heights[row], 0);
    element.style.height = `${this.total}rem`;
    this.clear();
    this.size = sized(element, () => this.paint());
  }

  /** Forgets the past. */
  clear() {
    this.samples = [];
  }

  /** Takes in the lane's part of the frame of that time; many says how many dials a second are too many. */
  add(time, { dialRate = -1, waiting, breaker, health }, many) {
    this.samples.push({ time, 'dials/s': dialRate, waiting, breaker, health: health?.status, many: dialRate >= many });
  }

  /** The largest value of a row. */
  most(row) {
    return this.samples.reduce((most, sample) => Math.max(most, sample[row] ?? 0), 0);
  }

  /** Shows the time between from and to and forgets what was before; scales are what fills a row, grid as in the plot. */
  draw(from, to, grid, scales) {
    // One sample from before stays: a value counts from the sample before its own.
    while (this.samples.length > 1 && this.samples[1].time < from) this.samples.shift();
    this.shown = { from, to, grid, scales };
    this.paint();
  }

  paint() {
    const { width, height } = this.size;
    if (!this.shown || width === 0 || height === 0) return;
    const context = contextOf(this.canvas, width, height);
    const { from, to, grid, scales } = this.shown;
    const rem = typeSize();
    const left = 3.6 * rem; // As --scale in the style sheet.
    const x = (time) => left + ((width - left) * (Math.max(from, time) - from)) / (to - from);
    let bottom = 0;
    context.font = `${Math.max(11, Math.round(rem * 0.72))}px system-ui, sans-serif`;
    context.textBaseline = 'middle';
    for (const name of this.rows) {
      const row = (height * heights[name]) / this.total;
      bottom += row;
      context.textAlign = 'right';
      context.fillStyle = colourOf('quiet');
      context.fillText(name, left - 6, bottom - row / 2);
      context.strokeStyle = colourOf('grid');
      context.beginPath();
      context.moveTo(left, bottom - 0.5);
      context.lineTo(width, bottom - 0.5);
      for (const time of grid) {
        context.moveTo(x(time), bottom - row);
        context.lineTo(x(time), bottom);
      }
      context.stroke();
      if (scales[name]) this.paintBars(context, name, x, bottom - 1, (row - 2) / scales[name]);
      else this.paintStates(context, name, x, bottom - row + 1, row - 2);
    }
  }

  /** Each sample is a bar, as wide as the time since the one before. One path for all bars of a colour is much faster. */
  paintBars(context, name, x, bottom, unit) {
    for (const many of [false, true]) {
      context.fillStyle = colourOf(name === 'waiting' ? 'no-answer' : many ? 'error' : 'quiet');
      context.beginPath();
      for (let i = 1; i < this.samples.length; i++) {
        const sample = this.samples[i];
        if (!(sample[name] > 0) || sample.many !== many) continue;
        const start = x(this.samples[i - 1].time);
        const height = Math.max(1, sample[name] * unit);
        context.rect(start, bottom - height, Math.max(1, x(sample.time) - start), height);
      }
      context.fill();
    }
  }

  /** Each time in one state is a bar, with the state's name where there is room. */
  paintStates(context, name, x, top, height) {
    context.textAlign = 'left';
    for (let i = 1; i < this.samples.length;) {
      const state = this.samples[i][name];
      const start = x(this.samples[i - 1].time);
      while (i < this.samples.length && this.samples[i][name] === state) i++;
      if (!state) continue;
      const width = x(this.samples[i - 1].time) - start;
      const [colour, ink] = states[state] ?? states.Unhealthy;
      context.fillStyle = colourOf(colour);
      context.fillRect(start, top, width, height);
      if (context.measureText(state).width + 8 > width) continue;
      context.fillStyle = colourOf(ink);
      context.fillText(state, start + 4, top + height / 2);
    }
  }
}
