/** Shows the newest version of main, which the server is asked for so often, in milliseconds. The element lost says when it does not answer. */
function follow(pause) {
  let last = document.querySelector('main').outerHTML;
  setInterval(async () => {
    if (document.hidden) return;
    const lost = document.getElementById('lost');
    try {
      const answer = await fetch(location.href);
      if (!answer.ok) throw new Error(answer.statusText);
      const next = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('main');
      lost.hidden = true;
      if (next.outerHTML === last) return;
      last = next.outerHTML;
      for (const { id } of document.querySelectorAll('details[open]')) next.querySelector(`#${CSS.escape(id)}`)?.setAttribute('open', '');
      document.querySelector('main').replaceWith(next);
    } catch {
      lost.hidden = false;
    }
  }, pause);
}
