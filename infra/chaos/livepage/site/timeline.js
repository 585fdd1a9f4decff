// The time that all lanes share: its axis, and the faults as bands across them.

/** The distance between grid lines, and between ticks of the axis, in milliseconds. */
const step = 10000;

class Timeline {
  /** Draws the bands and the axis into their elements; span is how much of the past is shown, in milliseconds. */
  constructor(bands, axis, span) {
    this.element = bands;
    this.span = span;
    this.bands = [];
    const ticks = [];
    for (let ago = span; ago >= 0; ago -= step) ticks.push([-ago, ago === 0 ? 'now' : `−${ago / 1000} s`]);
    drawAxis(axis, ticks, -span, 0);
  }

  /** Takes in the fault of a frame, null for calm. */
  add(time, fault) {
    const last = this.bands.at(-1);
    const open = last && last.to === undefined;
    if (open && (!fault || fault.name !== last.name || fault.since !== last.from)) last.to = fault ? fault.since : time;
    if (fault && (!open || last.to !== undefined)) {
      this.bands.push({ name: fault.name, from: fault.since, element: this.make(fault.name) });
    }
  }

  make(name) {
    const element = make('div', 'fault');
    element.append(make('b', '', name));
    element.dataset.fault = name;
    this.element.append(element);
    return element;
  }

  /** Draws the bands as they are at the time now; drops those from before since, and those out of the picture. */
  draw(now, since) {
    const start = Math.max(now - this.span, since);
    this.bands = this.bands.filter((band) => {
      const gone = band.to !== undefined && band.to <= start;
      if (gone) band.element.remove();
      return !gone;
    });
    for (const { element, from, to } of this.bands) {
      place(element, Math.max(from, since), to ?? now, now - this.span, now);
      element.dataset.open = to === undefined;
    }
  }

  /** Forgets the past. */
  clear() {
    this.bands = [];
    this.element.replaceChildren();
  }
}
