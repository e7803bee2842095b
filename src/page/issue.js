// One issue: what it is, how often it came, and the story of one of its events.
import { get, live, on } from './api.js';
import { age, badge, button, facts, h, level, log, num, panel, safe, stamp } from './dom.js';
import { facets, story } from './event.js';
import { between, meta, spark, title, SPANS } from './rows.js';

const STATES = { waiting: 'waits to be sent', sent: 'Sentry has it', dead: 'refused by Sentry', kept: 'kept here' };

export async function issue(view) {
  const [, , key, wanted] = view.path.split('/');
  let item = await get('/api/issues/' + encodeURIComponent(key), view.signal), id = wanted ?? item.newest;
  const top = h('header'), left = h('div'), right = h('aside', { ariaLabel: 'About this issue' });

  function putTop() {
    top.replaceChildren(h('p.row', h('a', { href: '/issues' }, '← Issues'), badge(level(item.level), level(item.level)), item.state === 'new' ? badge('NEW', 'solid') : item.state, h('span.meta', between(meta(item)))),
      h('h1', h('bdi', title(item))));
  }

  function putRight(event) {
    const charts = ['hour', 'day', 'month'].map((of) => [h('p.dim.of', SPANS[of]), spark(item[of] ?? [], of, 'big spark')]);
    right.replaceChildren(
      panel(null, h('div.row', h('h2', num(item.count)), h('span.dim', item.suppressed ? `times, ${num(item.suppressed)} of them held back` : 'times')), charts,
        facts([['last', age(item.last, ' ago')], ['first', age(item.first, ' ago')], ['project', item.project], ['app', item.app], ['host', item.host],
          ['where', item.transaction], ['key', item.key]])),
      event ? panel('This event', facts([['time', stamp(event.time)], ['state', STATES[event.state] ?? event.state], ['id', event.id], ...facets(event.payload)])) : '',
      item.kept?.length ? panel('Events kept', h('ul.others', item.kept.map((e) => h('li', h('a', { href: `/issue/${item.key}/${e.id}`, ariaCurrent: e.id === id ? 'true' : null }, h('span', stamp(e.time)), h('span.dim', safe(e.host ?? ''))))))) : '');
  }

  let event = null;
  async function putEvent() {
    try {
      if (!id) throw new Error('None of its events is kept any more; the counts are.');
      event = await get('/api/events/' + encodeURIComponent(id), view.signal);
      left.replaceChildren(...story(event.payload, item, id));
    } catch (e) {
      if (e.name !== 'AbortError') left.replaceChildren(panel(null, h('p.bad', { role: 'alert' }, e.message)));
    }
  }

  const newer = button('A newer event came: show it', async () => {
    newer.hidden = true;
    id = item.newest;
    await putEvent();
    putRight(event);
  }, { hidden: true });
  let asking;
  on('issue', (got) => {
    if (got.key !== item.key) return;
    item = { ...item, ...got };
    putTop();
    putRight(event);
    clearTimeout(asking);
    asking = setTimeout(async () => {
      const fresh = await get('/api/issues/' + item.key, view.signal).catch(() => null);
      if (!fresh) return;
      item = fresh;
      newer.hidden = !!wanted || fresh.newest === id;
      putRight(event);
    }, 1000);
  }, view.signal);
  live();
  putTop();
  await putEvent();
  putRight(event);
  view.show(item.title, top, h('p.row', newer), h('div.two', left, right));
}
