// The plot of a lane: the latency of each answer over time, on a logarithmic scale.
import { colourOf, markOf } from 'race/marks';

/** The scale, in milliseconds: from faster than any query to longer than any client waits. */
const lowest = 0.25;
const highest = 16000;
const ticks = [1, 10, 100, 1000, 10000];
const tickNames = { 1: '1 ms', 10: '10 ms', 100: '100 ms', 1000: '1 s', 10000: '10 s' };

/** Gridlines stand at fixed distances from now, in milliseconds. */
export const step = 10000;

export class Plot {
  /** Draws into the element; span is how much of the past is shown, in milliseconds. */
  constructor(element, outcomes, span) {
    this.element = element;
    this.outcomes = outcomes;
    this.span = span;
    this.clear();
    this.readTheme();
    this.make();
    new ResizeObserver(() => this.resize()).observe(element);
  }

  make() {
    this.madeFor = this.rem;
    this.chart = new uPlot(this.options(), [[0, this.span], [null, null]], this.element);
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
      this.latencies.push(Math.min(highest, Math.max(lowest, points[i + 1])));
      this.kinds.push(points[i + 2]);
    }
  }

  /** Draws the plot as it is at the time now, and forgets what has left it. */
  draw(now) {
    let old = 0;
    while (old < this.times.length && this.times[old] < now - this.span) old++;
    for (const list of [this.times, this.latencies, this.kinds]) list.splice(0, old);
    this.chart.batch(() => {
      this.chart.setScale('x', { min: now - this.span, max: now });
      this.chart.redraw(false, true);
    });
  }

  /** Reads the colours anew, after the theme changed. */
  readTheme() {
    const style = getComputedStyle(document.documentElement);
    this.rem = parseFloat(style.fontSize);
    this.grid = style.getPropertyValue('--grid').trim();
    this.text = style.getPropertyValue('--quiet').trim();
    this.colours = this.outcomes.map(colourOf);
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.element;
    if (width === 0 || height === 0) return;
    this.readTheme();
    if (this.rem === this.madeFor) {
      this.chart.setSize({ width, height });
      return;
    }
    // The type scales with the window, and the chart measures its type once.
    const { min, max } = this.chart.scales.x;
    this.chart.destroy();
    this.make();
    this.chart.setScale('x', { min, max });
  }

  axisSize() {
    return Math.round(this.rem * 3.6);
  }

  font() {
    return `${Math.max(11, Math.round(this.rem * 0.72))}px system-ui, sans-serif`;
  }

  options() {
    return {
      width: this.element.clientWidth || 600,
      height: this.element.clientHeight || 90,
      legend: { show: false },
      cursor: { show: false },
      select: { show: false },
      padding: [4, 0, 4, 0],
      scales: {
        x: { time: false },
        y: { distr: 3, range: [lowest, highest] },
      },
      axes: [
        {
          size: () => 0,
          splits: (u) => Array.from({ length: Math.floor(this.span / step) + 1 }, (_, i) => u.scales.x.max - i * step),
          values: (_, splits) => splits.map(() => ''),
          grid: { stroke: () => this.grid, width: 1 },
          ticks: { show: false },
        },
        {
          size: () => this.axisSize(),
          gap: 6,
          font: this.font(),
          stroke: () => this.text,
          splits: () => ticks,
          filter: (_, splits) => splits,
          values: (_, splits) => splits.map((split) => tickNames[split] ?? ''),
          grid: { stroke: () => this.grid, width: 1 },
          ticks: { show: false },
        },
      ],
      series: [{}, { show: false, scale: 'y' }],
      hooks: { draw: [(u) => this.drawPoints(u)] },
    };
  }

  /** Draws the points on top of the grid, the worst outcomes last. */
  drawPoints(u) {
    const { ctx, bbox } = u;
    const size = this.rem * 0.22 * (window.devicePixelRatio || 1);
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.lineWidth = size * 0.55;
    this.outcomes.forEach((outcome, kind) => {
      const mark = markOf(outcome);
      ctx.fillStyle = ctx.strokeStyle = this.colours[kind];
      ctx.beginPath();
      for (let i = 0; i < this.times.length; i++) {
        if (this.kinds[i] !== kind) continue;
        mark.path(ctx, u.valToPos(this.times[i], 'x', true), u.valToPos(this.latencies[i], 'y', true), size * mark.radius);
      }
      ctx[mark.paint]();
    });
    ctx.restore();
  }
}
