// Shows one cell at a time: the one that the address names, or the first worth a look. Without this script the page shows all.
const sections = [...document.querySelectorAll('main section')];
const links = [...document.querySelectorAll('.matrix a')];

function start() {
  document.addEventListener('keydown', walk);
  for (const link of links) {
    link.addEventListener('click', (event) => {
      event.preventDefault();
      go(link);
    });
  }
  window.addEventListener('hashchange', show);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    colours.clear();
    show();
  });
  show();
}

function show() {
  const wanted = location.hash.slice(1) || document.documentElement.dataset.first;
  const shown = sections.find((section) => section.id === wanted) || sections[0];
  for (const section of sections) section.hidden = section !== shown;
  for (const link of links) {
    if (shown && link.hash === '#' + shown.id) link.setAttribute('aria-current', 'true');
    else link.removeAttribute('aria-current');
  }
  if (shown) drawRun(shown.querySelector('figure'), JSON.parse(shown.querySelector('.run').textContent));
}

function go(link) {
  history.replaceState(null, '', link.hash);
  show();
}

/** The arrow keys walk through the matrix. */
function walk(event) {
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -5, ArrowDown: 5 };
  const step = steps[event.key];
  if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
  const next = links[links.findIndex((link) => link.hasAttribute('aria-current')) + step];
  if (!next) return;
  event.preventDefault();
  go(next);
  next.focus({ preventScroll: true });
}
