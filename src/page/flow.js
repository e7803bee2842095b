// Where lines come from, and what became of each.
import { get, live, on, post } from './api.js';
import { age, badge, button, bytes, h, headed, level, log, num, panel, plain, refill, s, safe, short, stamp, table } from './dom.js';
import { complaints, counted, draw, known, rows, sentence } from './health.js';

const SAMPLES = 60, LINES_MOST = 300;

// --- the picture ---

const WIDTH = 8, HEIGHT = 150, LABEL = 17, LEFT = 70, THIN = 1.5;

const share = (n, total) => (n / total < 0.0005 ? '' : ((n / total) * 100).toFixed(1).replace('.0', '') + ' %');

// parts: [name, n, class, help], drawn as bands n wide.
function picture(what, width, parts) {
  const total = parts.reduce((sum, p) => sum + p[1], 0), right = Math.round(width * (width < 520 ? 0.45 : 0.52)), mid = (LEFT + right) / 2;
  if (!total) return h('p.dim', `No ${what} yet.`);
  const sorted = [...parts].sort((a, b) => b[1] - a[1]), out = [];
  let from = 0, to = 0;
  for (const [name, n, kind, help] of sorted) {
    const w = Math.max(THIN, (n / total) * HEIGHT), y = from + w / 2, y1 = to + w / 2;
    out.push(s('path.band.' + kind, { d: `M${LEFT} ${y}C${mid} ${y} ${mid} ${y1} ${right} ${y1}`, 'stroke-width': w }),
      s('rect.node.' + kind, { x: right, y: to, width: WIDTH, height: w }),
      s('text.' + kind, { x: right + WIDTH + 6, y: to + Math.max(w / 2, 6) + 4 }, name, ' ', s('tspan.em', num(n)), s('tspan.k', '  ', share(n, total)), s('title', help)));
    from += w;
    to += Math.max(w + 3, LABEL);
  }
  return s('svg.flow', { viewBox: `0 0 ${width} ${Math.max(from, to) + 2}`, role: 'img', 'aria-label': `${num(total)} ${what}: ` + sorted.map((p) => `${p[0]} ${num(p[1])}`).join(', ') },
    s('rect.node', { x: LEFT - WIDTH, y: 0, width: WIDTH, height: from }),
    s('text', { x: LEFT - WIDTH - 6, y: Math.min(from / 2, 60) + 4, 'text-anchor': 'end' }, s('tspan.em', short(total)), s('tspan.k', { x: LEFT - WIDTH - 6, dy: 15 }, what)), out);
}

// Losses are of lines never read, of events on their way, or of files, connections.
export function pictures(width) {
  const of = (kind, name) => counted(kind).map(([n, x, c]) => [n, x, name, c.help, c.sides]), losses = of('loss', 'loss');
  const early = losses.filter((p) => p[4].includes('unframed')), late = losses.filter((p) => p[4].some((side) => ['became', 'answered', 'went'].includes(side)));
  const lines = [...of('fate', 'rest').map(([name, n, kind, help]) => [name, n, { event: 'event', refused: 'loss' }[name] ?? kind, help]), ...early];
  const events = [['sent', known.ledger?.counts.sent ?? 0, 'event', 'accepted upstream'], ['waiting', rows('waiting'), 'rest', 'in the store, to be sent'], ...late].filter((p) => p[1]);
  const each = width > 760 ? width / 2 - 12 : width;
  return [h('div.pair', h('div', h('h3', 'Lines of this run'), picture('lines', each, lines)), h('div', h('h3', 'Events'), picture('events', each, events))),
    h('ul', losses.filter((p) => !early.includes(p) && !late.includes(p)).map(([name, n, , help]) => h('li', h('b.bad', `${name} ${num(n)} `), h('span.dim', help))))];
}

// --- inputs ---

const rates = new Map(); // by input: {t, lines, list of lines a second}

function measure() {
  const t = performance.now() / 1000;
  for (const i of known.inputs) {
    const r = rates.get(i.input) ?? { t, lines: i.lines, list: [] };
    if (t - r.t >= 0.9) {
      r.list = [...r.list, Math.max(0, (i.lines - r.lines) / (t - r.t))].slice(-SAMPLES);
      Object.assign(r, { t, lines: i.lines });
    }
    rates.set(i.input, r);
  }
}

function mini(list) {
  const most = Math.max(1, ...list), at = (v, i) => `${SAMPLES - list.length + i} ${(19 - (v / most) * 18).toFixed(1)}`;
  return s('svg.mini', { viewBox: `0 0 ${SAMPLES} 20`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    s('path', { d: list.length > 1 ? 'M' + list.map(at).join('L') : '', 'vector-effect': 'non-scaling-stroke' }));
}

export function inputsTable() {
  measure();
  return table('Inputs', ['Input', '#Lines/s', '#Lines', '#Last', '#Behind'], known.inputs.map((i) => {
    const list = rates.get(i.input)?.list ?? [], last = list.at(-1) ?? 0, { error } = i;
    return [[h('span.dim', i.kind ? i.kind + ' ' : ''), log(i.input), complaints(i).map(([word, kind]) => [' ', badge(word, kind)]),
      error && h('div.dim', age(error.time, ' ago: '), log(error.text))],
    [mini(list), last >= 10 || last === 0 ? short(Math.round(last)) : last.toFixed(1)], num(i.lines), age(i.last_line), i.behind ? bytes(i.behind) : '–'];
  }));
}

// --- dead letters ---

function deadRow(e, again) {
  const out = h('span.bad', { role: 'status' });
  const act = (verb, sure) => async () => {
    if (sure && !confirm(sure)) return;
    try {
      await post(`/api/dead/${e.id}/${verb}`);
      again();
    } catch (err) {
      out.textContent = err.message;
    }
  };
  return h('li.dead-row', h('div', h('div', h('a', { href: '/event/' + e.id }, safe(e.title || '(no title)')), h('span.dim', ' · ', age(e.time, ' ago'), ` · tried ${num(e.attempts)}×`)),
    e.reason ? h('p.log.bad', safe(e.reason)) : null),
    h('div.row', button(['Retry', h('span.sr', ' ' + plain(e.title))], act('retry')), button(['Drop', h('span.sr', ' ' + plain(e.title))], act('drop', 'Delete this event for good? It stays counted as dead.'), { className: 'bad' }), out));
}

// --- lines as they go by ---

function tap(view) {
  const list = h('div.lines', { tabIndex: 0, ariaLabel: 'Lines', role: 'log' }), toggle = button('Watch lines', () => {
    const yes = toggle.ariaPressed !== 'true';
    toggle.ariaPressed = String(yes);
    live(yes ? { lines: 'on' } : {});
  }, { ariaPressed: 'false' }), missed = h('span.dim');
  let skipped = 0;
  on('line', (l) => {
    const end = list.scrollHeight - list.scrollTop - list.clientHeight < 30;
    list.append(h('div', h('span.dim', stamp(l.time).slice(11)), h('span.' + (l.fate === 'event' ? level(l.level) : 'dim'), { title: plain(l.rule ?? '') }, plain(l.fate ?? '')), l.issue ? h('a.log', { href: '/issue/' + l.issue }, safe(l.message)) : log(l.message)));
    while (list.children.length > LINES_MOST) list.firstChild.remove();
    if (end) list.scrollTop = list.scrollHeight;
  }, view.signal);
  on('skipped', (d) => { missed.textContent = `${num(skipped += d.count)} skipped: more came than can be shown`; }, view.signal);
  return headed('Lines as they go by', h('span.row', missed, toggle), list);
}

export async function flow(view) {
  const picturesAt = h('div'), upstream = h('div'), inputs = h('div'), dead = h('ul');
  let held = 0;
  function put() {
    refill(picturesAt, pictures(Math.max(320, picturesAt.clientWidth)));
    refill(upstream, known.delivery.map((p) => h('p', sentence(p))));
    refill(inputs, inputsTable());
    if (rows('dead') === held || dead.matches(':active')) return;
    held = rows('dead');
    putDead();
  }
  async function putDead() {
    const got = await get('/api/dead', view.signal).catch(() => null), letters = got?.dead ?? [];
    dead.replaceChildren(...(letters.length ? letters.map((e) => deadRow(e, putDead)) : [h('li.dim', 'None: Sentry refused nothing.')]), got?.next ? h('li.dim', 'These are the newest: `crumbd queue ls` has them all.') : '');
  }
  live();
  view.show('Flow', h('h1.sr', 'Flow'), panel('What became of it', picturesAt), panel('Upstream', upstream), panel(h('span', { id: 'inputs' }, 'Inputs'), inputs), panel(h('span', { id: 'dead' }, 'Dead letters'), dead), tap(view));
  draw(view, put);
  await putDead();
  document.getElementById(location.hash.slice(1))?.scrollIntoView();
}
