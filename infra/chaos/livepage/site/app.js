// The page: it takes frames from a live race or from a recording, and draws them.

const get = (id) => document.getElementById(id);
const recording = get('run'); // In a page that holds a recorded race.

let hello;
let lanes = [];
let timeline;
let controls;
let player; // Of a recording.
let card;
let magnifier;
let frame;
let since = 0;
let due = false;

/** Starts the page. */
function start() {
  startTheme();
  if (!recording) {
    drawLink('connecting', 'connecting');
    connect({ hello: greet, frame: take, lost });
    return;
  }
  get('controls').hidden = true;
  get('player').hidden = false;
  get('take-home').hidden = location.protocol === 'file:';
  recording.remove(); // Its text is kept once.
  player = new Player(recording.textContent, { clear, frame: take });
  greet(player.hello);
  drawLink('replay', 'replay');
  player.start();
}

/** Builds the page for a race; after a lost connection, only empties it. */
function greet(to) {
  if (!recording) drawLink('live', 'live');
  if (!hello) {
    hello = to;
    lanes = hello.lanes.map((name) => new Lane(get('lanes'), name, hello.outcomes, hello.window));
    timeline = new Timeline(get('bands'), get('axis'), hello.window);
    card = new Card();
    magnifier = new Magnifier();
    controls = new Controls(hello, player);
    controls.listen();
    drawLegend(get('legend'), hello.outcomes);
  }
  clear();
}

/** Forgets the past. */
function clear() {
  announced = null;
  timeline?.clear();
  for (const lane of lanes) lane.clear();
}

/** Takes in a frame; the next repaint draws it. */
function take(next) {
  frame = next;
  if (frame.since !== since) {
    since = frame.since;
    clear();
  }
  frame.lanes.forEach((part, i) => lanes[i]?.add(frame.t, part, frame));
  timeline.add(frame.t, frame.fault);
  announce(frame, hello.lanes);
  if (document.hidden) {
    draw(); // It also forgets what is out of the picture. A hidden tab gets no repaint.
  } else if (!due) {
    due = true;
    requestAnimationFrame(draw);
  }
}

function draw() {
  due = false;
  if (!frame) return;
  drawHeader(frame);
  controls.draw(frame);
  timeline.draw(frame.t, frame.since);
  card.draw(frame.after);
  const scales = {
    'dials/s': Math.max(3 * frame.rate, ...lanes.map((lane) => lane.strips.most('dials/s'))),
    waiting: Math.max(frame.rate, ...lanes.map((lane) => lane.strips.most('waiting'))),
  };
  const point = pointOf(frame);
  get('race').dataset.point = point;
  write(get('head-success'), point === 'time' ? 'within 1 s' : 'success');
  for (const lane of lanes) lane.draw(frame.t, scales, card.open, point);
  // For tests that measure how fast the page is.
  document.body.dataset.drawn = frame.t;
}

/**
 * What to look at: under a fault that only delays, who is served in time; where nobody is served, what the database bears; else who is
 * served.
 */
function pointOf({ fault, lanes }) {
  if (fault && hello.faults.find(({ name }) => name === fault.name)?.parameters.startsWith('latency')) return 'time';
  const answering = lanes.filter(({ answered }) => answered > 0);
  return fault && answering.length > 0 && answering.every(({ success }) => success < 0.1) ? 'dials' : 'success';
}

function lost() {
  if (document.body.dataset.link === 'lost') return;
  drawLink('lost', 'connection lost, trying again');
  say('Connection lost, trying again.');
}

/** Light or dark: the system decides until the user does. */
function startTheme() {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const apply = (on) => {
    document.documentElement.dataset.theme = on ? 'dark' : 'light';
    get('theme').setAttribute('aria-pressed', String(on));
    colours.clear();
    if (!hello) return;
    drawLegend(get('legend'), hello.outcomes);
    draw();
  };
  let chosen = recall('theme');
  apply(chosen ? chosen === 'dark' : dark.matches);
  dark.addEventListener('change', () => { if (!chosen) apply(dark.matches); });
  get('theme').addEventListener('click', () => {
    chosen = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
    keep('theme', chosen);
    apply(chosen === 'dark');
  });
}

/** The choice that was kept under the name; null if there is none. */
function recall(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null; // A page from a file may have no storage.
  }
}

/** Keeps a choice for the next time that the page is opened. */
function keep(name, choice) {
  try {
    localStorage.setItem(name, choice);
  } catch {
    // Then the choice lasts as long as the page.
  }
}
