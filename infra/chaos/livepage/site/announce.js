// Says to screen readers what changed: the fault, the breakers, the apps. Never the numbers, which change all the time.

const announcer = document.getElementById('announcer');

let last = null;

/** Compares a frame with the one before and says what changed. */
export function announce(frame, names) {
  const news = last ? changes(last, frame, names) : [];
  last = frame;
  if (news.length > 0) announcer.textContent = news.join(' ');
}

/** Says a text of its own. */
export function say(text) {
  announcer.textContent = text;
}

/** Forgets the frame before: what comes next is no change. */
export function forget() {
  last = null;
}

function changes(before, after, names) {
  const news = [];
  if (before.fault?.name !== after.fault?.name) news.push(after.fault ? `Fault ${after.fault.name}.` : 'Calm.');
  if (before.paused !== after.paused) news.push(after.paused ? 'Paused.' : 'The race goes on.');
  after.lanes.forEach((lane, i) => {
    const old = before.lanes[i];
    const name = `Lane ${names[i].number}, ${names[i].pattern}`;
    if (lane.breaker && old.breaker && old.breaker !== lane.breaker) news.push(`${name}: breaker ${lane.breaker}.`);
    if (old.state !== lane.state) news.push(`${name} is ${lane.state}.`);
  });
  return news;
}
