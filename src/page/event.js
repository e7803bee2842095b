// What one event tells: exceptions, the way there, the request, the rest.
import { badge, button, copier, facts, h, headed, level, link, log, panel, plain, safe, span, stamp } from './dom.js';
import { quoted } from './query.js';

const FRAMES_OPEN = 5;

// Sentry's lists are arrays or {"values": […]}.
const values = (x) => [x, x?.values, []].find(Array.isArray).filter((v) => v && typeof v === 'object');
const object = (x) => (x && typeof x === 'object' && !Array.isArray(x) ? x : {});
const time = (x) => (typeof x === 'number' ? x : Date.parse(x) / 1000);
const pairs = (x) => (Array.isArray(x) ? x.filter(Array.isArray) : Object.entries(object(x)));

// --- exceptions ---

function source(f) {
  const { pre_context: pre = [], post_context: post = [] } = f;
  if (typeof f.context_line !== 'string') return '';
  const first = f.lineno - pre.length, lines = [...pre, f.context_line, ...post];
  return h('pre.src', lines.map((text, i) => h(i === pre.length ? 'span.at' : 'span', h('i', first >= 0 ? first + i : ''), safe(text))));
}

function frame(f) {
  const file = f.filename ?? f.abs_path ?? f.module ?? '';
  return h(f.in_app ? 'li.app' : 'li',
    h('div.where.log', safe(f.function ?? '?'), file && h('span.dim', ' ', safe(file), f.lineno ? ':' + f.lineno : '')), source(f));
}

// What is of the application stands open; libraries fold, but for the innermost where there is nothing else.
function frames(list) {
  const inner = [...list].reverse(), apps = inner.some((f) => f.in_app), out = [];
  for (let i = 0; i < inner.length;) {
    let n = i;
    while (n < inner.length && (apps ? !inner[n].in_app : i >= FRAMES_OPEN)) n++;
    if (n === i || n === i + 1) {
      out.push(frame(inner[i++]));
      continue;
    }
    out.push(h('li', h('details', h('summary', `${n - i} ${apps ? 'frames of libraries' : 'more frames'}`), h('ol.frames', inner.slice(i, n).map(frame)))));
    i = n;
  }
  return h('ol.frames', { ariaLabel: 'Frames, the innermost first' }, out);
}

function exceptions(event) {
  // The last one is what was logged; those before it are its causes.
  return values(event.exception).reverse().map((e, i) => {
    const list = values(e.stacktrace?.frames);
    return panel([i ? h('span.dim', 'caused by ') : '', safe(e.type ?? 'Error')], e.value && h('div.log.value', safe(e.value)), list.length > 0 && frames(list));
  });
}

function message(event, item) {
  const text = event.logentry?.formatted ?? event.logentry?.message ?? event.message;
  const known = [item.title, ...values(event.exception).map((e) => e.value)];
  return text && !known.includes(text) ? panel('Message', h('div.log.value', safe(text))) : null;
}

// --- the way there ---

function offset(seconds) {
  const x = Math.abs(seconds), sign = seconds < 0 ? '−' : '+';
  return x ? sign + (x < 10 ? x.toFixed(x < 1 ? 3 : 1) + 's' : span(x)) : '0';
}

const related = ({ data }) => object(data).connection ?? object(data).request;

function crumb(c, at) {
  const { connection, request: asked, ...rest } = object(c.data), t = time(c.timestamp);
  return h(`li.${level(c.level ?? 'info')}` + (related(c) ? '.related' : ''),
    h('span.off.n', { title: stamp(t) }, t ? offset(t - at) : ''),
    h('span.cat', safe(c.category ?? c.type ?? ''), ' ', /error|fatal|warning/.test(c.level) && h('span.' + level(c.level), level(c.level))),
    related(c) ? [' ', badge(asked ? 'same request' : 'same connection')] : '', ' ', log(c.message ?? ''),
    h('span.log.dim', Object.entries(rest).map(([k, v]) => safe(` ${k}=${v && typeof v === 'object' ? JSON.stringify(v) : v}`))));
}

function trail(event, item) {
  const crumbs = values(event.breadcrumbs), at = time(event.timestamp);
  if (!crumbs.length) return null;
  const here = h('li.here', h('span.off', '0'), h('b', 'this event '), log(item.title)), list = h('ol.trail');
  const fill = (only) => {
    const shown = only ? crumbs.filter(related) : crumbs, before = shown.filter((c) => !(time(c.timestamp) > at));
    list.replaceChildren(...before.map((c) => crumb(c, at)), here, ...shown.filter((c) => time(c.timestamp) > at).map((c) => crumb(c, at)));
  };
  fill(false);
  const n = crumbs.filter(related).length;
  return headed('Breadcrumbs',
    n && n < crumbs.length ? button(`Only the ${n} related`, (e) => {
      const only = e.currentTarget.ariaPressed !== 'true';
      e.currentTarget.ariaPressed = String(only);
      fill(only);
    }, { ariaPressed: 'false' }) : null, list);
}

// --- request, tags, contexts ---

const show = (v) => (v && typeof v === 'object' ? h('pre', safe(JSON.stringify(v, null, 1))) : log(v));

const members = (...lists) => facts(lists.flat().map(([k, v]) => [k, show(v)]));

function request(event) {
  if (!event.request) return null;
  const { method, url, query_string: query, headers, env, ...rest } = event.request, asked = typeof query === 'string' ? query : pairs(query).map((p) => p.join('=')).join('&');
  return panel('Request', h('p.log', h('b', safe(method)), ' ', safe(url), asked && '?', safe(asked)), members(pairs(headers), pairs(env), pairs(rest)));
}

function tags(event) {
  const list = pairs(event.tags);
  return list.length ? panel('Tags', h('ul.chips', list.map(([k, v]) => h('li',
    h('a', { href: link('/issues', { q: (k === 'rule' ? 'rule:' : `tag.${k}:`) + quoted(String(v)) }) }, h('span', safe(k)), h('span', safe(v))))))) : null;
}

function contexts(event) {
  const groups = [...pairs(event.contexts), ['user', event.user], ['extra', event.extra]].filter(([, v]) => Object.keys(object(v)).length);
  return groups.length ? panel('Contexts', groups.map(([name, c]) => h('details', { open: name !== 'log' },
    h('summary', h('b', safe(name))), members(pairs(c).filter(([k]) => k !== 'type'))))) : null;
}

// --- what decided ---

function decided(event) {
  const all = Object.fromEntries(pairs(event.tags)), rule = all.rule, line = String(event.contexts?.log?.message ?? event.logentry?.formatted ?? '');
  // No byte of a log ends a paste or moves the cursor: bash reads it from its number.
  const text = plain(line.replace(/[\\']/g, '\\$&').replaceAll('\n', '\\n')), shell = text === line ? `'${line}'` : `$'${text}'`;
  return panel('Decided by', h('p', rule ? h('a.log', { href: link('/rules', { id: rule }) }, safe(rule)) : h('span.dim', 'no rule: its level'),
    h('span.dim', ' · fingerprint ', log([event.fingerprint ?? 'by what it says'].flat().join(' / ')))),
  line ? h('p.row', copier('Copy crumbd explain …', `crumbd explain --format ${quoted(all.format ?? 'auto')} ${shell}`)) : null);
}

function raw(event, id) {
  const box = h('details', h('summary', h('b', 'Raw JSON')));
  box.addEventListener('toggle', () => box.open && box.children.length === 1 && box.append(h('pre', { tabIndex: 0 }, safe(JSON.stringify(event, null, 2)))));
  return panel(null, box, h('p', h('a', { href: '/api/events/' + id, rel: 'external' }, 'as it is sent')));
}

export function story(event, item, id) {
  return [message(event, item), ...exceptions(event), trail(event, item), request(event), tags(event), decided(event), contexts(event), raw(event, id)].filter(Boolean);
}

export const facets = (event) => ['environment', 'release', 'server_name', 'logger'].map((k) => [k, event[k]]);
