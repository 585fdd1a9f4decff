// The card: what a fault that has ended did to each lane. It stays until someone closes it or the next fault begins.

class Card {
  constructor() {
    this.closed = undefined;
    get('card-close').addEventListener('click', () => this.close());
    document.addEventListener('keydown', (event) => { if (event.key === 'Escape' && !get('request').open) this.close(); });
  }

  /** Closes the card of the last fault. */
  close() {
    this.closed = this.shown?.to;
    draw();
  }

  /** Shows the fault that has ended, if there is one. */
  draw(after) {
    this.shown = after;
    this.open = Boolean(after) && after.to !== this.closed;
    get('card').hidden = !this.open;
    get('race').dataset.card = this.open ? 'open' : '';
    if (after) write(get('card-name'), `After ${after.name} (${clock(after.to - after.from)})`);
  }
}

/** A lane's part of the card: a value and its grade for each word. */
function tollOf({ answered, served, rejected, worst, wasted, recovered }) {
  const share = served / Math.max(1, answered);
  return {
    served: [answered > 0 ? percent(share) : '–', grade({ success: share })],
    'longest wait': [latency(worst), lateness(worst)],
    'recovered in': recovered < 0 ? ['not yet', 'poor'] : [latency(recovered), ''],
    'dials wasted': [String(wasted), wasted >= manyDials * answered ? 'bad' : ''],
    'rejected (503)': [String(rejected), ''],
  };
}
