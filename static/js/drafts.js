// A draft survives a reload, a session timeout and a server restart: it is kept on the server.
// <textarea data-draft="/drafts/ticket/10482" data-draft-note="id of the line that says so">
import { word } from './words.js';

const waiting = new Map();

async function keep(el) {
  waiting.delete(el);
  const note = document.getElementById(el.dataset.draftNote ?? '');
  const say = (t) => { if (note && note.textContent !== t) note.textContent = t; };
  const body = new URLSearchParams({ body: el.value });
  const mode = el.form?.elements.mode;
  if (mode) body.set('mode', mode.value);
  try {
    const answer = await fetch(el.dataset.draft, { method: 'POST', body, headers: { accept: 'application/json' }, keepalive: true });
    say(answer.ok ? word(el.value ? 'draft-kept' : 'draft-empty') : word('draft-lost'));
  } catch {
    say(word('draft-lost'));
  }
}

export function later(el) {
  clearTimeout(waiting.get(el));
  waiting.set(el, setTimeout(() => keep(el), 700));
}

export function start() {
  document.addEventListener('input', (e) => { if (e.target.dataset?.draft) later(e.target); });
  document.addEventListener('submit', (e) => {
    for (const el of e.target.querySelectorAll('[data-draft]')) { clearTimeout(waiting.get(el)); waiting.delete(el); }
  });
  addEventListener('pagehide', () => { for (const el of waiting.keys()) { clearTimeout(waiting.get(el)); keep(el); } });
}
