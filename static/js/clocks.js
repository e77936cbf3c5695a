// Clock chips tick from the server's time (<html data-now>), never from the reader's own clock.
// <a class="clock" data-left="seconds of counted time left" data-span="seconds of the target" data-runs="seconds until the
// counted time stops (night, weekend), absent when it runs through" data-state="ok|risk|breached"> … <b>16 min</b>
// Paused and met chips carry no data-left and are left alone.
const RISK = 0.25; // the same share as the server's

export function spell(minutes) {
  const m = Math.abs(minutes);
  if (m < 60) return `${m} min`;
  if (m < 1440) return `${Math.floor(m / 60)} h${m % 60 ? ` ${m % 60} min` : ''}`;
  const d = Math.floor(m / 1440), h = Math.floor((m % 1440) / 60);
  return `${d} d${h ? ` ${h} h` : ''}`;
}

let t0 = performance.now();

function tick() {
  const passed = (performance.now() - t0) / 1000;
  for (const c of document.querySelectorAll('.clock[data-left]')) {
    const runs = c.dataset.runs === undefined ? Infinity : Number(c.dataset.runs);
    const left = (Number(c.dataset.left) - Math.min(passed, runs)) / 60;
    const span = (Number(c.dataset.span) || 3600) / 60;
    const over = left < 0;
    const text = spell(over ? Math.floor(-left) : Math.ceil(left)) + (over ? ` ${c.dataset.over ?? ''}` : '');
    const b = c.querySelector('b');
    if (b && b.textContent !== text.trim()) b.textContent = text.trim();
    const state = over ? 'breached' : left / span <= RISK ? 'risk' : 'ok';
    if (c.dataset.state !== state) c.dataset.state = state;
    c.querySelector('.ring circle + circle')?.setAttribute('stroke-dasharray', `${over ? 0 : Math.max(2, Math.min(100, Math.round((100 * left) / span)))} 100`);
  }
}

// After a live update the chips were drawn anew by the server.
export function restart() {
  t0 = performance.now();
  tick();
}

export function start() {
  if (!document.querySelector('.clock[data-left]')) return;
  tick();
  setInterval(tick, 15000);
}
