// How numbers are written: few digits, readable from the back of a room.

/** A latency in milliseconds. */
function latency(ms) {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return `${(ms / 1000).toFixed(2)} s`;
}

/** A share in per cent. Only all is 100 %, and only nothing is 0 %. */
function percent(share) {
  if (share === 0 || share === 1) return `${share * 100}%`;
  return `${Math.min(99, Math.max(1, Math.round(share * 100)))}%`;
}

/** Dials for each request. */
function ratio(dials) {
  return dials < 10 ? dials.toFixed(1) : String(Math.round(dials));
}

/** A time in milliseconds as minutes and seconds. */
function clock(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** What this computer holds, in requests a second and lane. */
function holdsOf(rate) {
  return `this computer holds about ${rate}/s in each lane; above that, some failures are its own`;
}
