// Which view an address is, and what all of them share. What the server made stands until a view has something better.
import { on, watch } from './api.js';
import { button, h, plain, tick } from './dom.js';
import { listen, onChange, refresh, verdict } from './health.js';
import { flow } from './flow.js';
import { issue } from './issue.js';
import { issues } from './issues.js';
import { overview } from './overview.js';
import { rules } from './rules.js';

const VIEWS = { __proto__: null, '': overview, issues, issue, flow, rules };
const main = document.getElementById('main'), state = document.getElementById('state');
let leaving = null;

const viewOf = (path) => VIEWS[path.split('/')[1]];

async function go(moved) {
  const url = new URL(location.href), view = viewOf(url.pathname);
  if (!view) return;
  leaving?.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const show = (title, ...parts) => {
    if (signal.aborted) return;
    document.title = (title ? plain(title).slice(0, 120) + ' - ' : '') + 'crumbd';
    main.replaceChildren(...parts.flat());
    mark(url.pathname);
    if (!moved) return;
    scrollTo(0, history.state?.y ?? 0);
    main.focus({ preventScroll: true });
  };
  try {
    await view({ path: url.pathname, params: url.searchParams, signal, show });
  } catch (e) {
    if (e.name !== 'AbortError' && !signal.aborted) show('Error', h('section.panel', { role: 'alert' }, h('h1', 'This cannot be shown'), plain(e.message)));
  }
}

function mark(path) {
  for (const a of document.querySelectorAll('nav a')) {
    const here = path.replace(/^\/issue\/.*/, '/issues') === a.pathname;
    a.ariaCurrent = here ? 'page' : null;
  }
}

function visit(href) {
  history.replaceState({ y: scrollY }, '');
  history.pushState(null, '', href);
  go(true);
}

document.addEventListener('click', (e) => {
  const a = e.target.closest?.('a[href]');
  if (!a || e.defaultPrevented || e.button || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey || a.rel === 'external' || a.origin !== location.origin || !viewOf(a.pathname)) return;
  if (a.hash && a.pathname === location.pathname) return;
  e.preventDefault();
  visit(a.href);
});
addEventListener('popstate', () => go(true));

// --- keys ---

const help = h('dialog', { ariaLabel: 'Keys' }, h('h2', 'Keys'), h('dl', [['/', 'search'], ['j k', 'next, previous issue'], ['Esc', 'back'], ['1 2 3 4', 'overview, issues, flow, rules'], ['?', 'this']].map(([k, what]) => [h('dt', k.split(' ').map((x) => [h('kbd', x), ' '])), h('dd', what)])),
  h('form', { method: 'dialog' }, h('p', h('button', 'Close'))));

function step(by) {
  const all = [...document.querySelectorAll('.issue .title')];
  if (all.length) all[Math.min(all.length - 1, Math.max(0, all.indexOf(document.activeElement) + by))].focus();
}

const KEYS = {
  '/': () => (document.querySelector('input') ? document.querySelector('input').focus() : visit('/issues')),
  j: () => step(1), k: () => step(-1), '?': () => help.showModal(),
  1: () => visit('/'), 2: () => visit('/issues'), 3: () => visit('/flow'), 4: () => visit('/rules'),
};

document.addEventListener('keydown', (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || help.open) return;
  const typing = e.target.matches?.('input, select');
  if (e.key === 'Escape') {
    if (typing) e.target.blur();
    else if (location.pathname.startsWith('/issue/')) visit('/issues');
  } else if (!typing && KEYS[e.key]) {
    e.preventDefault();
    KEYS[e.key]();
  }
});

// --- what all views share ---

const alert = h('div.alert', { role: 'alert', hidden: true });

function putState() {
  const [kind, word] = verdict();
  state.replaceChildren(h('a.row.' + kind, { href: '/' }, h('span.dot', { ariaHidden: 'true' }), word),
    button('?', () => help.showModal(), { ariaLabel: 'Keys' }));
}

document.body.append(help);
main.before(alert);
main.tabIndex = -1;
watch();
listen();
onChange(putState);
on('connection', ({ up, lost, refused }) => {
  alert.hidden = up || lost < 2;
  if (!up) alert.textContent = (refused ? 'Not live: 32 look on already.' : 'crumbd does not answer.') + ' What you see may be old; the page tries again by itself.';
});
setInterval(tick, 5000);
// The stream says no word of ages and silence.
setInterval(() => document.hidden || refresh(), 15000);
putState();
go(false);
refresh();
