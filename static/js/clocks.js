// Clock chips tick from the server's time (<html data-now>), never from the reader's own clock.
// <span class="clock" data-left="seconds until it is due" data-risk="seconds until it is at risk" data-ring="percent left"
// data-state="ok|risk|breached"> … <b>16 min</b>. Only clocks that are due today count down; for the others the server
// names the time, because a night or a weekend does not count. Paused and met chips carry no data-left.

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
    const at = Number(c.dataset.left);
    const left = (at - passed) / 60;
    const over = left < 0;
    const text = `${spell(over ? Math.floor(-left) : Math.ceil(left))}${over ? ` ${c.dataset.over ?? ''}` : ''}`;
    const b = c.querySelector('b');
    if (b && b.textContent !== text) b.textContent = text;
    const state = over ? 'breached' : Number(c.dataset.risk) <= passed ? 'risk' : 'ok';
    if (c.dataset.state !== state) c.dataset.state = state;
    const share = Math.max(2, Math.round((Number(c.dataset.ring) * (at - passed)) / at));
    // At risk a quarter is left, or less, also where a break at noon stretched the way there.
    const ring = over || at <= 0 ? 0 : state === 'risk' ? Math.min(25, share) : share;
    c.querySelector('.ring circle + circle')?.setAttribute('stroke-dasharray', `${ring} 100`);
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
