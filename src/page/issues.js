// The list of issues: search as one types, filters, live rows.
import { get, live, on } from './api.js';
import { button, h, link, num, plain } from './dom.js';
import { valueOf, withValue } from './query.js';
import { heads, row, NONE } from './rows.js';

const AT_ONCE = 200, TYPING_MS = 150, ORDER_MS = 1000;
const SORTS = { last: 'last seen', first: 'newest', count: 'most often' };
const AGES = { '': 'any age', '1h': 'last hour', '1d': 'last day', '7d': 'last week', '30d': 'last month' };
const LEVELS = ['fatal', 'error', 'warning', 'info', 'debug'];

// Values seen, for the filters: they only grow.
const seen = { app: new Set(), host: new Set(), project: new Set() };

class List {
  items = new Map();
  next = null;
  total = 0;
  told = [];
  of = 'day';
  asked = new AbortController();
  filters = h('span.row');
  head = h('div');
  list = h('ul.issues', { ariaLabel: 'Issues' });
  more = button('', () => this.further());
  said = h('p.dim', { role: 'status' });

  constructor(params) {
    this.q = params.get('q') ?? '';
    this.sort = params.get('sort') in SORTS ? params.get('sort') : 'last';
    this.search = h('input', { type: 'search', name: 'q', value: this.q, placeholder: 'Search title, tags, rule … or level:error app:shop', ariaLabel: 'Search issues', autocomplete: 'off', spellcheck: false,
      oninput: () => {
        clearTimeout(this.typing);
        this.typing = setTimeout(() => this.ask(this.search.value), TYPING_MS);
      } });
  }

  // --- what is asked for ---

  async ask(q) {
    this.q = q;
    if (this.search.value !== q) this.search.value = q;
    this.of = { '1h': 'hour', '7d': 'month', '30d': 'month' }[valueOf(q, 'since')] ?? 'day';
    history.replaceState(history.state, '', link('/issues', { q, sort: this.sort !== 'last' && this.sort }));
    try {
      const got = await this.load();
      this.items.clear();
      this.list.replaceChildren(...got.issues.map((i) => this.put(i)));
      this.head.replaceChildren(heads(this.of));
      this.say(got);
      got.told.forEach((i) => this.change(i));
    } catch (e) {
      if (e.name === 'AbortError') return;
      this.said.textContent = e.message;
    }
    this.putFilters();
  }

  async load(cursor) {
    this.asked.abort();
    this.asked = new AbortController();
    const { signal } = this.asked;
    await live({ q: this.q });
    const told = this.told = []; // meanwhile: the answer may be older
    return { ...await get('/api/issues', signal, { q: this.q, sort: this.sort, limit: AT_ONCE, cursor }), told };
  }

  async further() {
    const from = this.list.children.length, got = await this.load(this.next).catch((e) => { this.said.textContent = e.message; });
    if (!got) return;
    this.list.append(...got.issues.filter((i) => !this.items.has(i.key)).map((i) => this.put(i)));
    this.say(got);
    this.list.children[from]?.querySelector('a').focus();
  }

  // --- what is shown ---

  put(item) {
    this.items.set(item.key, item);
    for (const k of Object.keys(seen)) if (item[k]) seen[k].add(item[k]);
    return row(item, this.of);
  }

  say({ total, next }) {
    Object.assign(this, { total, next });
    this.said.textContent = total ? `${num(total)} ${total === 1 ? 'issue' : 'issues'}` : this.q ? 'No issue is like that.' : '';
    this.more.hidden = !next;
    this.more.textContent = 'Show more of ' + num(total);
    if (!total && !this.q) this.list.replaceChildren(h('li.empty', NONE));
  }

  filter(name, any, values) {
    const value = valueOf(this.q, name), all = [...new Set([...values, value].filter(Boolean))].sort();
    return all.length > 1 || value ? this.choice('Filter by ' + name, [['', any], ...all.map((v) => [v, plain(v)])], value, (v) => this.ask(withValue(this.q, name, v))) : '';
  }

  choice(label, options, value, change) {
    return h('select', { ariaLabel: label, onchange: (e) => change(e.target.value) }, options.map(([v, text]) => h('option', { value: v, selected: v === value }, text)));
  }

  putFilters() {
    const fresh = valueOf(this.q, 'is') === 'new';
    this.filters.replaceChildren(this.filter('level', 'any level', LEVELS), this.filter('app', 'any app', seen.app), this.filter('host', 'any host', seen.host), this.filter('project', 'any project', seen.project),
      this.choice('Filter by age', Object.entries(AGES), valueOf(this.q, 'since'), (v) => this.ask(withValue(this.q, 'since', v))),
      this.choice('Sort by', Object.entries(SORTS), this.sort, (v) => { this.sort = v; this.ask(this.q); }),
      button('New only', () => this.ask(withValue(this.q, 'is', fresh ? '' : 'new')), { ariaPressed: String(fresh) }));
  }

  // --- what changes ---

  change(item) {
    if (this.told.length < AT_ONCE) this.told.push(item);
    const old = this.list.querySelector('#i' + item.key);
    // What is being pressed stays.
    if (old?.matches(':active')) return void setTimeout(() => this.change(item), ORDER_MS);
    // One further down than was read.
    if (!old && this.sort !== 'last' && this.next) return;
    if (!this.items.size) this.list.replaceChildren();
    const el = this.put(item);
    el.classList.add('hit');
    if (old) {
      const focused = old.contains(document.activeElement);
      old.replaceWith(el);
      if (focused) el.querySelector('a').focus();
    } else {
      this.list.append(el);
      this.say({ total: this.total + !this.next, next: this.next });
    }
    this.ordering ??= setTimeout(() => this.order(), old ? ORDER_MS : 0);
  }

  // Rows do not move under the hand of a reader.
  order() {
    this.ordering = null;
    if (this.list.matches(':hover') || this.list.contains(document.activeElement)) {
      this.ordering = setTimeout(() => this.order(), ORDER_MS);
      return;
    }
    const sorted = [...this.items.values()].sort((a, b) => b[this.sort] - a[this.sort] || (a.key < b.key ? -1 : 1));
    let at = this.list.firstElementChild;
    for (const item of sorted) {
      const el = this.list.querySelector('#i' + item.key);
      if (el === at) at = at.nextElementSibling;
      else if (el) this.list.insertBefore(el, at);
    }
  }
}

export async function issues(view) {
  const list = new List(view.params);
  on('issue', (item) => list.change(item), view.signal);
  on('connection', ({ again }) => again && list.ask(list.q), view.signal);
  view.signal.addEventListener('abort', () => { list.asked.abort(); clearTimeout(list.typing); clearTimeout(list.ordering); });
  await list.ask(list.q);
  view.show('Issues', h('h1.sr', 'Issues'), h('form.bar', { role: 'search', onsubmit: (e) => { e.preventDefault(); list.ask(list.search.value); } }, list.search, list.filters), list.said, list.head, list.list, h('div.row', list.more));
}
