// A live race: server-sent events, which reconnect by themselves.

/** After this time without a frame, in milliseconds, the connection counts as lost. */
const patience = 3000;

/** How long to wait before reconnecting when the browser has given up, in milliseconds. */
const again = 1000;

/**
 * Calls hello for each connection, frame for each frame, and lost when the connection is lost.
 *
 * A browser opens six connections to one address, for all its tabs together. So a hidden tab gives its stream up, and gets
 * the recent past again when it is shown.
 */
function connect({ hello, frame, lost }) {
  let source;
  let watchdog = 0;
  const alive = () => {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => { lost(); open(); }, patience);
  };
  const open = () => {
    clearTimeout(watchdog);
    source?.close();
    if (document.hidden) return;
    source = new EventSource('/events');
    source.addEventListener('hello', (event) => { alive(); hello(JSON.parse(event.data)); });
    source.onmessage = (event) => { alive(); frame(JSON.parse(event.data)); };
    source.onerror = () => {
      lost();
      clearTimeout(watchdog);
      watchdog = setTimeout(open, again);
    };
  };
  document.addEventListener('visibilitychange', open);
  open();
}
