// Drop and paste into the file field. The field itself works without this; files travel with the form.
function show(zone, input) {
  const list = zone.querySelector('output');
  if (list) list.textContent = [...input.files].map((f) => f.name).join(', ');
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
    for (const n of ['dragover', 'dragleave', 'drop']) {
      zone.addEventListener(n, (e) => {
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
