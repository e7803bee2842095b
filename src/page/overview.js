// The first page: state of delivery, issues, inputs, ledger, rules.
import { get, live, on } from './api.js';
import { h, headed, panel, refill } from './dom.js';
import { pictures, inputsTable } from './flow.js';
import { banner, draw } from './health.js';
import { heads, row, NONE } from './rows.js';
import { sorted, tableOf } from './rules.js';

const ISSUES = 10, RULES = 8;

export async function overview(view) {
  const top = h('div'), list = h('ul.issues', { ariaLabel: 'Newest issues' }), inputs = h('div'), ledger = h('div'), rules = h('div');
  let items = [];
  function put() {
    refill(top, banner());
    refill(list, items.length ? items.map((i) => row(i, 'day')) : h('li.empty', NONE));
    refill(inputs, inputsTable());
    refill(ledger, pictures(Math.max(320, ledger.clientWidth)));
  }
  const ask = async () => ({ issues: items } = await get('/api/issues', view.signal, { limit: ISSUES }));
  on('issue', (item) => { items = [item, ...items.filter((i) => i.key !== item.key)].sort((a, b) => b.last - a.last).slice(0, ISSUES); }, view.signal);
  on('connection', ({ again }) => again && ask(), view.signal);
  await live();
  const [, got] = await Promise.all([ask(), get('/api/rules', view.signal)]);
  rules.replaceChildren(tableOf(sorted(got.filter((r) => r.hits || r.suspended), 'hits').slice(0, RULES)));
  view.show('', top, h('div.head', h('h2', 'Issues'), h('a', { href: '/issues' }, 'All issues')), heads('day'), list, panel('Inputs', inputs), panel('Ledger', ledger),
    headed('Rules', h('a', { href: '/rules' }, 'All rules'), rules));
  draw(view, put);
}
