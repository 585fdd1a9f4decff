// A lane: one exercise, its numbers, its plot and its strips.

/** How many requests must be in flight before the lane mentions it. */
const crowd = 10;

/** How many dials for one request are too many, and how few mean that the app spares the database. */
const manyDials = 2;
const fewDials = 0.5;

class Lane {
  /** Builds the lane into the element; name is its description in the race. */
  constructor(parent, name, outcomes, span) {
    this.name = name;
    const root = document.getElementById('lane').content.cloneNode(true).firstElementChild;
    const find = (selector) => root.querySelector(selector);
    this.root = root;
    this.success = find('.success b');
    this.inTime = find('.success small');
    this.served = find('.bar i');
    this.soon = find('.soon');
    this.p50 = find('.p50');
    this.p99 = find('.p99');
    this.dials = find('.dials b');
    this.rate = find('.dials .rate');
    this.waiting = find('.dials .waiting');
    this.breaker = find('.breaker');
    this.breakerText = find('.breaker > span');
    this.health = find('.health');
    this.balancer = find('.balancer');
    this.toll = find('.toll');
    this.picture = find('.plot');
    this.over = find('.over');
    const heading = find('h2');
    heading.textContent = name.pattern;
    heading.id = `lane-${name.number}`;
    root.setAttribute('aria-labelledby', heading.id);
    root.dataset.lane = name.number;
    const button = find('.number');
    button.textContent = name.number;
    button.title = 'Magnify the slowest request of this fault';
    button.setAttribute('aria-label', `${name.number}: magnify the slowest request of this fault`);
    button.addEventListener('click', () => magnifier.open(this, this.slowest()));
    find('.motto').textContent = name.motto;
    this.breaker.hidden = !name.breaker;
    this.health.hidden = this.balancer.hidden = !name.health;
    parent.append(root);
    const limits = [['TIMEOUT', name.timeout], ['DEADLINE', name.deadline]];
    this.plot = new Chart(this.picture, outcomes, limits.filter(([, ms]) => ms > 0));
    this.strips = new Strips(find('.strips'), name);
    this.traces = [];
    this.picture.addEventListener('click', (event) => magnifier.open(this, this.nearest(event)));
    this.span = span;
    this.described = 0;
  }

  /** Takes in the lane's part of a frame. In a pause everything stays as it was, except an app that ends or starts. */
  add(time, frame, { paused, rate, fault }) {
    const still = paused && this.paused && frame.state === this.frame?.state;
    this.paused = paused;
    if (still) return;
    this.frame = frame;
    this.fault = fault;
    this.plot.add(frame.points);
    this.strips.add(time, frame, manyDials * rate);
    this.traces.push(...(frame.traces ?? []));
  }

  /** The slowest request that is known in detail, of those that began under the fault, or without one; else of all. */
  slowest() {
    const began = this.fault?.since ?? 0;
    const met = this.traces.filter(({ t, took }) => t - took >= began);
    return (met.length > 0 ? met : this.traces).reduce((slow, trace) => (slow && slow.took >= trace.took ? slow : trace), undefined);
  }

  /** The request in detail whose point is nearest to a click. */
  nearest({ clientX, clientY }) {
    const { left, top } = this.picture.getBoundingClientRect();
    const distance = ({ t, took }) => {
      const { x, y } = this.plot.spot(t, took);
      return Math.hypot(x - (clientX - left), y - (clientY - top));
    };
    return this.traces.reduce((near, trace) => (near && distance(near) <= distance(trace) ? near : trace), undefined);
  }

  /** Forgets the past. */
  clear() {
    this.plot.clear();
    this.strips.clear();
    this.traces = [];
    this.paused = false;
  }

  /** The grid lines are at fixed distances from now. */
  grid(now) {
    return Array.from({ length: Math.floor(this.span / step) + 1 }, (_, i) => now - i * step);
  }

  /**
   * Draws the lane at the race's time now; scales are what fills a strip, after is the fault of the card, if it is open, and point is
   * what to look at.
   */
  draw(now, scales, after, point) {
    this.plot.draw(now - this.span, now, this.grid(now));
    this.strips.draw(now - this.span, now, this.grid(now), scales);
    while (this.traces.length > 0 && this.traces[0].t < now - this.span) this.traces.shift();
    const { frame } = this;
    if (!frame) return;
    const answered = frame.answered > 0;
    this.root.dataset.state = frame.state;
    const { success, inTime = success } = frame;
    const known = frame.inTime !== undefined; // An old recording lacks it.
    const timely = known && point === 'time';
    this.root.dataset.grade = !answered ? 'none' : timely ? promptness(inTime) : grade(frame);
    write(this.success, answered ? percent(timely ? inTime : success) : '–');
    this.success.dataset.word = timely ? 'within 1 s' : 'success';
    this.inTime.dataset.point = timely ? 'time' : '';
    write(this.inTime, !answered || !known ? '' : timely ? `${percent(success)} in all` : `${percent(inTime)} within 1 s`);
    this.served.style.width = `${answered ? success * 100 : 0}%`;
    this.soon.style.width = `${answered ? inTime * 100 : 0}%`;
    write(this.p50, answered ? latency(frame.p50) : '–');
    write(this.p99, answered ? latency(frame.p99) : '–');
    this.p50.dataset.grade = answered ? lateness(frame.p50) : '';
    this.p99.dataset.grade = answered ? lateness(frame.p99) : '';
    write(this.dials, frame.dials < 0 ? '–' : ratio(frame.dials));
    this.dials.dataset.load = frame.dials >= manyDials ? 'many' : this.fault && frame.dials >= 0 && frame.dials < fewDials ? 'few' : '';
    write(this.rate, frame.dialRate >= 0 ? `${frame.dialRate}/s` : '');
    write(this.waiting, frame.waiting >= crowd ? `${frame.waiting} waiting` : '');
    this.drawBreaker(frame);
    this.drawHealth(frame);
    this.drawOver(frame);
    this.drawToll(after && frame.toll);
    this.describe(frame, now);
  }

  drawBreaker({ breaker, left, failures = 0, threshold }) {
    this.breaker.dataset.state = breaker || 'unknown';
    const seconds = Math.ceil((left ?? 0) / 1000);
    const closed = failures > 0 ? `closed ${failures}/${threshold}` : 'closed'; // How far from opening.
    write(this.breakerText, breaker === 'open' && seconds > 0 ? `open ${seconds} s` : breaker === 'closed' ? closed : breaker || 'breaker');
    this.breaker.title = threshold ? `${failures} of the last ${threshold} requests failed; ${threshold} in a row open the breaker` : '';
  }

  drawHealth({ health }) {
    const status = health?.status ?? '';
    this.health.dataset.state = status;
    write(this.health, status || 'health');
    // What a load balancer does that believes it: 503 is Unhealthy.
    const out = status !== 'Healthy' && status !== 'Degraded';
    write(this.balancer.lastElementChild, status === '' ? '' : out ? 'taken out' : 'in rotation');
    this.balancer.dataset.out = status !== '' && out;
    this.health.title = Object.entries(health?.checks ?? {}).map(([name, is]) => `${name}: ${is}`).join(', ');
  }

  /** Says over the plot why it is empty. */
  drawOver({ state, reason, answered, waiting }) {
    const words = {
      waiting: 'waiting to be built',
      building: 'being built; the first time takes a minute',
      starting: 'starting',
      down: `down, will restart in a moment: ${reason ?? ''}`,
    };
    let text = words[state] ?? '';
    if (state === 'up' && answered === 0) text = waiting >= crowd ? `no answers; ${waiting} requests wait` : 'no answers yet';
    write(this.over, text);
    this.over.hidden = text === '';
    this.picture.classList.toggle('quiet', text !== '');
  }

  /** Shows the lane's part of the card, if it is open. */
  drawToll(toll) {
    this.toll.hidden = !toll;
    if (!toll) return;
    for (const [word, [value, grade]] of Object.entries(tollOf(toll))) {
      let entry = this.toll.querySelector(`[data-word="${word}"]`);
      if (!entry) {
        entry = make('div');
        entry.dataset.word = word;
        entry.append(make('dt', '', word), make('dd'));
        this.toll.append(entry);
      }
      write(entry.lastChild, value);
      entry.lastChild.dataset.grade = grade;
    }
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

/** How good a success is: one that comes late is no triumph. */
function grade({ success, inTime = success }) {
  if (success < 0.6) return 'bad';
  return success >= 0.95 && inTime >= 0.9 ? 'good' : 'poor';
}

/** How good the share served in time is. No policy makes a slow database fast, so that less is no failure of the app's. */
function promptness(share) {
  if (share < 0.3) return 'bad';
  return share >= 0.95 ? 'good' : 'poor';
}

/** How late a latency in milliseconds is: a second is what a user waits gladly, and five are the deadline. */
function lateness(ms) {
  if (ms <= 1100) return '';
  return ms <= 5100 ? 'poor' : 'bad';
}

/** Sets an element's text, but only if it changes. */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
