// Rules: which hit, what they cost, when last, and their text.
import { get, live, on } from './api.js';
import { age, badge, button, h, link, log, num, panel, refill, safe, short, table } from './dom.js';

const AGAIN_MS = 2000;
const BY = { hits: 'Hits', seconds: 'Cost', last: 'Last hit' };

function cost(r) {
  const us = (r.seconds / r.tried) * 1e6;
  return !us ? '–' : us < 1000 ? us.toFixed(us < 10 ? 2 : 0) + ' µs' : (us / 1000).toFixed(1) + ' ms';
}

function ruleOf(r, open) {
  const text = h('pre'), box = h('details', h('summary', log(r.id), ' ', r.suspended && badge('suspended', 'bad'), r.match_limit ? badge(`${num(r.match_limit)} at the match limit`, 'warn') : ''),
    r.file && h('p.dim', log(`${r.file}:${r.line}`)), text);
  box.addEventListener('toggle', async () => text.replaceChildren(...safe((await get('/api/rules/' + r.id).catch(() => null))?.text ?? 'Its text is not where it was.')));
  box.open = r.id === open;
  return box;
}

export function tableOf(rules, open) {
  return table('Rules', ['Rule', '#Hits', '#Tried', '#A try costs', '#In all', '#Last hit'], rules.map((r) => [ruleOf(r, open),
    r.hits ? h('a', { href: link('/issues', { q: 'rule:' + r.id }) }, num(r.hits)) : '0', short(r.tried), cost(r), r.seconds.toFixed(3) + ' s', age(r.last)]));
}

export const sorted = (rules, by) => [...rules].sort((a, b) => b.suspended - a.suspended || b[by] - a[by] || (a.id < b.id ? -1 : 1));

export async function rules(view) {
  const id = view.params.get('id');
  let by = 'hits', words = id ?? '', all = !!id, got = [], asking = null;
  const out = h('div'), heads = h('span.row');
  const pressed = (text, truth, act) => button(text, () => { act(); press(); }, { ariaPressed: String(truth) });
  // Never made anew under a hand that presses.
  const press = () => heads.replaceChildren(...Object.entries(BY).map(([k, text]) => pressed(text, k === by, () => { by = k; put(); })), pressed('Also untried', all, () => { all = !all; ask(); }));
  function put() {
    const shown = sorted(got.filter((r) => r.id.includes(words)), by);
    refill(out, shown.length ? panel(null, tableOf(shown, id)) : h('p.empty', words ? 'No rule is called so.' : 'No rule was tried yet.'));
  }
  async function ask() {
    asking = null;
    got = await get('/api/rules', view.signal, { all: all && 'on' });
    put();
  }
  on('ledger', () => { asking ??= setTimeout(ask, AGAIN_MS); }, view.signal);
  live();
  press();
  await ask();
  view.show('Rules', h('h1.sr', 'Rules'), h('div.bar', h('input', { type: 'search', value: words, ariaLabel: 'Search rules', placeholder: 'Search rules', oninput: (e) => { words = e.target.value; put(); } }), heads), out);
}
