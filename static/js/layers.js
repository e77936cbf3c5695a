// Dialogs, menus, the drawer and toasts.
// A link to "#id" of a <dialog> opens it as a modal; without scripts :target shows the same dialog.
import { word } from './words.js';

export function open(id) {
  const d = document.getElementById(id);
  if (d?.tagName !== 'DIALOG' || d.open) return false;
  d.showModal();
  return true;
}

export function toast(text) {
  let box = document.querySelector('.toasts');
  if (!box) {
    box = document.createElement('div');
    box.className = 'toasts';
    box.setAttribute('role', 'status');
    document.body.append(box);
  }
  const t = document.createElement('div');
  t.className = 'toast';
  t.append(text);
  box.append(t);
  setTimeout(() => t.remove(), 8000);
}

function clicked(e) {
  const a = e.target.closest('a[href^="#"]');
  if (a && open(a.hash.slice(1))) return e.preventDefault();
  const shut = e.target.closest('[data-close]');
  const d = shut?.closest('dialog');
  if (d?.open) { d.close(); return e.preventDefault(); }
  if (e.target.tagName === 'DIALOG') e.target.close(); // the backdrop
  for (const m of document.querySelectorAll('details.menu[open]')) if (!m.contains(e.target)) m.open = false;
  const copy = e.target.closest('[data-copy]');
  if (copy) {
    const from = document.getElementById(copy.dataset.copy);
    navigator.clipboard?.writeText(from?.innerText ?? '').then(() => toast(word('copied')), () => toast(word('copy-refused')));
  }
}

export function start() {
  document.addEventListener('click', clicked);
  document.addEventListener('keydown', (e) => {
    if (e.key !== 'Escape') return;
    const m = document.querySelector('details.menu[open]');
    if (m) { m.open = false; m.querySelector('summary').focus(); return; }
    if (!document.querySelector('dialog[open]')) document.querySelector('.drawer [data-drawer-close]')?.click();
  });
  document.querySelector('[data-error-summary]')?.focus();
  // A dialog that the server sent back with errors opens again.
  const again = document.querySelector('dialog[data-open]');
  if (again) { again.removeAttribute('open'); open(again.id); }
}
