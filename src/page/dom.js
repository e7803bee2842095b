// Elements and texts. Nothing in the page makes markup of a text: what a log says goes into text nodes.

// Characters that drive a terminal or turn the direction of what stands around them, and some that nobody can see.
const MEDDLES = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]|[\u{e0000}-\u{e007f}]/gu;

function code(c) {
  const n = c.codePointAt(0), hex = n.toString(16);
  return n < 0x10000 ? '\\u' + hex.padStart(4, '0') : '\\U' + hex.padStart(8, '0');
}

// A text as nodes: such characters are shown by their number.
export function safe(value) {
  const s = String(value ?? ''), out = [];
  let from = 0;
  for (const m of s.matchAll(MEDDLES)) {
    if (m[0] === '\r' && s[m.index + 1] === '\n') continue;
    out.push(s.slice(from, m.index), h('span.esc', code(m[0])));
    from = m.index + m[0].length;
  }
  out.push(s.slice(from));
  return out;
}

// The same where only text can stand: titles, labels, options.
export const plain = (value) => String(value ?? '').replace(MEDDLES, code);

function build(el, parts) {
  const props = parts[0] && Object.getPrototypeOf(parts[0]) === Object.prototype ? parts.shift() : {};
  for (const [k, v] of Object.entries(props)) {
    if (v === undefined || v === null || v === false) continue;
    if (k.startsWith('on')) el.addEventListener(k.slice(2), v);
    else if (k in el && k !== 'list' && el.namespaceURI.endsWith('xhtml')) el[k] = v;
    else el.setAttribute(k, v === true ? '' : v);
  }
  el.append(...parts.flat(9).filter((c) => c !== null && c !== undefined && c !== false));
  return el;
}

// h('p.dim', {title: …}, children…), where the members of the element may be left out. Strings among the children become text.
export function h(what, ...parts) {
  const [tag, ...classes] = what.split('.'), el = document.createElement(tag);
  if (classes.length) el.className = classes.join(' ');
  return build(el, parts);
}

export function s(what, ...parts) {
  const [tag, ...classes] = what.split('.'), el = document.createElementNS('http://www.w3.org/2000/svg', tag);
  if (classes.length) el.setAttribute('class', classes.join(' '));
  return build(el, parts);
}

export const log = (value) => h('span.log', safe(value));

// Other contents, but not under the hands of who is in it, presses something or has marked a text there.
export function refill(el, ...parts) {
  const marked = getSelection(), next = build(el.cloneNode(), parts);
  if (el.contains(document.activeElement) || el.matches(':active') || (!marked.isCollapsed && el.contains(marked.anchorNode)) || next.isEqualNode(el)) return;
  el.replaceChildren(...next.childNodes);
}

// --- numbers and times ---

export const num = (n) => Number(n ?? 0).toLocaleString('en-US').replaceAll(',', '\u202f');

export function short(n) {
  if (n < 10000) return num(n);
  const units = ['', 'k', 'M', 'G', 'T'], i = Math.min(4, Math.floor(Math.log10(n) / 3));
  return (n / 1000 ** i).toPrecision(3).replace(/\.0+$/, '') + units[i];
}

export function bytes(n) {
  const i = n > 0 ? Math.min(4, Math.floor(Math.log2(n) / 10)) : 0;
  return (n / 1024 ** i).toFixed(i && n / 1024 ** i < 10 ? 1 : 0) + '\u00a0' + ['B', 'KiB', 'MiB', 'GiB', 'TiB'][i];
}

export function span(seconds) {
  const x = Math.max(0, seconds);
  return x < 120 ? Math.floor(x) + 's' : x < 7200 ? Math.floor(x / 60) + 'm' : x < 172800 ? Math.floor(x / 3600) + 'h' : Math.floor(x / 86400) + 'd';
}

export const now = () => Date.now() / 1000;

export function stamp(t) {
  if (!Number.isFinite(t)) return '';
  const d = new Date(t * 1000), two = (n) => String(n).padStart(2, '0');
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}

// A time as its age, which ticks; the whole time in its title.
export function age(t, suffix = '') {
  if (!t) return h('span.dim', '–');
  const el = h('time', { title: stamp(t) }, span(now() - t) + suffix);
  Object.assign(el.dataset, { t, suffix });
  return el;
}

export function tick() {
  for (const el of document.querySelectorAll('time[data-t]')) {
    const text = span(now() - el.dataset.t) + el.dataset.suffix;
    if (el.textContent !== text) el.textContent = text;
  }
}

export const level = (name) => (['fatal', 'error', 'warning', 'info', 'debug'].includes(name) ? name : 'error');

export const badge = (word, kind = '') => h('span.badge' + (kind && '.' + kind), word);

export const button = (text, onclick, props) => h('button', { type: 'button', onclick, ...props }, text);

// An address with parameters, of which those without a value are left out.
export function link(path, params) {
  const query = new URLSearchParams(Object.entries(params ?? {}).filter(([, v]) => v)).toString();
  return path + (query && '?' + query);
}

// Columns whose name begins with # hold numbers.
export function table(label, columns, rows) {
  return h('div.scroll', { tabIndex: 0, role: 'region', ariaLabel: label }, h('table', h('thead', h('tr', columns.map((c) => h(c[0] === '#' ? 'th.n' : 'th', c.replace('#', ''))))),
    h('tbody', rows.map((cells) => h('tr', cells.map((c, i) => h(columns[i][0] === '#' ? 'td.n' : 'td.t', c)))))));
}

// beside: what stands at the right of the title.
export const panel = (title, ...children) => h('section.panel', title && h('h2', title), children);
export const headed = (title, beside, ...children) => h('section.panel', h('div.head', h('h2', title), beside), children);

// Names and values; those without a value are left out.
export function facts(pairs) {
  return h('dl', pairs.filter((p) => p && (p[1] ?? '') !== '').map(([k, v]) => [h('dt', safe(k)), h('dd', typeof v === 'string' ? log(v) : v)]));
}

// A button that copies a text; where that is forbidden (no https) the text is shown to be copied by hand.
export function copier(label, text) {
  return button(label, async (e) => {
    const b = e.currentTarget;
    try {
      await navigator.clipboard.writeText(text);
      b.textContent = 'Copied';
      setTimeout(() => { b.textContent = label; }, 1500);
    } catch {
      prompt(label, text);
    }
  }, { title: plain(text) });
}
