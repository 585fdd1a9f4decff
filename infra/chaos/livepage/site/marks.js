// What each outcome looks like: a colour that the colour-blind can tell apart, and a shape.

/** The marks by outcome. The radius is in units of the point size; open shapes are stroked, the others filled. */
const marks = {
  ok: { word: 'ok', status: '200', paint: 'fill', radius: 0.7, path: disc },
  rejected: { word: 'rejected', status: '503', paint: 'fill', radius: 1.25, path: diamond },
  timeout: { word: 'timeout', status: '504', paint: 'fill', radius: 1.3, path: triangle },
  error: { word: 'error', status: '500', paint: 'stroke', radius: 1.1, path: cross },
  'no answer': { word: 'no answer', status: '', paint: 'stroke', radius: 1.1, path: disc },
};

/** The mark of an outcome. */
export function markOf(outcome) {
  return marks[outcome] ?? marks['no answer'];
}

/** The colour of an outcome in the current theme. */
export function colourOf(outcome) {
  const name = outcome.replace(' ', '-');
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** Fills the list element with one entry for each outcome. */
export function drawLegend(list, outcomes) {
  list.replaceChildren(...outcomes.map((outcome) => {
    const mark = markOf(outcome);
    const entry = document.createElement('li');
    const canvas = document.createElement('canvas');
    const scale = window.devicePixelRatio || 1;
    const size = parseFloat(getComputedStyle(document.documentElement).fontSize);
    canvas.width = canvas.height = Math.round(size * scale);
    const context = canvas.getContext('2d');
    context.fillStyle = context.strokeStyle = colourOf(outcome);
    context.lineWidth = size * scale * 0.13;
    context.beginPath();
    mark.path(context, canvas.width / 2, canvas.height / 2, canvas.width * 0.27 * Math.max(1, mark.radius));
    context[mark.paint]();
    entry.append(canvas, ` ${mark.word}`);
    if (mark.status) {
      const status = document.createElement('small');
      status.textContent = ` ${mark.status}`;
      entry.append(status);
    }
    return entry;
  }));
}

function disc(context, x, y, r) {
  context.moveTo(x + r, y);
  context.arc(x, y, r, 0, 2 * Math.PI);
}

function diamond(context, x, y, r) {
  context.moveTo(x, y - r);
  context.lineTo(x + r, y);
  context.lineTo(x, y + r);
  context.lineTo(x - r, y);
  context.closePath();
}

function triangle(context, x, y, r) {
  context.moveTo(x, y - r);
  context.lineTo(x + r, y + r * 0.8);
  context.lineTo(x - r, y + r * 0.8);
  context.closePath();
}

function cross(context, x, y, r) {
  context.moveTo(x - r, y - r);
  context.lineTo(x + r, y + r);
  context.moveTo(x - r, y + r);
  context.lineTo(x + r, y - r);
}
