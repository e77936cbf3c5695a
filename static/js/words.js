// The few sentences that scripts say come from the message catalogue, as data-w-… of <body>.
export function word(name, values = {}) {
  const key = `w${name.replace(/(^|-)([a-z])/g, (_, _dash, c) => c.toUpperCase())}`;
  const text = document.body.dataset[key] ?? '';
  return text.replace(/\{(\w+)\}/g, (whole, n) => String(values[n] ?? whole));
}
