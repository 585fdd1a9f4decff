// Shows one cell at a time: the one that the address names, or the first worth a look. Without this script the page shows all.
const sections = [...document.querySelectorAll('main section')];
const links = [...document.querySelectorAll('.matrix a')];

function show() {
  const wanted = location.hash.slice(1) || document.documentElement.dataset.first;
  const shown = sections.find((section) => section.id === wanted) || sections[0];
  for (const section of sections) section.hidden = section !== shown;
  for (const link of links) {
    if (shown && link.hash === '#' + shown.id) link.setAttribute('aria-current', 'true');
    else link.removeAttribute('aria-current');
  }
}

// The arrow keys walk through the matrix.
document.addEventListener('keydown', (event) => {
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -5, ArrowDown: 5 };
  const step = steps[event.key];
  if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
  const at = links.findIndex((link) => link.hasAttribute('aria-current'));
  const next = links[at + step];
  if (!next) return;
  event.preventDefault();
  history.replaceState(null, '', next.hash);
  show();
  next.focus({ preventScroll: true });
});

for (const link of links) {
  link.addEventListener('click', (event) => {
    event.preventDefault();
    history.replaceState(null, '', link.hash);
    show();
  });
}

window.addEventListener('hashchange', show);
show();
