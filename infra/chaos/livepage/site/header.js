// The first line of the page, and the announcements for screen readers.

const announcer = document.getElementById('announcer');
const state = document.getElementById('state');
const stateName = document.getElementById('state-name');
const stateDetail = document.getElementById('state-detail');
const time = document.getElementById('clock');
const link = document.getElementById('link');
const message = document.getElementById('message');

let said = '';
let hide = 0;

/** Shows the fault, the time, and the notice of the race. */
function drawHeader(frame) {
  const { fault, t, since, paused, lanes, notice, overloaded, rate, holds } = frame;
  time.textContent = clock(t - since);
  const starting = lanes.some((lane) => ['waiting', 'building'].includes(lane.state));
  state.dataset.state = fault ? 'fault' : starting ? 'starting' : paused ? 'paused' : overloaded ? 'overloaded' : 'calm';
  stateName.textContent = fault ? fault.name : starting ? 'Getting ready' : paused ? 'Paused' : overloaded ? 'Overloaded' : 'Calm';
  stateDetail.textContent = fault ? (paused ? `paused after ${clock(t - fault.since)}` : detail(fault, t))
    : starting ? 'the exercises are being built'
      : overloaded ? 'no fault: this computer cannot keep up; lower the load'
        : rate > holds ? holdsOf(holds) : '';
  if ((notice ?? '') !== said) {
    said = notice ?? '';
    show(said);
  }
}

function detail({ since, left }, now) {
  const lasts = `for ${clock(now - since)}`;
  return left > 0 ? `${lasts}, stops automatically in ${clock(left)}` : lasts;
}

/** Shows where the race comes from: live, lost, or replay. */
function drawLink(state, text) {
  link.dataset.state = state;
  link.textContent = text;
  document.body.dataset.link = state;
}

/** Shows a message for a while, then the notice of the race again, if there is one. */
function showMessage(text) {
  show(text);
  hide = setTimeout(() => show(said), 8000);
}

/** Shows a text until the next one, or until someone clicks on it. */
function show(text) {
  clearTimeout(hide);
  message.textContent = text;
  message.hidden = !text;
  message.onclick = () => { message.hidden = true; };
}

/** The previous frame; null if the next frame is not a change. */
let announced = null;

/** Announces what changed since the previous frame: the fault, the breakers, the apps. Never the numbers, which always change. */
function announce(frame, names) {
  const news = announced ? changes(announced, frame, names) : [];
  announced = frame;
  if (news.length > 0) announcer.textContent = news.join(' ');
}

/** Announces a text. */
function say(text) {
  announcer.textContent = text;
}

function changes(before, after, names) {
  const news = [];
  if (before.fault?.name !== after.fault?.name) news.push(after.fault ? `Fault ${after.fault.name}.` : 'Calm.');
  if (after.after && !before.after) news.push('A card shows what the fault did to each lane.');
  if (after.overloaded && !before.overloaded) news.push('Overloaded: this computer cannot keep up.');
  if (before.paused !== after.paused) news.push(after.paused ? 'Paused.' : 'Resumed.');
  after.lanes.forEach((lane, i) => {
    const old = before.lanes[i];
    const name = `Lane ${names[i].number}, ${names[i].pattern}`;
    if (lane.breaker && old.breaker && old.breaker !== lane.breaker) news.push(`${name}: breaker ${lane.breaker}.`);
    if (old.state !== lane.state) news.push(`${name} is ${lane.state}.`);
  });
  return news;
}
