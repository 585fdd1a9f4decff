// A recorded race, played in the page without a server.

/** How often frames that are due are shown, in milliseconds. */
const tick = 100;

class Player {
  /** Reads the run; clear and frame are called as it plays. Lines are parsed when they are due, to save memory. */
  constructor(text, { clear, frame }) {
    const lines = text.split('\n').filter((line) => line !== '');
    this.hello = JSON.parse(lines[0]);
    this.lines = lines.slice(1);
    this.times = this.lines.map((line) => Number(/^\{"t":(\d+)/.exec(line)?.[1] ?? 0));
    this.chapters = this.findChapters();
    this.clear = clear;
    this.frame = frame;
    this.next = 0;
    this.speed = 1;
    this.playing = false;
    get('seek').max = this.end;
    get('seek').addEventListener('input', (event) => this.seek(Number(event.target.value)));
    get('play').addEventListener('click', () => this.toggle());
    get('speed').addEventListener('change', (event) => { this.speed = Number(event.target.value); });
  }

  /** When each fault begins. */
  findChapters() {
    const chapters = [];
    let before;
    this.lines.forEach((line, i) => {
      const [, name] = /"fault":(?:null|\{"name":"([^"]+)")/.exec(line) ?? [];
      if (name && name !== before) chapters.push({ name, time: this.times[i] });
      before = name;
    });
    return chapters;
  }

  get end() {
    return this.times.at(-1) ?? 0;
  }

  /** Starts playing. */
  start() {
    this.rewind();
    this.toggle();
    setInterval(() => this.advance(), tick);
  }

  /** Goes to the beginning. */
  rewind() {
    this.seek(this.times[0] ?? 0);
  }

  toggle() {
    if (!this.playing && this.next >= this.lines.length) this.rewind();
    this.playing = !this.playing;
    this.since = performance.now();
    get('play-name').textContent = this.playing ? 'Pause' : 'Play';
  }

  /** Goes to a time, and shows the window before it again. */
  seek(time) {
    this.clear();
    this.time = time;
    this.since = performance.now();
    this.next = this.times.findIndex((at) => at >= time - this.hello.window);
    if (this.next < 0) this.next = 0;
    this.show();
  }

  advance() {
    if (!this.playing) return;
    const now = performance.now();
    this.time += (now - this.since) * this.speed;
    this.since = now;
    this.show();
    if (this.next >= this.lines.length) this.toggle();
  }

  /** Shows every frame that is due. */
  show() {
    while (this.next < this.lines.length && this.times[this.next] <= this.time) {
      this.frame(JSON.parse(this.lines[this.next]));
      this.next++;
    }
    get('seek').value = this.time;
    get('seek').setAttribute('aria-valuetext', `${clock(this.time)} of ${clock(this.end)}`);
  }
}
