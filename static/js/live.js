// Live without nagging: the server says over SSE that something changed, the page fetches itself again and swaps the parts
// marked data-live="name". Focus, scroll position, open details and everything typed stay as they are.
// <main data-stream="/tickets/10482/live">
import { restart } from './clocks.js';
import { word } from './words.js';

// Nobody pressed anything for what is fetched here, so it must not keep a session alive before which nobody sits any more.
const BACKGROUND = 'Tierdesk-Background';

// Whether it is the same page still, and not the one that asks to sign in.
const live = (fresh) => !document.querySelector('[data-live]') || fresh.querySelector('[data-live]');

// An XMLHttpRequest hands out a parsed, inert document; no string ever becomes markup here (Trusted Types).
function page() {
  return new Promise((done, fail) => {
    const r = new XMLHttpRequest();
    r.open('GET', location.pathname + location.search);
    r.setRequestHeader(BACKGROUND, '1');
    r.responseType = 'document';
    r.addEventListener('load', () => (r.status === 200 && r.responseXML && live(r.responseXML) ? done(r.responseXML) : fail(new Error(String(r.status)))));
    r.addEventListener('error', () => fail(new Error('offline')));
    r.send();
  });
}

function busy(part) {
  const f = document.activeElement;
  return part.contains(f) && f.matches('input:not([type=checkbox], [type=radio]), textarea, select');
}

function swap(fresh) {
  for (const part of document.querySelectorAll('[data-live]')) {
    const next = fresh.querySelector(`[data-live="${CSS.escape(part.dataset.live)}"]`);
    if (!next || busy(part) || part.querySelector('dialog[open], details.menu[open]')) continue;
    const focus = part.contains(document.activeElement) ? document.activeElement.id : '';
    const open = new Set([...part.querySelectorAll('details[open][id]')].map((d) => d.id));
    const ticked = new Set([...part.querySelectorAll('input[type=checkbox]:checked')].map((c) => c.value));
    const cursor = part.querySelector('[data-cursor] a')?.getAttribute('href');
    const node = document.importNode(next, true);
    for (const d of node.querySelectorAll('details[id]')) if (open.has(d.id)) d.open = true;
    for (const c of node.querySelectorAll('input[type=checkbox]')) if (ticked.has(c.value)) c.checked = true;
    if (cursor) for (const a of node.querySelectorAll('[data-row] a')) if (a.getAttribute('href') === cursor) { a.closest('[data-row]').setAttribute('data-cursor', ''); break; }
    part.replaceWith(node);
    if (focus) document.getElementById(focus)?.focus({ preventScroll: true });
  }
  restart();
  document.dispatchEvent(new CustomEvent('live:swapped'));
}

// Tells the server that the page was really looked at, not merely loaded in the background.
function seen(main) {
  if (!main.dataset.seen || document.visibilityState !== 'visible') return;
  fetch(main.dataset.seen, { method: 'POST', headers: { accept: 'application/json', [BACKGROUND]: '1' }, redirect: 'manual' }).catch(() => {});
}

// The bell counts what was not read; on the page of notifications the list itself comes anew.
function bell(text, refresh) {
  const n = Number(text);
  // From the number to its bell: rows of lists are marked as unread, too.
  for (const count of document.querySelectorAll('[data-unread-count]')) {
    count.textContent = n > 99 ? '99+' : String(n);
    count.closest('[data-unread]').hidden = n === 0;
  }
  if (document.querySelector('[data-live="notifications"]')) refresh();
}

// A page that is not kept up to date any more must not look as if it were.
function stale(main, is) {
  const said = document.querySelector('[data-stale]');
  if (!is) { said?.remove(); return; }
  if (said) return;
  const line = document.createElement('p');
  line.textContent = word('stale');
  const box = document.createElement('section');
  box.className = 'banner warning';
  box.dataset.stale = '';
  box.setAttribute('role', 'status');
  box.append(line);
  main.prepend(box);
  const presence = document.querySelector('[data-presence]');
  if (presence) presence.textContent = '';
}

// How long a stream that was given up rests before it is tried again.
const REST = 30_000;

export function start() {
  const main = document.querySelector('[data-stream]');
  const address = main?.dataset.stream ?? document.body.dataset.bell;
  if (!address || typeof EventSource === 'undefined') return;
  if (main) {
    seen(main);
    document.addEventListener('visibilitychange', () => seen(main));
  }
  let running = false, again = false;
  const refresh = async () => {
    if (running) { again = true; return; }
    running = true;
    try { swap(await page()); if (main) { stale(main, false); seen(main); } } catch { /* the next event tries again */ }
    running = false;
    if (again) { again = false; refresh(); }
  };
  let stream = null;
  const open = () => {
    stream = new EventSource(address);
    // The browser tries again by itself unless what answered is no stream: the session has ended, or the server is away.
    stream.addEventListener('error', () => {
      if (stream?.readyState !== EventSource.CLOSED) return;
      stream = null;
      if (main) stale(main, true);
      setTimeout(() => { if (!stream && document.visibilityState === 'visible') open(); }, REST);
    });
    // What happened between the page and its stream, or while the stream was lost, nobody told.
    if (main) stream.addEventListener('open', refresh);
    stream.addEventListener('changed', refresh);
    stream.addEventListener('unread', (e) => bell(e.data, refresh));
    stream.addEventListener('presence', (e) => {
      const line = document.querySelector('[data-presence]');
      if (line && line.textContent !== e.data) line.textContent = e.data;
    });
  };
  // A browser has few connections to one place: a page that shows nothing live but the bell gives its own back while hidden.
  const bellOnly = () => {
    if (document.visibilityState === 'visible') { if (!stream) open(); } else { stream?.close(); stream = null; }
  };
  if (main) {
    open();
    document.addEventListener('visibilitychange', () => { if (!stream && document.visibilityState === 'visible') open(); });
  } else {
    bellOnly();
    document.addEventListener('visibilitychange', bellOnly);
  }
  addEventListener('pagehide', () => { stream?.close(); stream = null; });
}
