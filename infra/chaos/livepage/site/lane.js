// A lane: one exercise, its numbers and its plot.

/** How many requests must be in flight before the lane mentions it. */
const crowd = 10;

class Lane {
  /** Builds the lane into the element; name is its description in the race. */
  constructor(parent, name, outcomes, span) {
    this.name = name;
    const root = document.getElementById('lane').content.cloneNode(true).firstElementChild;
    const find = (selector) => root.querySelector(selector);
    this.root = root;
    this.success = find('.success b');
    this.bar = find('.bar i');
    this.p50 = find('.p50');
    this.p99 = find('.p99');
    this.dials = find('.dials b');
    this.waiting = find('.dials small');
    this.breaker = find('.breaker');
    this.breakerText = find('.breaker > span');
    this.health = find('.health');
    this.picture = find('.plot');
    this.over = find('.over');
    const heading = find('h2');
    heading.textContent = name.pattern;
    heading.id = `lane-${name.number}`;
    root.setAttribute('aria-labelledby', heading.id);
    root.dataset.lane = name.number;
    find('.number').textContent = name.number;
    find('.motto').textContent = name.motto;
    this.breaker.hidden = !name.breaker;
    this.health.hidden = !name.health;
    parent.append(root);
    this.plot = new Chart(this.picture, outcomes);
    this.span = span;
    this.described = 0;
  }

  /** Takes in the lane's part of a frame. */
  add(frame) {
    this.frame = frame;
    this.plot.add(frame.points);
  }

  /** Forgets the past. */
  clear() {
    this.plot.clear();
  }

  /** The grid lines are at fixed distances from now. */
  grid(now) {
    return Array.from({ length: Math.floor(this.span / step) + 1 }, (_, i) => now - i * step);
  }

  /** Draws the lane at the race's time now; idle says why all lanes are idle, if they are. */
  draw(now, idle) {
    this.plot.draw(now - this.span, now, this.grid(now));
    const { frame } = this;
    if (!frame) return;
    const answered = frame.answered > 0;
    this.root.dataset.state = frame.state;
    this.root.dataset.grade = !answered ? 'none' : frame.success >= 0.95 ? 'good' : frame.success >= 0.6 ? 'poor' : 'bad';
    write(this.success, answered ? percent(frame.success) : '–');
    this.bar.style.width = `${answered ? frame.success * 100 : 0}%`;
    write(this.p50, answered ? latency(frame.p50) : '–');
    write(this.p99, answered ? latency(frame.p99) : '–');
    write(this.dials, frame.dials < 0 ? '–' : ratio(frame.dials));
    this.dials.dataset.many = frame.dials >= 2;
    write(this.waiting, frame.waiting >= crowd ? `${frame.waiting} waiting` : '');
    this.drawBreaker(frame);
    this.drawHealth(frame);
    this.drawOver(frame, idle);
    this.describe(frame, now);
  }

  drawBreaker({ breaker, left }) {
    this.breaker.dataset.state = breaker || 'unknown';
    const seconds = Math.ceil((left ?? 0) / 1000);
    write(this.breakerText, breaker === 'open' && seconds > 0 ? `open ${seconds} s` : breaker || 'breaker');
  }

  drawHealth({ health }) {
    const status = health?.status ?? '';
    this.health.dataset.state = status;
    write(this.health, status || 'health');
    this.health.title = Object.entries(health?.checks ?? {}).map(([name, is]) => `${name}: ${is}`).join(', ');
  }

  /** Says over the plot why it is empty. */
  drawOver({ state, reason, answered, waiting }, idle) {
    const words = {
      waiting: 'waiting to be built',
      building: 'being built; the first time takes a minute',
      starting: 'starting',
      down: `down, will restart in a moment: ${reason ?? ''}`,
    };
    let text = words[state] ?? '';
    if (state === 'up') text = idle || (answered > 0 ? '' : waiting >= crowd ? `no answers; ${waiting} requests wait` : 'no answers yet');
    write(this.over, text);
    this.over.hidden = text === '';
    this.picture.classList.toggle('quiet', text !== '');
  }

  /** Tells a screen reader what the plot shows, now and then. */
  describe(frame, now) {
    if (Math.abs(now - this.described) < 5000 && this.picture.hasAttribute('aria-label')) return;
    this.described = now;
    this.picture.setAttribute('aria-label', frame.answered === 0
      ? 'No answers in the last seconds.'
      : `In the last seconds ${percent(frame.success)} succeeded; half took at most ${latency(frame.p50)}, 99 in 100 at most ${latency(frame.p99)}.`);
  }
}

/** Sets an element's text, but only if it changes. */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
