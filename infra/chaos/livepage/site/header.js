// The first line of the page: what is going on.
import { clock } from 'race/numbers';

const state = document.getElementById('state');
const stateName = document.getElementById('state-name');
const stateDetail = document.getElementById('state-detail');
const time = document.getElementById('clock');
const link = document.getElementById('link');
const message = document.getElementById('message');

let said = '';
let hide = 0;

/** Shows the fault, the time, and what the race has to say. */
export function drawHeader(frame) {
  const { fault, t, since, paused, lanes, notice } = frame;
  time.textContent = clock(t - since);
  const starting = lanes.some((lane) => ['waiting', 'building'].includes(lane.state));
  state.dataset.state = fault ? 'fault' : starting ? 'starting' : paused ? 'paused' : 'calm';
  stateName.textContent = fault ? fault.name : starting ? 'Getting ready' : paused ? 'Paused' : 'Calm';
  stateDetail.textContent = fault ? detail(fault, t) : starting ? 'the lanes are being built' : '';
  if ((notice ?? '') !== said) {
    said = notice ?? '';
    showMessage(said);
  }
}

function detail({ since, left }, now) {
  const lasts = `for ${clock(now - since)}`;
  return left > 0 ? `${lasts}, ends by itself in ${clock(left)}` : lasts;
}

/** Shows where the race comes from: live, lost, or replay. */
export function drawLink(state, text) {
  link.dataset.state = state;
  link.textContent = text;
  document.body.dataset.link = state;
}

/** Shows a message for a while, or hides it when it is empty. */
export function showMessage(text) {
  clearTimeout(hide);
  message.textContent = text;
  message.hidden = !text;
  if (text) hide = setTimeout(() => { message.hidden = true; }, 8000);
}
