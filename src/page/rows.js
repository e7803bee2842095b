// Rows of issues, and the small pictures of how often they came.
import { age, badge, h, level, num, s, safe, short } from './dom.js';

export const SPANS = { hour: 'the last 60 minutes', day: 'the last 24 hours', month: 'the last 30 days' };

export const NONE = 'Nothing has broken yet. Issues appear here by themselves.';

// One path for all bars stays cheap.
export function spark(counts, of, className = 'spark') {
  const n = counts.length || 1, most = Math.max(1, ...counts), total = counts.reduce((a, b) => a + b, 0);
  const bar = (v, i) => (v ? `M${i + 0.1} 20v${-Math.max(1.5, (v / most) * 20).toFixed(2)}h.8V20z` : '');
  return s('svg.' + className, { viewBox: `0 0 ${n} 20`, preserveAspectRatio: 'none', role: 'img', 'aria-label': `${num(total)} in ${SPANS[of]}, at most ${num(most)} in one ${{ hour: 'minute', day: 'hour', month: 'day' }[of]}` },
    s('path', { d: counts.map((v, i) => (i < n - 1 ? bar(v, i) : '')).join('') }), s('path.now', { d: bar(counts[n - 1] ?? 0, n - 1) }),
    s('path.base', { d: `M0 20.5h${n}`, 'vector-effect': 'non-scaling-stroke' }));
}

export function title(item) {
  const { type, value } = item;
  return type ? [h('b', safe(type)), value ? [' ', safe(value)] : ''] : safe(item.title || '(no title)');
}

// With a dot between each two.
export const between = (parts) => parts.filter(Boolean).flatMap((p, i) => (i ? [' · ', p] : [p]));

export function meta(item) {
  const where = [item.app, item.host].filter(Boolean).join(' @ ');
  return [item.project, where, item.transaction, item.rule].map((x) => x && safe(x));
}

export function row(item, of) {
  return h(`li.issue.${level(item.level)}` + (item.state === 'quiet' ? '.quiet' : ''), { id: 'i' + item.key },
    h('div.what',
      h('a.title', { href: '/issue/' + item.key }, item.state === 'new' && [badge('NEW', 'solid'), ' '], title(item)),
      h('div.meta', between([h('span.' + level(item.level), level(item.level)), ...meta(item), ['first ', age(item.first, ' ago')]]))),
    spark(item[of] ?? [], of),
    h('b.count.n', { title: `${num(item.count)} occurrences, ${num(item.suppressed)} of them held back` }, short(item.count), h('span.sr', ' times')),
    h('span.last', h('span.sr', 'last '), age(item.last, ' ago')));
}

export function heads(of) {
  return h('div.columns', { ariaHidden: 'true' }, h('span', 'Issue'), h('span', { hour: '60 minutes', day: '24 hours', month: '30 days' }[of]), h('span', 'Times'), h('span', 'Last'));
}
