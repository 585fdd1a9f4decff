function start() {
  const run = JSON.parse(document.getElementById('run').textContent);
  const draw = () => {
    colours.clear();
    drawRun(document.querySelector('figure'), run);
  };
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  draw();
}
