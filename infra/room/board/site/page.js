/** Shows the newest board every two seconds. */
function start() {
  setInterval(async () => {
    const lost = document.getElementById('lost');
    try {
      const answer = await fetch(location.href);
      if (!answer.ok) throw new Error(answer.statusText);
      const next = new DOMParser().parseFromString(await answer.text(), 'text/html');
      document.querySelector('main').replaceWith(next.querySelector('main'));
      lost.hidden = true;
    } catch {
      lost.hidden = false;
    }
  }, 2000);
}
