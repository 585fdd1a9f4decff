// A request under a magnifier: its attempts, dials and backoffs on one timeline. The race sends some requests of each second.

class Magnifier {
  constructor() {
    this.dialog = get('request');
    get('request-close').addEventListener('click', () => this.dialog.close());
    get('request-earlier').addEventListener('click', () => this.step(-1));
    get('request-later').addEventListener('click', () => this.step(1));
    this.dialog.addEventListener('keydown', (event) => {
      if (event.key === 'ArrowLeft') this.step(-1);
      if (event.key === 'ArrowRight') this.step(1);
    });
    this.dialog.addEventListener('click', (event) => { if (event.target === this.dialog) this.dialog.close(); });
  }

  /** Shows a request of the lane, among those that the lane has now. */
  open(lane, trace) {
    if (!trace) {
      showMessage('There is no request in detail yet.');
      return;
    }
    this.lane = lane;
    this.all = [...lane.traces];
    this.show(trace);
    if (!this.dialog.open) this.dialog.showModal();
  }

  /** Goes to the request before or after, if there is one. */
  step(by) {
    const next = this.all[this.all.indexOf(this.trace) + by];
    if (next) this.show(next);
  }

  show(trace) {
    this.trace = trace;
    const { number, pattern, timeout, attempts, deadline } = this.lane.name;
    const at = this.all.indexOf(trace);
    write(get('request-name'), `${number} ${pattern}: a request at ${clock(trace.t - since)}`);
    write(get('request-says'), trace.says);
    get('request-earlier').disabled = at === 0;
    get('request-later').disabled = at === this.all.length - 1;
    get('request-lines').replaceChildren(...trace.lines.map((line) => this.makeLine(line, Math.max(trace.took, 0.01))));
    get('request-lines').style.setProperty('--lines', trace.lines.length);
    const limits = [
      timeout && `┆ TIMEOUT ${limitOf(timeout)} for one attempt`,
      attempts && `RETRY_ATTEMPTS ${attempts}`,
      deadline && `┃ DEADLINE ${limitOf(deadline)} for the request`,
    ];
    get('request-limits').replaceChildren(...limits.filter(Boolean).map((limit) => make('span', '', limit)));
  }

  /** One line: its name, its bar on the common scale with the limits that it meets, and how it ended. */
  makeLine({ n: name, s: start, d: took, o: outcome, w: words }, whole) {
    const line = make('li', name.split(' ')[0]);
    const track = make('div', 'track');
    const bar = make('i', 'mark');
    place(bar, start, start + took, 0, whole);
    if (outcome) bar.style.background = `var(--${markOf(outcome).colour})`;
    track.append(bar);
    const { timeout, deadline } = this.lane.name;
    const ends = [['limit', line.className === 'attempt' && timeout > 0 ? start + timeout : 0], ['limit deadline', deadline]];
    for (const [mark, end] of ends.filter(([, end]) => end > 0 && end <= whole * 1.02)) {
      const limit = make('i', mark);
      place(limit, end, end, 0, whole);
      track.append(limit);
    }
    line.append(make('span', 'name', name), track, make('span', 'words', words));
    return line;
  }
}
