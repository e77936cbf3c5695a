// The ticket's head shrinks while it sticks, so that the timeline keeps the screen.
export function start() {
  const head = document.querySelector('.t-head');
  if (!head) return;
  const mark = document.createElement('div');
  mark.setAttribute('aria-hidden', 'true');
  head.before(mark);
  new IntersectionObserver(([seen]) => {
    const stuck = !seen.isIntersecting && getComputedStyle(head).position === 'sticky';
    head.toggleAttribute('data-stuck', stuck);
  }, { rootMargin: '48px 0px 0px 0px' }).observe(mark);
}
