// What must be answered first: is it delivering, are all inputs read, is anything lost.
import { get, on } from './api.js';
import { age, h, log, now, num, safe, short, span, stamp } from './dom.js';

export const known = { delivery: [], inputs: [], ledger: null, counters: null, ready: '' };
const changed = new Set();

export function onChange(f, signal) {
  changed.add(f);
  signal?.addEventListener('abort', () => changed.delete(f));
}

// Draws at once and whenever something is another.
export function draw(view, put) {
  let frame = null;
  const soon = () => {
    frame ??= requestAnimationFrame(() => {
      frame = null;
      put();
    });
  };
  const timer = setInterval(soon, 1000);
  view.signal.addEventListener('abort', () => clearInterval(timer));
  addEventListener('resize', soon, { signal: view.signal });
  onChange(soon, view.signal);
  put();
}

const tell = () => changed.forEach((f) => f());

// Counters of a kind that are not zero, as [name, n, counter].
export function counted(kind) {
  const counts = known.ledger?.counts ?? {};
  return (known.counters ?? []).filter((c) => c.kind === kind && counts[c.name]).map((c) => [c.name, counts[c.name], c]);
}

// Rows of all projects in the store.
export const rows = (state) => known.delivery.reduce((n, p) => n + p[state], 0);

// What is wrong with an input: [words, class].
export function complaints(i) {
  const state = !/reading|awaited/.test(i.state) && [(i.unreadable || '') + ' ' + i.state.replace('-', ' '), /file|silent|behind/.test(i.state) ? 'warn' : 'bad'];
  return [state, i.kernel_drops && [`${num(i.kernel_drops)} dropped by the kernel`, 'bad'], i.dropped_events && [`${num(i.dropped_events)} events dropped`, 'bad']].filter(Boolean);
}

export async function refresh() {
  const ask = (path) => get(path).catch(() => null);
  const [delivery, inputs, ledger, counters, ready] = await Promise.all([ask('/api/delivery'), ask('/api/inputs'), ask('/api/ledger'), known.counters ?? ask('/api/counters'),
    get('/readyz').then(() => '', (e) => e.message)]);
  Object.assign(known, { delivery: delivery?.projects ?? known.delivery, inputs: inputs?.inputs ?? known.inputs, ledger: ledger ?? known.ledger, counters, ready });
  tell();
}

export function listen() {
  on('delivery', (d) => {
    known.delivery = d.projects;
    tell();
  });
  on('ledger', (d) => {
    if (known.ledger) known.ledger.counts = d.counts;
    for (const i of d.inputs) {
      const old = known.inputs.find((k) => k.input === i.input);
      if (old) Object.assign(old, i, { last_line: i.lines > old.lines ? now() : old.last_line });
    }
    tell();
  });
  on('connection', ({ again }) => again && refresh());
}

const refused = (p) => /P 4(?!29)/.test(p.answer);

export function sentence(p) {
  const to = p.project ? log(p.project) : 'Sentry', wait = p.waiting ? `, ${num(p.waiting)} ${p.waiting === 1 ? 'event waits' : 'events wait'}` : '';
  if (p.state === 'off') return 'No Sentry is configured. Events stay here, in the store.';
  if (p.state === 'delivering') return ['Delivering to ', to, p.since ? ' since ' + stamp(p.since).slice(0, 16) : '', refused(p) ? ['; the last event was refused: ', log(p.answer)] : '', wait, '.'];
  return [p.state === 'paused' ? 'Refused by ' : 'Not delivering to ', to, p.since ? [' since ', age(p.since), ' (', stamp(p.since).slice(11, 16), ')'] : '', p.answer ? [': ', log(p.answer)] : '', wait,
    p.next > now() ? [', next try in ', h('b.n', span(p.next - now()))] : '', '.'];
}

// [class, words] of the whole.
export function verdict() {
  const { delivery, ready } = known;
  if (ready) return ['bad', 'Not ready'];
  if (delivery.some((p) => ['waiting', 'paused'].includes(p.state))) return ['bad', 'Not delivering'];
  return !delivery.length ? ['dim', '…'] : delivery.every((p) => p.state === 'off') ? ['info', 'Kept here'] : delivery.some(refused) ? ['warn', 'Last event refused'] : ['good', 'Delivering'];
}

export function banner() {
  const [kind, words] = verdict(), { inputs } = known, hurt = inputs.filter((i) => complaints(i).length).length;
  const lost = counted('loss').filter(([name]) => name !== 'dead').reduce((n, [, x]) => n + x, 0);
  const fact = (href, value, what, bad) => h('a', { href }, h(bad ? 'b.' + bad : 'b', value), what);
  return [h(`section.panel.verdict.${kind}`, { ariaLabel: 'State of delivery' }, h('h1', words), known.ready && h('p', safe(known.ready)), known.delivery.map((p) => h('p', sentence(p)))),
    h('div.facts',
      fact('/flow', short(rows('waiting')), 'events wait to be sent'),
      fact('/flow#dead', short(rows('dead')), 'dead letters', rows('dead') && 'warn'),
      fact('/flow#inputs', hurt ? `${hurt} of ${inputs.length}` : String(inputs.length), hurt ? 'inputs want a look' : 'inputs, all read', hurt && 'warn'),
      fact('/flow', lost ? short(lost) : 'Nothing', lost ? 'lost, by name in the ledger' : 'is lost', lost && 'bad'))];
}
