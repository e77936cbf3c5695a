// Output of running diagnostics, as it comes. Text goes in as text, never as markup.
// <article data-job="/tickets/1/jobs/…/stream"> with [data-job-output] and [data-job-state] inside.
const open = new Map();

function watch(card) {
  const out = card.querySelector('[data-job-output]');
  const state = card.querySelector('[data-job-state]');
  if (!out) return;
  out.textContent = '';
  const stream = new EventSource(card.dataset.job);
  open.set(card, stream);
  stream.addEventListener('again', () => { out.textContent = ''; });
  stream.addEventListener('output', (e) => {
    const piece = JSON.parse(e.data);
    const low = out.scrollHeight - out.scrollTop - out.clientHeight < 40;
    if (piece.stream === 'stderr') {
      const line = document.createElement('span');
      line.className = 'cut';
      line.textContent = piece.text;
      out.append(line);
    } else {
      out.append(piece.text);
    }
    if (low) out.scrollTop = out.scrollHeight;
  });
  stream.addEventListener('state', (e) => {
    const now = JSON.parse(e.data);
    if (state && now.state !== 'queued') state.textContent = now.word;
    if (!now.over) return;
    stream.close();
    open.delete(card);
    if (card.hasAttribute('data-job-reload')) location.reload();
  });
}

function look() {
  for (const [card, stream] of open) {
    if (!card.isConnected) { stream.close(); open.delete(card); }
  }
  for (const card of document.querySelectorAll('[data-job]')) if (!open.has(card)) watch(card);
}

export function start() {
  const choose = document.querySelector('form[data-choose]');
  choose?.addEventListener('change', () => choose.requestSubmit());
  // The parameters stand below the list: bring them into view once something was chosen.
  if (choose && location.search.includes('entry=')) document.getElementById('run-form')?.scrollIntoView({ block: 'nearest' });
  if (typeof EventSource === 'undefined') return;
  look();
  document.addEventListener('live:swapped', look);
  addEventListener('pagehide', () => { for (const stream of open.values()) stream.close(); });
}
