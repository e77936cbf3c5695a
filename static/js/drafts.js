// A draft survives a reload, a session timeout and a server restart: it is kept on the server.
// <textarea data-draft="/drafts/ticket/10482" data-draft-note="id of the line that says so"> keeps one text,
// <form data-draft-form="/tickets/new/draft" data-draft-note="…"> keeps all its fields but the files.
import { word } from './words.js';

// What is kept was typed just now. That is a person at work, and no fetch in the background, which keeps no session alive.
const waiting = new Map();
const underway = new Map();

function content(el) {
  if (el.tagName === 'FORM') {
    const texts = [...new FormData(el)].filter(([, value]) => typeof value === 'string');
    return { body: new URLSearchParams(texts), empty: !texts.some(([name, value]) => /^(title|description)$/.test(name) && value.trim()) };
  }
  const body = new URLSearchParams({ body: el.value });
  const mode = el.form?.elements.mode;
  if (mode) body.set('mode', mode.value);
  return { body, empty: !el.value };
}

async function keep(el, leaving = false) {
  waiting.delete(el);
  const note = document.getElementById(el.dataset.draftNote ?? '');
  const say = (t) => { if (note && note.textContent !== t) note.textContent = t; };
  const { body, empty } = content(el);
  underway.get(el)?.abort();
  const stop = new AbortController();
  underway.set(el, stop);
  try {
    const answer = await fetch(el.dataset.draft ?? el.dataset.draftForm, { method: 'POST', body, headers: { accept: 'application/json' }, keepalive: leaving, signal: stop.signal });
    say(answer.ok ? word(empty ? 'draft-empty' : 'draft-kept') : word('draft-lost'));
  } catch (error) {
    if (error.name !== 'AbortError') say(word('draft-lost'));
  }
}

function forget(el) {
  clearTimeout(waiting.get(el));
  waiting.delete(el);
  underway.get(el)?.abort();
}

export function later(el) {
  clearTimeout(waiting.get(el));
  waiting.set(el, setTimeout(() => keep(el), 700));
}

export function start() {
  document.addEventListener('input', (e) => {
    const el = e.target.dataset?.draft ? e.target : e.target.closest?.('[data-draft-form]');
    if (el) later(el);
  });
  // What is sent is no draft any more.
  document.addEventListener('submit', (e) => {
    for (const el of e.target.querySelectorAll('[data-draft]')) forget(el);
    forget(e.target);
  });
  addEventListener('pagehide', () => { for (const el of [...waiting.keys()]) { clearTimeout(waiting.get(el)); keep(el, true); } });
}
