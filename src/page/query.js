// QUERY as crumbd(8) has it: words, and name:value. Taken apart as far as the filters need it.

const TERM = /(?:[^\s"]+:)?"(?:[^"\\]|\\.)*"|\S+/g;

const terms = (q) => q.match(TERM) ?? [];

const named = (term, name) => term.toLowerCase().startsWith(name + ':');

export function valueOf(q, name) {
  const term = terms(q).find((t) => named(t, name));
  if (!term) return '';
  const value = term.slice(name.length + 1);
  return value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value;
}

export function quoted(value) {
  return /^[\w.@/*:+-]+$/.test(value) ? value : '"' + value.replace(/["\\]/g, '\\$&') + '"';
}

// The query with another value for this name; none: without it.
export function withValue(q, name, value) {
  const rest = terms(q).filter((t) => !named(t, name));
  return (value ? [...rest, `${name}:${quoted(value)}`] : rest).join(' ');
}
