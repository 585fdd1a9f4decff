// What the buttons ask of the server.
import { showMessage } from 'race/header';

async function post(path, body) {
  try {
    const answer = await fetch(`/api/${path}`, {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body ?? {}),
    });
    if (answer.ok) return;
    const problem = await answer.json();
    showMessage(problem.detail);
  } catch {
    showMessage('The race does not answer.');
  }
}

export const inject = (name) => post('fault', { name });
export const calm = () => post('calm');
export const setRate = (rate) => post('load', { rate });
export const pause = (paused) => post('pause', { paused });
export const pool = (pooled) => post('pool', { pooled });
export const reset = () => post('reset');
