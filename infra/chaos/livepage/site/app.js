// The page: it takes frames from a live race or from a recording, and draws them.

const get = (id) => document.getElementById(id);
const recording = get('run'); // In a page that holds a recorded race.

let hello;
let lanes = [];
let timeline;
let controls;
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
  const player = new Player(recording.textContent, { clear, frame: take });
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
    controls = new Controls(hello, !recording);
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
  frame.lanes.forEach((part, i) => lanes[i]?.add(part));
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
  for (const lane of lanes) lane.draw(frame.t, frame.paused ? 'paused' : '');
  // For tests that measure how fast the page is.
  document.body.dataset.drawn = frame.t;
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
  let chosen;
  try {
    chosen = localStorage.getItem('theme');
  } catch {
    chosen = null; // A page from a file may have no storage.
  }
  apply(chosen ? chosen === 'dark' : dark.matches);
  dark.addEventListener('change', () => { if (!chosen) apply(dark.matches); });
  get('theme').addEventListener('click', () => {
    chosen = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
    try {
      localStorage.setItem('theme', chosen);
    } catch {
      // Then the choice lasts as long as the page.
    }
    apply(chosen === 'dark');
  });
}
