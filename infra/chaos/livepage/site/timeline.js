// The time that all lanes share: its axis, and the faults as bands across them.
import { step } from 'race/plot';

export class Timeline {
  /** Draws the bands and the axis into their elements; span is how much of the past is shown, in milliseconds. */
  constructor(bands, axis, span) {
    this.element = bands;
    this.span = span;
    this.bands = [];
    const ticks = [];
    for (let ago = span; ago >= 0; ago -= step) {
      const tick = document.createElement('span');
      tick.textContent = ago === 0 ? 'now' : `−${ago / 1000} s`;
      tick.style.left = `${100 * (1 - ago / span)}%`;
      ticks.push(tick);
    }
    axis.replaceChildren(...ticks);
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
    const element = document.createElement('div');
    const label = document.createElement('b');
    label.textContent = name;
    element.append(label);
    element.dataset.fault = name;
    this.element.append(element);
    return element;
  }

  /** Draws the bands as they are at the time now; what was before since, or has left the picture, is dropped. */
  draw(now, since) {
    const start = Math.max(now - this.span, since);
    this.bands = this.bands.filter((band) => {
      const gone = band.to !== undefined && band.to <= start;
      if (gone) band.element.remove();
      return !gone;
    });
    const place = (time) => 100 * (1 - (now - Math.min(now, Math.max(start, time))) / this.span);
    for (const { element, from, to } of this.bands) {
      const left = place(from);
      element.style.left = `${left}%`;
      element.style.width = `${Math.max(0.3, place(to ?? now) - left)}%`;
      element.dataset.open = to === undefined;
    }
  }

  /** Forgets the past. */
  clear() {
    this.bands = [];
    this.element.replaceChildren();
  }
}
