// Buttons and keys.

/** How many faults have a key: 1 to 5. 0 is calm. */
const keys = 5;

class Controls {
  /** Makes the buttons for the faults; those of a recording, which has a player, go to where its faults begin. */
  constructor(hello, player) {
    this.faults = hello.faults;
    this.live = !player;
    this.frame = null;
    this.buttons = player ? player.chapters.map((chapter, i) => this.makeChapter(chapter, i, player)) : hello.faults.map((fault, i) => this.makeFault(fault, i));
    this.first = player ? this.makeButton('start', 0, () => player.rewind()) : this.makeButton('calm', 0, () => post('calm'));
    this.first.classList.toggle('calm', this.live);
    get('faults').parentElement.setAttribute('aria-label', player ? 'Chapters' : 'Faults');
    get('faults').replaceChildren(this.first, ...this.buttons);
    this.explain();
    this.rates = hello.rates;
  }

  makeChapter({ name, time }, i, player) {
    const button = this.makeButton(`${name} ${clock(time)}`, i < keys ? i + 1 : undefined, () => player.seek(time));
    button.dataset.from = time;
    return button;
  }

  makeFault(fault, i) {
    const button = this.makeButton(fault.name, i < keys ? i + 1 : undefined, () => this.inject(fault));
    button.title = `${fault.summary}: ${fault.parameters}`;
    button.dataset.fault = fault.name;
    button.setAttribute('aria-pressed', 'false');
    for (const event of ['focus', 'mouseenter']) button.addEventListener(event, () => this.explain(fault));
    for (const event of ['blur', 'mouseleave']) button.addEventListener(event, () => this.explain());
    return button;
  }

  makeButton(name, key, act) {
    const button = document.createElement('button');
    button.type = 'button';
    button.append(name);
    if (key !== undefined) {
      const hint = document.createElement('kbd');
      hint.textContent = key;
      button.append(' ', hint);
      button.setAttribute('aria-keyshortcuts', String(key));
    }
    button.addEventListener('click', act);
    return button;
  }

  /** Makes the buttons and the keys act. Called once. */
  listen() {
    get('copy').addEventListener('click', () => this.copy());
    this.useKeys(recall('keys') !== 'off');
    get('keys').addEventListener('click', () => this.useKeys(!this.keys));
    for (const event of ['keydown', 'keypress', 'keyup']) document.addEventListener(event, (event) => this.key(event));
    if (!this.live) return;
    get('rate').addEventListener('change', (event) => post('load', { rate: Number(event.target.value) }));
    get('pause').addEventListener('click', () => this.pause());
    get('pool').addEventListener('click', () => post('pool', { pooled: !this.frame?.pooled }));
    get('reset').addEventListener('click', () => post('reset'));
  }

  /** Switches the keys on or off, for those whose own tools type digits or spaces. */
  useKeys(on) {
    this.keys = on;
    keep('keys', on ? 'on' : 'off');
    get('keys').textContent = on ? 'Keys on' : 'Keys off';
    document.body.dataset.keys = on ? 'on' : 'off';
  }

  /** A key acts whatever has the focus, and then does not press, open or move that as well. */
  key(event) {
    if (!this.keys || get('request').open || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key !== ' ' && !(event.key >= '0' && event.key <= String(keys))) return;
    event.preventDefault(); // Of keyup as well: some browsers press a button then.
    if (event.type !== 'keydown' || event.repeat) return;
    if (event.key === ' ') this.pause();
    else if (event.key === '0') this.live ? post('calm') : this.first.click();
    else this.buttons[Number(event.key) - 1]?.click();
  }

  inject(fault) {
    post('fault', { name: fault.name });
  }

  pause() {
    if (this.live) post('pause', { paused: !this.frame?.paused });
    else get('play').click();
  }

  /** Shows the state of the buttons. */
  draw(frame) {
    const changed = this.frame?.fault?.name !== frame.fault?.name;
    this.frame = frame;
    const chapter = this.buttons.findLast((button) => Number(button.dataset.from) <= frame.t);
    for (const button of this.buttons) {
      const on = this.live ? frame.fault?.name === button.dataset.fault : frame.fault && button === chapter;
      button.setAttribute('aria-pressed', String(Boolean(on)));
    }
    this.first.disabled = this.live && !frame.fault;
    get('pause').setAttribute('aria-pressed', String(frame.paused));
    get('pause-name').textContent = frame.paused ? 'Resume' : 'Pause';
    get('pool').setAttribute('aria-pressed', String(frame.pooled));
    this.drawRate(frame);
    if (changed) this.explain();
  }

  /** Offers the rates. Those above what the computer holds are marked, and can still be chosen. */
  drawRate({ rate, holds = Infinity }) {
    const select = get('rate');
    if (document.activeElement === select) return; // Someone is choosing.
    // The race may have been started with a rate that is not offered.
    const rates = [...new Set([...this.rates, rate])].sort((a, b) => a - b);
    const offered = [...rates, holds].join();
    if (select.dataset.offered !== offered) {
      select.dataset.offered = offered;
      const above = make('optgroup');
      above.label = holdsOf(holds);
      above.append(...rates.filter((one) => one > holds).map((one) => new Option(`${one}/s ⚠`, one)));
      select.replaceChildren(...rates.filter((one) => one <= holds).map((one) => new Option(`${one}/s`, one)), ...(above.firstChild ? [above] : []));
    }
    select.value = String(rate);
  }

  /** Explains the fault that is on. In calm it explains the one that someone points at, or calm. */
  explain(pointed) {
    const calm = { name: 'calm', summary: this.live ? `no fault; choose one above, or press 1 to ${keys}` : 'no fault', cli: '' };
    const fault = this.faults.find((fault) => fault.name === this.frame?.fault?.name) ?? pointed ?? calm;
    get('explain-name').textContent = fault.name;
    get('explain-summary').textContent = fault.summary;
    get('explain-cli').textContent = fault.cli;
    get('explain-cli').hidden = get('copy').hidden = fault === calm;
  }

  async copy() {
    const text = get('explain-cli').textContent;
    try {
      await navigator.clipboard.writeText(text);
      get('copy').textContent = 'Copied';
    } catch {
      // No access to the clipboard: select the line, so that the user can copy it with the keyboard.
      getSelection().selectAllChildren(get('explain-cli'));
      get('copy').textContent = 'Selected';
    }
    setTimeout(() => { get('copy').textContent = 'Copy'; }, 1500);
  }
}

/** Asks the server for an action, and shows what went wrong. */
async function post(path, body) {
  try {
    const answer = await fetch(`/api/${path}`, {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body ?? {}),
    });
    if (answer.ok) return;
    const problem = await answer.json();
    showMessage(problem.detail);
  } catch {
    showMessage('The race is not responding. Is make race still running?');
  }
}
