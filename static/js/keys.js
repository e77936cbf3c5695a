// Single keys work only when nothing is being typed and can be switched off in the profile (WCAG 2.1.4):
// <body data-keys="off">. An action is any element with data-key; the key simply clicks it.
import { openPalette } from './palette.js';
import { open } from './layers.js';

const typing = (t) => t.closest?.('input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]');

function move(step) {
  const rows = [...document.querySelectorAll('[data-row]:not([hidden])')];
  if (!rows.length) return false;
  const i = rows.findIndex((r) => r.hasAttribute('data-cursor'));
  const next = rows[Math.max(0, Math.min(rows.length - 1, i + step))];
  document.querySelector('[data-cursor]')?.removeAttribute('data-cursor');
  next.setAttribute('data-cursor', '');
  next.querySelector('a')?.focus({ preventScroll: true });
  next.scrollIntoView({ block: 'nearest' });
  return true;
}

function mode(name) {
  const radio = document.querySelector(`.composer [name=mode][value=${name}]`);
  if (!radio) return false;
  radio.checked = true;
  const box = document.querySelector('.composer textarea');
  box.focus({ preventScroll: true });
  box.closest('.composer').scrollIntoView({ block: 'end', behavior: 'instant' });
  return true;
}

function chord(e) {
  if (!e.ctrlKey && !e.metaKey) return false;
  if (e.key.toLowerCase() === 'k') return openPalette();
  if (e.key !== 'Enter' || !e.target.closest?.('.composer')) return false;
  const f = e.target.form;
  f.requestSubmit([...f.querySelectorAll('[type=submit]')].find((b) => b.offsetParent));
  return true;
}

function single(key) {
  if (key === 'j') return move(1);
  if (key === 'k') return move(-1);
  if (key === 'x') { const c = document.querySelector('[data-cursor] input[type=checkbox]'); c?.click(); return !!c; }
  if (key === 'r' && mode('reply')) return true;
  if (key === 'n' && mode('note')) return true;
  if (key === '/') return openPalette();
  if (key === '?') return open('keys');
  const a = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  a?.click();
  return !!a;
}

export function start() {
  document.addEventListener('keydown', (e) => {
    if (chord(e)) return e.preventDefault();
    if (e.key === 'Escape' && typing(e.target) && !document.querySelector('dialog[open]')) return e.target.blur();
    if (document.body.dataset.keys === 'off') return;
    if (e.ctrlKey || e.metaKey || e.altKey || typing(e.target) || document.querySelector('dialog[open]')) return;
    if (single(e.key)) e.preventDefault();
  });
}
