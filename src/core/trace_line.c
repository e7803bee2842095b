#include "core/trace_line.h"

#include "core/recognise.h"

/* --- cleaning --- */

/* ECMA-48, 5.4: ESC [, parameters, one final byte. Its length; 0: none at p. */
static size_t control_sequence(const char *p, const char *e)
{
    const char *s = p;
    if (e - p < 3 || p[0] != 0x1b || p[1] != '[')
        return 0;
    for (p += 2; p < e && *p >= 0x20 && *p <= 0x3f;)
        p++;
    return p < e && *p >= 0x40 && *p <= 0x7e ? (size_t)(p + 1 - s) : 0;
}

struct slice trace_line_clean(struct arena *a, struct slice line)
{
    while (line.n && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r'))
        line.n--;
    line = slice_sub(line, 0, TRACE_BYTES_MAX);
    if (!slice_chr(line, 0x1b) && (!slice_chr(line, '#') || slice_find(line, SLICE("#011")) < 0))
        return line;
    char *out = arena_alloc(a, line.n + 1);
    const char *p = line.p, *e = p + line.n;
    size_t n = 0;
    while (p < e) {
        size_t control = control_sequence(p, e);
        bool tab = slice_starts(slice_of(p, (size_t)(e - p)), SLICE("#011"));
        if (control == 0)
            out[n++] = tab ? '\t' : *p;
        p += control ? control : tab ? 4 : 1;
    }
    return slice_of(out, n);
}

/* --- escapes --- */

/* C's escapes that loggers write: what is behind the backslash, or 0. */
static char escaped(char c)
{
    switch (c) {
    case 'n':
        return '\n';
    case 't':
        return '\t';
    case 'r':
        return '\r';
    case '"':
    case '\\':
    case '/':
        return c;
    default:
        return 0;
    }
}

struct slice trace_line_unquote(struct arena *a, struct slice text)
{
    char *out = arena_alloc(a, text.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i] == '\\' && i + 1 < text.n ? escaped(text.p[i + 1]) : 0;
        out[n++] = c ? c : text.p[i];
        i += c != 0;
    }
    return slice_of(out, n);
}

static bool is_level(struct slice s);

/* --- prefixes --- */

void trace_line_learn(struct trace_walk *walk, struct slice text)
{
    trace_prefix_learn(&walk->prefix, text);
    walk->prefix_use = walk->prefix.n ? TRACE_PREFIX_OPEN : TRACE_PREFIX_NONE;
}

static bool is_blank_from(const struct trace_walk *walk, size_t n)
{
    while (n < walk->prefix.n && (walk->prefix.v[n] == ' ' || walk->prefix.v[n] == '\t'))
        n++;
    return n == walk->prefix.n;
}

/* The line has the whole prefix; or it is nothing else, and has lost the blanks at its end. */
static bool has_all(const struct trace_walk *walk, const struct trace_along *a, struct slice line)
{
    return a->n == walk->prefix.n || (a->at == line.n && is_blank_from(walk, a->n));
}

static struct trace_fit fit_of(struct slice line, size_t at, size_t n, bool record)
{
    return (struct trace_fit){.rest = slice_from(line, at), .n_prefix = (uint8_t)n, .record = record};
}

/*
 * docker compose and kubectl put a container's name before every line: "web-1  | ", "[pod/web-5d8f/app] ". A line that
 * has another's is of another.
 */
static size_t container_name(struct slice s)
{
    size_t n = 0;
    if (slice_starts(s, SLICE("[pod/"))) {
        ptrdiff_t end = slice_find(s, SLICE("] "));
        return end < 0 ? 0 : (size_t)end + 2;
    }
    while (n < s.n && (ascii_alnum(s.p[n]) || s.p[n] == '-' || s.p[n] == '_' || s.p[n] == '.'))
        n++;
    size_t name = n;
    while (n < s.n && s.p[n] == ' ')
        n++;
    return name > 0 && n > name && n < s.n && s.p[n] == '|' && (n + 1 == s.n || s.p[n + 1] == ' ') ? n + 1 : 0;
}

static bool is_of_another_container(const struct trace_walk *walk, const struct trace_along *a, struct slice line)
{
    size_t name = container_name(trace_prefix_text(&walk->prefix));
    return name > 0 && a->n < name && container_name(line) > 0;
}

unsigned trace_line_fits(const struct trace_walk *walk, struct slice line, struct trace_fit fits[TRACE_FITS_MAX])
{
    unsigned n = 0;
    struct trace_along a = trace_prefix_along(&walk->prefix, line);
    bool all = has_all(walk, &a, line);
    if (is_of_another_container(walk, &a, line))
        return 0;
    if (walk->prefix_use == TRACE_PREFIX_NONE) {
        bool again = all && walk->prefix.n && !is_blank_from(walk, 0);
        fits[n++] = fit_of(line, 0, walk->prefix.n, again);
        return n;
    }
    if (all)
        fits[n++] = fit_of(line, a.at, walk->prefix.n, false);
    if (walk->prefix_use == TRACE_PREFIX_ALL)
        return n;
    if (!all && a.at == line.n) /* an empty line behind what the collector puts before all */
        fits[n++] = fit_of(line, a.at, a.word_n, false);
    else if (!all && a.word_n)
        fits[n++] = fit_of(line, a.word_at, a.word_n, false);
    fits[n++] = fit_of(line, 0, 0, false);
    return n;
}

struct trace_fit trace_line_bare(struct slice line)
{
    return (struct trace_fit){.rest = line, .bare = true};
}

/*
 * Two programs that print at the same time are told apart by what a collector puts before every line of theirs. So from
 * the first line of another on, those of this trace must have the prefix of the first line.
 */
bool trace_line_is_foreign(struct trace_walk *walk, const struct trace_fit *fits, unsigned n)
{
    bool has_prefix = n && fits[0].n_prefix == walk->prefix.n;
    if (walk->prefix_use == TRACE_PREFIX_NONE || has_prefix || walk->foreign >= TRACE_FOREIGN_MAX)
        return false;
    if (container_name(trace_prefix_text(&walk->prefix)) == 0)
        walk->prefix_use = TRACE_PREFIX_ALL;
    walk->foreign++;
    return true;
}

/* A learnt prefix begins as a record does: with a time, or with a level. */
static bool is_head(struct slice prefix)
{
    if (prefix.n && (prefix.p[0] == '[' || prefix.p[0] == '<'))
        slice_skip(&prefix, 1);
    return prefix.n && (prefix.p[0] == TRACE_PREFIX_TIME || is_level(prefix));
}

void trace_line_settle(struct trace_walk *walk, const struct trace_fit *fit)
{
    if (walk->prefix_use != TRACE_PREFIX_OPEN)
        return;
    walk->prefix_use = fit->n_prefix ? TRACE_PREFIX_ALL : TRACE_PREFIX_NONE;
    if (fit->n_prefix)
        walk->prefix.n = fit->n_prefix;
    else
        walk->after_record |= is_head(trace_prefix_text(&walk->prefix));
}

/* --- records --- */

static bool is_level(struct slice s)
{
    static const char *const words[] = {"TRACE",   "DEBUG", "INFO",     "NOTICE", "WARN",
                                        "WARNING", "ERROR", "CRITICAL", "FATAL",  "SEVERE"};
    size_t n = recognise_letters(s.p, s.p + s.n);
    if (n < 4 || n > 8 || n == s.n || (s.p[n] != ' ' && s.p[n] != ':' && s.p[n] != ']' && s.p[n] != '\t'))
        return false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (slice_is(slice_sub(s, 0, n), words[i]))
            return true;
    return false;
}

/* glog and klog: I0506 07:08:09.123456; Ruby's Logger: I, [2024-05-06T07:08:09 */
static size_t letter_before_time(struct slice s)
{
    if (s.n > 6 && strchr("DIWEFA", s.p[0]) && s.p[1] == ',' && s.p[2] == ' ' && s.p[3] == '[')
        return 4;
    return s.n > 8 && strchr("IWEF", s.p[0]) && recognise_digits(s.p + 1, s.p + s.n) == 4 && s.p[5] == ' ' ? 6 : 0;
}

/* An access line: an address, a dash, who it was, and a time in brackets. */
static bool is_access_line(struct slice s)
{
    enum { WHO_MAX = 64 };
    size_t n = 0;
    while (n < s.n && n < WHO_MAX && (ascii_hex(s.p[n]) || s.p[n] == '.' || s.p[n] == ':'))
        n++;
    struct slice rest = slice_sub(s, n, n + WHO_MAX);
    ptrdiff_t open = n >= 3 && slice_starts(rest, SLICE(" - ")) ? slice_find(rest, SLICE(" [")) : -1;
    if (open < 0 || (size_t)open + 2 == rest.n)
        return false;
    const char *time = rest.p + open + 2;
    return trace_prefix_time(time, time, s.p + s.n) > 0;
}

bool trace_line_is_record(struct slice line)
{
    struct slice s = line;
    if (slice_starts(s, SLICE("{\"")))
        return true;
    if (s.n && (s.p[0] == '[' || s.p[0] == '<'))
        slice_skip(&s, 1);
    slice_skip(&s, s.n ? letter_before_time(s) : 0);
    if (s.n < 5)
        return false;
    return is_level(s) || trace_prefix_time(s.p, s.p, s.p + s.n) > 0 || is_access_line(line);
}

/* --- heads --- */

static size_t blanks(struct slice s)
{
    return slice_span(s, ascii_space);
}

static bool is_in_word(char c)
{
    return !ascii_space(c);
}

/* "time ", with the blanks behind. *collected: in the form that Docker and kubectl write it. */
static size_t time_head(struct slice s, bool *collected)
{
    size_t time = s.n ? trace_prefix_time(s.p, s.p, s.p + s.n) : 0, gap = blanks(slice_from(s, time));
    *collected = time && s.p[time - 1] == 'Z';
    return time && gap ? time + gap : 0;
}

/* "name[pid]: ", as syslog writes it: a colon and no other. */
static size_t program_head(struct slice s)
{
    enum { NAME_MAX_BYTES = 80 };
    size_t n = slice_span(slice_sub(s, 0, NAME_MAX_BYTES), is_in_word);
    bool named = n > 2 && n + 1 < s.n && s.p[n - 1] == ':' && s.p[n - 2] == ']' && s.p[n] == ' ' && ascii_alpha(s.p[0]);
    return named && slice_chr(slice_sub(s, 0, n), '[') ? n + 1 : 0;
}

/* A host stands before the program, or nothing. */
static size_t origin_head(struct slice s)
{
    enum { HOST_MAX = 80 };
    size_t n = program_head(s), host = slice_span(slice_sub(s, 0, HOST_MAX), is_in_word);
    if (n || !host || host >= s.n || s.p[host] != ' ')
        return n;
    n = program_head(slice_from(s, host + 1));
    return n ? host + 1 + n : 0;
}

/* stern: pod and container, of which the pod's name has a dash and a digit. */
static size_t pod_head(struct slice s)
{
    enum { POD_MAX = 128 };
    struct slice pod = slice_sub(s, 0, slice_span(slice_sub(s, 0, POD_MAX), is_in_word));
    size_t digits = 0;
    for (size_t i = 0; i < pod.n; i++) {
        if (!ascii_alnum(pod.p[i]) && pod.p[i] != '-')
            return 0;
        digits += ascii_digit(pod.p[i]);
    }
    if (!digits || !slice_chr(pod, '-') || pod.n >= s.n || s.p[pod.n] != ' ' || !ascii_alpha(s.p[0]))
        return 0;
    struct slice rest = slice_from(s, pod.n + 1);
    size_t n = 0;
    while (n < rest.n && (ascii_alnum(rest.p[n]) || rest.p[n] == '-'))
        n++;
    return n && n < rest.n && rest.p[n] == ' ' ? pod.n + 1 + n + 1 : 0;
}

size_t trace_line_head(struct slice line)
{
    size_t at = container_name(line);
    at = at ? at + blanks(slice_from(line, at)) : pod_head(line);
    bool collected = false;
    struct slice rest = slice_from(line, at);
    size_t time = time_head(rest, &collected), origin = origin_head(slice_from(rest, time));
    at += origin || collected ? time + origin : 0;
    return at < line.n ? at : 0;
}
