// What crumbd is asked, and what it says by itself.

import { link } from './dom.js';

async function read(response) {
  const type = response.headers.get('Content-Type') ?? '';
  const body = type.includes('json') ? await response.json() : await response.text();
  if (response.status === 401) location.reload(); // to the form that asks for the token
  if (!response.ok) throw new Error(body?.error ?? (String(body).trim() || `crumbd answers ${response.status}`));
  return body;
}

export async function get(path, signal, params) {
  return read(await fetch(link(path, params), { signal }));
}

// The header is what a page of another origin cannot send without asking first.
export const post = async (path) => read(await fetch(path, { method: 'POST', headers: { 'X-Crumbd': '1' } }));

// --- the live stream ---

const OPEN_MS = 500, HIDDEN_MS = 60000;
const listeners = new Map();
let source = null, address = '', lost = 0;

export function on(event, f, signal) {
  if (!listeners.has(event)) listeners.set(event, new Set());
  listeners.get(event).add(f);
  signal?.addEventListener('abort', () => listeners.get(event).delete(f));
}

function tell(event, data) {
  for (const f of listeners.get(event) ?? []) f(data);
}

function open(path) {
  source?.close();
  source = new EventSource(path);
  source.onopen = () => {
    const again = lost > 0;
    lost = 0;
    tell('connection', { up: true, again });
  };
  source.onerror = () => {
    const refused = source.readyState > 1; // a browser tries again only when nothing answers
    tell('connection', { up: false, lost: ++lost, refused });
    if (refused) setTimeout(() => address === path && open(path), 3000);
  };
  for (const event of ['issue', 'ledger', 'delivery', 'line', 'skipped'])
    source.addEventListener(event, (e) => tell(event, JSON.parse(e.data)));
}

// Goes on listening where the question is the same. Comes back when the stream is open, or was given its time: what is asked for
// then misses nothing.
export function live(params) {
  const path = link('/api/live', params);
  if (path === address) return null;
  address = path;
  open(path);
  return new Promise((go) => {
    source.addEventListener('open', go);
    setTimeout(go, OPEN_MS);
  });
}

// A page that nobody looks at for a while takes no connection from those who look.
export function watch() {
  let timer;
  addEventListener('pagehide', () => source?.close());
  document.addEventListener('visibilitychange', () => {
    clearTimeout(timer);
    if (document.hidden) {
      timer = setTimeout(() => { source?.close(); source = null; }, HIDDEN_MS);
    } else if (!source && address) {
      lost = 1;
      open(address);
    }
  });
  addEventListener('pageshow', (e) => e.persisted && address && open(address));
}
