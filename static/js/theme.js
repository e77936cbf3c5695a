// Theme switch: system, light, dark. The server keeps the choice and draws the page with it; the script only spares the reload.
const root = document.documentElement;

function show() {
  const now = root.dataset.theme ?? 'system';
  for (const b of document.querySelectorAll('[data-theme-set]')) {
    b.setAttribute('aria-pressed', String(b.dataset.themeSet === now));
  }
}

export function setTheme(name) {
  if (name === 'system') delete root.dataset.theme;
  else root.dataset.theme = name;
  show();
  const form = document.querySelector('form[data-theme-form]');
  if (form) fetch(form.action, { method: 'POST', body: new URLSearchParams({ theme: name }), headers: { accept: 'application/json' } }).catch(() => {});
}

export function start() {
  document.addEventListener('submit', (e) => {
    const b = e.submitter;
    if (!b?.dataset.themeSet) return;
    e.preventDefault();
    setTheme(b.dataset.themeSet);
  });
  show();
}
