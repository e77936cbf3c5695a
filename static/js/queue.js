// Queue extras: the count in the bulk bar and select all. The forms work without any of this.
import { word } from './words.js';

export function start() {
  const form = document.querySelector('form[data-queue]');
  if (!form) return;
  const boxes = () => [...form.querySelectorAll('tbody [name=ticket]')];
  const update = () => {
    const n = boxes().filter((b) => b.checked).length;
    const count = form.querySelector('[data-count]');
    const all = form.querySelector('[data-all]');
    if (count) count.textContent = word('selected', { n });
    if (all) { all.checked = n > 0 && n === boxes().length; all.indeterminate = n > 0 && n < boxes().length; }
  };
  form.addEventListener('change', (e) => {
    if (e.target.matches('[data-all]')) for (const b of boxes()) b.checked = e.target.checked;
    update();
  });
  form.addEventListener('reset', () => setTimeout(update));
  document.addEventListener('live:swapped', update);
  update();
}
