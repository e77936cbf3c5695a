// Drop and paste into the file field. The field itself works without this; files travel with the form.
function show(zone, input) {
  const list = zone.querySelector('output');
  const limit = Number(zone.dataset.limit ?? Infinity);
  const name = (f) => (f.size > limit ? `${f.name} (${zone.dataset.tooLarge})` : f.name);
  if (list) list.textContent = [...input.files].map(name).join(', ');
}

function add(zone, input, files) {
  const all = new DataTransfer();
  for (const f of [...input.files, ...files]) all.items.add(f);
  input.files = all.files;
  show(zone, input);
}

export function start() {
  for (const zone of document.querySelectorAll('.dropzone')) {
    const input = zone.querySelector('input[type=file]');
    if (!input) continue;
    input.addEventListener('change', () => show(zone, input));
    // The composer takes files wherever they are dropped on it.
    const target = zone.closest('[data-drop]') ?? zone;
    for (const n of ['dragover', 'dragleave', 'drop']) {
      target.addEventListener(n, (e) => {
        if (!e.dataTransfer.types.includes('Files')) return;
        e.preventDefault();
        zone.classList.toggle('over', n === 'dragover');
        if (n === 'drop') add(zone, input, e.dataTransfer.files);
      });
    }
    zone.closest('form')?.addEventListener('paste', (e) => {
      if (e.clipboardData.files.length) { e.preventDefault(); add(zone, input, e.clipboardData.files); }
    });
  }
}
