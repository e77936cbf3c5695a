// Command palette (Ctrl/Cmd-K). Commands are the links of the page itself: whatever has data-cmd, so it can never
// offer what the reader may not do. Built with DOM calls only; follows the ARIA combobox pattern.
import { setTheme } from './theme.js';
import { word } from './words.js';

let box, input, list, items = [], at = 0;

function icon(name) {
  const ns = 'http://www.w3.org/2000/svg';
  const s = document.createElementNS(ns, 'svg'), u = document.createElementNS(ns, 'use');
  s.setAttribute('class', 'icon');
  s.setAttribute('aria-hidden', 'true');
  u.setAttribute('href', `${document.body.dataset.icons}#${name}`);
  s.append(u);
  return s;
}
const el = (tag, props = {}, ...kids) => {
  const e = Object.assign(document.createElement(tag), props);
  e.append(...kids);
  return e;
};

function commands() {
  const seen = new Set(), out = [];
  for (const a of document.querySelectorAll('[data-cmd]')) {
    if (seen.has(a.dataset.cmd)) continue;
    seen.add(a.dataset.cmd);
    out.push({ name: a.dataset.cmd, icon: a.dataset.icon ?? 'forward', key: a.getAttribute('aria-keyshortcuts') ?? '', run: () => a.click() });
  }
  for (const b of document.querySelectorAll('#nav [data-theme-set]')) {
    out.push({ name: b.dataset.themeName, icon: b.dataset.themeSet === 'dark' ? 'moon' : 'sun', key: '', run: () => setTheme(b.dataset.themeSet) });
  }
  return out;
}

// every typed letter in order; the tighter and earlier, the better
function score(name, q) {
  let i = -1, s = 0;
  for (const c of q) {
    const j = name.indexOf(c, i + 1);
    if (j < 0) return -1;
    s += j - i;
    i = j;
  }
  return s;
}

function draw() {
  const typed = input.value.trim();
  const q = typed.toLowerCase();
  items = commands()
    .map((c) => ({ ...c, s: score(c.name.toLowerCase(), q) }))
    .filter((c) => c.s >= 0)
    .sort((a, b) => (q ? a.s - b.s : 0));
  const number = /^(?:#|td-)?(\d{1,12})$/.exec(q);
  if (number) items.unshift({ name: word('open-ticket', { number: number[1] }), icon: 'ticket', key: 'Enter', run: () => location.assign(`/tickets/${number[1]}`) });
  const find = document.body.dataset.search;
  if (q && find) items.push({ name: word('search-all', { words: typed }), icon: 'search', key: '', run: () => location.assign(`${find}?q=${encodeURIComponent(typed)}`) });
  at = Math.max(0, Math.min(at, items.length - 1));
  list.replaceChildren(...items.map((c, i) => {
    const o = el('div', { id: `cmd-${i}` }, icon(c.icon), el('span', { textContent: c.name }));
    o.setAttribute('role', 'option');
    o.setAttribute('aria-selected', String(i === at));
    if (c.key) o.append(el('span', { className: 'k', textContent: c.key }));
    return o;
  }));
  if (items.length) input.setAttribute('aria-activedescendant', `cmd-${at}`);
  else input.removeAttribute('aria-activedescendant');
  list.children[at]?.scrollIntoView({ block: 'nearest' });
}

function run(i) {
  box.close();
  items[i]?.run();
}

function build() {
  input = el('input', { type: 'text', autocomplete: 'off', placeholder: word('palette-hint') });
  input.setAttribute('role', 'combobox');
  input.setAttribute('aria-label', word('palette'));
  input.setAttribute('aria-expanded', 'true');
  input.setAttribute('aria-controls', 'cmd-list');
  list = el('div', { id: 'cmd-list' });
  list.setAttribute('role', 'listbox');
  list.setAttribute('aria-label', word('palette'));
  box = el('dialog', { className: 'palette' }, el('div', {}, el('div', { className: 'find' }, icon('search'), input), list,
    el('p', { className: 'tip' }, ...['palette-choose', 'palette-run', 'palette-close'].map((w) => el('span', { textContent: word(w) })))));
  box.setAttribute('aria-label', word('palette'));
  input.addEventListener('input', () => { at = 0; draw(); });
  input.addEventListener('keydown', (e) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (step && items.length) { e.preventDefault(); at = (at + step + items.length) % items.length; draw(); }
    if (e.key === 'Enter') { e.preventDefault(); run(at); }
  });
  list.addEventListener('click', (e) => {
    const o = e.target.closest('[role=option]');
    if (o) run([...list.children].indexOf(o));
  });
  document.body.append(box);
}

export function openPalette() {
  if (!document.querySelector('[data-palette]')) return false;
  if (!box) build();
  if (box.open) return true;
  input.value = '';
  at = 0;
  box.showModal();
  draw();
  input.focus();
  return true;
}

export function start() {
  document.addEventListener('click', (e) => {
    if (e.target.closest('[data-palette]')) { e.preventDefault(); openPalette(); }
  });
}
