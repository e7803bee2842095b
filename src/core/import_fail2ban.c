/*
 * import_fail2ban: filters of fail2ban: failregex, with prefregex before it and ignoreregex against it.
 *
 * Three steps: the sections are read, with those of a file that `before` names; names in a value are replaced by what
 * they stand for; what is fail2ban's own in a pattern becomes a rule's (import_fail2ban_pattern.h). The prefix of a
 * syslog line is left out, since rules see the message behind it.
 */
#include "core/import.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "core/import_fail2ban_pattern.h"

enum {
    SETTINGS_MAX = 2000,
    DEPTH_MAX = 16,
    VALUE_BYTES_MAX = 256 << 10,
    TAG_BYTES_MAX = 100,
};

/* Bytes that no line has (import_next_line). MARK: the number of the line that what follows is of, and MARK again.
   MISSING: a name that stands for nothing. */
enum { PREFIX = FAIL2BAN_PREFIX, MARK = 2, MISSING = 3 };

struct setting {
    struct slice section, key;
    bool open;         /* its value is being replaced: it is not part of itself */
    struct sbuf value; /* each line of it behind its number */
};

struct filter {
    struct import *im;
    struct setting *v;
    unsigned n, lookups, lookups_max;
    size_t work_max;
    bool main; /* the file itself is being read, not one beside it */
    unsigned failregex_line;
};

/* --- sections --- */

static void add_line(struct setting *s, struct slice text, unsigned line, bool main)
{
    if (s->value.n)
        sbuf_addc(&s->value, '\n');
    sbuf_addf(&s->value, "%c%u%c", MARK, main ? line : 0, MARK);
    sbuf_adds(&s->value, text);
}

static struct setting *add_setting(struct filter *f, struct slice section, struct slice text, unsigned line)
{
    size_t n = 0;
    while (n < text.n && text.p[n] != '=' && text.p[n] != ':')
        n++;
    if (n == text.n || f->n >= SETTINGS_MAX) {
        import_note(f->im, line, n == text.n ? "this is no key with a value" : "there are more keys than are read");
        return NULL;
    }
    f->v = xroom(f->v, f->n, sizeof *f->v);
    struct setting *s = &f->v[f->n++];
    *s = (struct setting){.section = section, .key = slice_trim(slice_sub(text, 0, n))};
    sbuf_init(&s->value, VALUE_BYTES_MAX);
    add_line(s, slice_trim(slice_from(text, n + 1)), line, f->main);
    if (f->main && slice_ieq(s->key, SLICE("failregex")))
        f->failregex_line = line;
    return s;
}

static void read_settings(struct filter *f, struct slice text)
{
    struct slice line_text, section = SLICE("Definition");
    struct setting *last = NULL;
    unsigned line = 0;
    while (import_next_line(f->im, &text, &line_text, &line)) {
        struct slice t = slice_trim(line_text);
        bool inside = last && t.n && line_text.p[0] == ' ';
        if (!t.n)
            continue;
        if (t.p[0] == '#' || t.p[0] == ';') {
            if (f->main)
                import_comment(f->im, t);
        } else if (inside) {
            add_line(last, t, line, f->main);
        } else if (t.p[0] == '[') {
            slice_skip(&t, 1);
            section = slice_split(&t, ']');
            last = NULL;
        } else {
            last = add_setting(f, section, t, line);
        }
    }
}

/* The last one counts: a file's own stand behind those of the files before it. */
static struct setting *find(struct filter *f, const char *section, struct slice of, struct slice key)
{
    if (f->lookups++ > f->lookups_max)
        return NULL;
    for (unsigned i = f->n; i; i--) {
        struct setting *s = &f->v[i - 1];
        bool here = section ? slice_ieq(s->section, slice_str(section)) : slice_eq(s->section, of);
        if (here && slice_ieq(s->key, key))
            return s;
    }
    return NULL;
}

/* name, or section/name. */
static struct setting *lookup(struct filter *f, struct slice name)
{
    static const char *const order[] = {"Definition", "Init", "DEFAULT"};
    struct slice key = name, section = slice_split(&key, '/');
    if (key.p)
        return find(f, NULL, section, key);
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        struct setting *s = find(f, order[i], SLICE_NONE, name);
        if (s)
            return s;
    }
    return NULL;
}

/* --- names in values --- */

static void expand(struct filter *f, struct slice s, unsigned depth, struct sbuf *out);

static bool is_name_byte(char c)
{
    return ascii_alnum(c) || c == '_' || c == '-' || c == '/';
}

static bool is_own_tag(struct slice name)
{
    static const char *const tags[] = {"HOST", "ADDR", "IP4", "IP6", "DNS", "CIDR", "SUBNET"};
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        if (slice_is(name, tags[i]))
            return true;
    return slice_starts(name, SLICE("F-")) || slice_starts(name, SLICE("/F-"));
}

/* The value of a name; false: it has none. */
static bool put_named(struct filter *f, struct slice name, unsigned depth, struct sbuf *out)
{
    if (slice_ends(name, SLICE("__prefix_line"))) {
        sbuf_addc(out, PREFIX);
        return true;
    }
    struct setting *s = depth < DEPTH_MAX ? lookup(f, name) : NULL;
    f->im->work_bytes += s ? s->value.n : 0;
    if (!s || s->open || f->im->work_bytes > f->work_max)
        return false;
    s->open = true;
    expand(f, sbuf_slice(&s->value), depth + 1, out);
    s->open = false;
    return true;
}

static size_t tag(struct filter *f, struct slice s, unsigned depth, struct sbuf *name);

/* A value without the numbers of its lines. */
static void add_unmarked(struct slice v, struct sbuf *out)
{
    while (v.n) {
        const char *mark = slice_chr(v, MARK);
        size_t before = mark ? (size_t)(mark - v.p) : v.n;
        sbuf_adds(out, slice_sub(v, 0, before));
        slice_skip(&v, before + 1);
        if (mark)
            slice_split(&v, MARK);
    }
}

/* At a "<" inside a tag: what it stands for is part of the name. Returns how much of s it is; 0: it stands for nothing.
 */
static size_t tag_inside(struct filter *f, struct slice s, unsigned depth, struct sbuf *name)
{
    struct sbuf inner, value;
    sbuf_init(&inner, TAG_BYTES_MAX);
    sbuf_init(&value, TAG_BYTES_MAX);
    size_t n = depth < DEPTH_MAX ? tag(f, s, depth + 1, &inner) : 0;
    if (n && put_named(f, sbuf_slice(&inner), depth, &value) && !value.over)
        add_unmarked(sbuf_slice(&value), name);
    else
        n = 0;
    sbuf_done(&inner);
    sbuf_done(&value);
    return n;
}

/* At "<", inside which there may be others. Returns how much of s it is; 0: it is text. */
static size_t tag(struct filter *f, struct slice s, unsigned depth, struct sbuf *name)
{
    size_t i = 1;
    while (i < s.n && s.p[i] != '>' && !name->over) {
        size_t n = s.p[i] == '<' ? tag_inside(f, slice_from(s, i), depth, name) : is_name_byte(s.p[i]);
        if (!n)
            return 0;
        if (s.p[i] != '<')
            sbuf_addc(name, s.p[i]);
        i += n;
    }
    return i < s.n && name->n && !name->over ? i + 1 : 0;
}

/* Whether "<" behind what is written is the name of a group. */
static bool begins_group(const struct sbuf *out)
{
    struct slice w = sbuf_slice(out);
    return slice_ends(w, SLICE("(?")) || slice_ends(w, SLICE("(?P")) || slice_ends(w, SLICE("\\k")) ||
           slice_ends(w, SLICE("\\g"));
}

/* At "<". Returns how much of it has been taken. */
static size_t put_tag(struct filter *f, struct slice s, unsigned depth, struct sbuf *out)
{
    struct sbuf name;
    sbuf_init(&name, TAG_BYTES_MAX);
    size_t n = begins_group(out) ? 0 : tag(f, s, depth, &name);
    struct slice what = sbuf_slice(&name);
    if (!n)
        sbuf_addc(out, '<');
    else if (is_own_tag(what))
        sbuf_addf(out, "<%.*s>", SLICE_ARG(what));
    else if (!put_named(f, what, depth, out))
        sbuf_adds(out, slice_sub(s, 0, n));
    sbuf_done(&name);
    return n ? n : 1;
}

/* At "%". */
static size_t put_percent(struct filter *f, struct slice s, unsigned depth, struct sbuf *out)
{
    struct slice rest = slice_from(s, 2), name = slice_split(&rest, ')');
    if (slice_starts(s, SLICE("%%"))) {
        sbuf_addc(out, '%');
        return 2;
    }
    if (!slice_starts(s, SLICE("%(")) || !slice_starts(rest, SLICE("s"))) {
        sbuf_addc(out, '%');
        return 1;
    }
    if (!put_named(f, name, depth, out)) {
        import_note(f->im, f->failregex_line, "%%(%.*s)s stands for nothing that could be found", SLICE_ARG(name));
        sbuf_addc(out, MISSING);
    }
    return name.n + 4;
}

static void expand(struct filter *f, struct slice s, unsigned depth, struct sbuf *out)
{
    for (size_t i = 0, n; i < s.n && !out->over; i += n) {
        n = 1;
        if (s.p[i] == '%')
            n = put_percent(f, slice_from(s, i), depth, out);
        else if (s.p[i] == '<')
            n = put_tag(f, slice_from(s, i), depth, out);
        else
            sbuf_addc(out, s.p[i]);
    }
}

/* What a key stands for, in the arena; empty: it is not there. */
static struct slice value_of(struct filter *f, const char *key)
{
    struct sbuf out;
    sbuf_init(&out, VALUE_BYTES_MAX);
    put_named(f, slice_str(key), 0, &out);
    if (out.over)
        import_note(f->im, f->failregex_line, "%s is longer than %d bytes when its names are replaced", key,
                    VALUE_BYTES_MAX);
    struct slice v = out.over ? SLICE("") : arena_dup(&f->im->arena, sbuf_slice(&out));
    sbuf_done(&out);
    return v;
}

/* The next line of a value, without numbers; *line: the number it begins with. */
static bool next_value_line(struct import *im, struct slice *rest, struct slice *out, unsigned *line)
{
    if (!rest->p)
        return false;
    struct slice text = slice_split(rest, '\n');
    char *copy = arena_alloc(&im->arena, text.n + 1);
    size_t n = 0;
    while (text.n) {
        const char *mark = slice_chr(text, MARK);
        size_t before = mark ? (size_t)(mark - text.p) : text.n;
        if (before)
            memcpy(copy + n, text.p, before);
        n += before;
        slice_skip(&text, before + 1);
        struct slice number = mark ? slice_split(&text, MARK) : SLICE_NONE;
        uint64_t v = 0;
        if (mark && !n && slice_u64(number, &v) && v) /* the last one before its text: a name may stand for it */
            *line = (unsigned)v;
    }
    *out = slice_trim(slice_of(copy, n));
    return true;
}

/* The whole of a value that has one line. */
static struct slice line_of(struct filter *f, const char *key)
{
    struct slice rest = value_of(f, key), text = SLICE("");
    unsigned line = 0;
    while (next_value_line(f->im, &rest, &text, &line) && !text.n)
        ;
    return text;
}

/* --- patterns --- */

/* prefregex says what stands before the text that failregex is about. */
static struct slice behind_prefix(struct filter *f, struct slice pref, struct slice regex)
{
    static const struct slice open = SLICE("<F-CONTENT>");
    ptrdiff_t at = slice_find(pref, open);
    struct sbuf out;
    bool anchored = slice_starts(regex, SLICE("^"));
    if (at < 0)
        return regex;
    sbuf_init(&out, 2 * (size_t)IMPORT_PATTERN_BYTES);
    sbuf_adds(&out, slice_sub(pref, 0, (size_t)at));
    sbuf_adds(&out, anchored ? slice_from(regex, 1) : SLICE(".*?"));
    sbuf_adds(&out, anchored ? SLICE_NONE : regex);
    struct slice whole = out.over ? regex : arena_dup(&f->im->arena, sbuf_slice(&out));
    sbuf_done(&out);
    return whole;
}

/* All of ignoreregex as one pattern; empty: there is none. */
static struct slice unless_of(struct filter *f)
{
    struct slice rest = value_of(f, "ignoreregex"), text;
    struct sbuf all;
    unsigned line = 0;
    sbuf_init(&all, IMPORT_PATTERN_BYTES);
    while (next_value_line(f->im, &rest, &text, &line)) {
        struct fail2ban_pattern c;
        fail2ban_pattern_read(&c, text);
        if (text.n && slice_chr(text, MISSING))
            import_note(f->im, line, "this part of ignoreregex is left out: a name of it stands for nothing");
        else if (text.n)
            sbuf_addf(&all, "%s(?:%.*s)", all.n ? "|" : "", SLICE_ARG(sbuf_slice(&c.out)));
        sbuf_done(&c.out);
    }
    struct slice made = all.over ? SLICE("") : arena_dup(&f->im->arena, sbuf_slice(&all));
    sbuf_done(&all);
    return made;
}

static struct slice app_of(struct filter *f)
{
    struct slice daemon = line_of(f, "_daemon");
    if (!daemon.n || slice_chr(daemon, MISSING) || slice_is(daemon, "\\S*") || slice_is(daemon, "\\S+"))
        return SLICE("");
    struct sbuf app;
    sbuf_init(&app, 1000);
    sbuf_addf(&app, "^(?:%.*s)$", SLICE_ARG(daemon));
    struct slice made = app.over ? SLICE("") : arena_dup(&f->im->arena, sbuf_slice(&app));
    sbuf_done(&app);
    return made;
}

/* Of a line of nginx's error log rules see what stands between the connection and the client, which is a field. */
static void add_nginx(struct import *im, struct import_rule *r, struct slice regex)
{
    static const struct slice connection = SLICE("\\*\\d+ "), client = SLICE(", client: %{");
    ptrdiff_t from = slice_find(regex, connection), to = slice_find(regex, client);
    struct sbuf out;
    if (from < 0 || to < from)
        return;
    sbuf_init(&out, IMPORT_PATTERN_BYTES + 1);
    sbuf_addc(&out, '^');
    sbuf_adds(&out, slice_sub(regex, (size_t)from + connection.n, (size_t)to));
    r->matches[r->n_matches++] = arena_dup(&im->arena, sbuf_slice(&out));
    sbuf_done(&out);
}

/* A client at the front, and a request in quotes: crumbd takes such lines apart, and rules see no such text. */
static bool is_of_access_log(struct slice regex)
{
    return slice_starts(regex, SLICE("^%{IPORHOST:client} ")) && slice_chr(regex, '"');
}

static void make_rule(struct filter *f, struct slice whole, unsigned line, struct slice unless, struct slice app)
{
    struct fail2ban_pattern c;
    fail2ban_pattern_read(&c, whole);
    if (c.no_failure)
        import_note(f->im, line, "left out: by itself it is no failure (F-NOFAIL, F-MLFGAINED)");
    else if (slice_chr(whole, MISSING))
        import_note(f->im, line, "left out: a name of it stands for nothing");
    else if (is_of_access_log(sbuf_slice(&c.out)))
        import_note(f->im, line, "left out: it is about an access log, whose lines rules see by their fields");
    else if (c.out.over || c.opened)
        import_note(f->im, line,
                    c.opened ? "left out: a tag of it is not closed" : "left out: the pattern is too long");
    else {
        struct import_rule *r = import_add(f->im, line, SLICE_NONE);
        if (r) {
            r->matches[r->n_matches++] = r->texts[0] = arena_dup(&f->im->arena, sbuf_slice(&c.out));
            add_nginx(f->im, r, r->texts[0]);
            r->unless = unless;
            r->app = app;
            r->failure = true;
        }
    }
    sbuf_done(&c.out);
}

static void make_rules(struct filter *f)
{
    struct slice unless = unless_of(f), app = app_of(f), pref = line_of(f, "prefregex"), text;
    struct slice rest = value_of(f, "failregex");
    unsigned line = f->failregex_line;
    if (!rest.n)
        import_note(f->im, line, "there is no failregex");
    while (rest.n && next_value_line(f->im, &rest, &text, &line))
        if (text.n)
            make_rule(f, behind_prefix(f, pref, text), line, unless, app);
}

/* --- what else there is --- */

static void note_rest(struct filter *f)
{
    static const struct {
        const char *key, *why;
    } rest[] = {{"datepattern", "crumbd finds times by itself"},
                {"maxlines", "patterns over several lines do not hold here: crumbd joins by its own grammars"},
                {"journalmatch", "an input reads a unit: - journal: NAME.service"}};
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++) {
        uint64_t told = 0;
        for (unsigned k = 0; k < f->n; k++) { /* each stands there twice */
            struct slice v = sbuf_slice(&f->v[k].value), number;
            uint64_t line = 0;
            slice_skip(&v, 1);
            number = slice_split(&v, MARK);
            bool plain = slice_is(v, "1") || !v.n;
            if (slice_is(f->v[k].key, rest[i].key) && slice_u64(number, &line) && line > told && !plain) {
                told = line;
                import_note(f->im, (unsigned)line, "%s is not carried over: %s", rest[i].key, rest[i].why);
            }
        }
    }
}

static void read_limits(struct filter *f)
{
    uint64_t count = 0, seconds = 0;
    struct slice most = line_of(f, "maxretry"), within = line_of(f, "findtime");
    if (slice_u64(most, &count) && count >= 1 && count <= 10000)
        f->im->count = (unsigned)count;
    if (slice_u64(within, &seconds) && seconds) {
        char text[32];
        f->im->within = arena_dup(
            &f->im->arena, slice_of(text, (size_t)snprintf(text, sizeof text, "%us", (unsigned)(seconds % 10000000))));
    }
}

/* Files that this one names, before it, as fail2ban reads them; not what those name. */
static void read_before(struct filter *f)
{
    struct slice names = value_of(f, "INCLUDES/before"), line;
    unsigned at = 0;
    f->main = false;
    while (names.n && next_value_line(f->im, &names, &line, &at)) {
        struct slice text = line.n ? f->im->beside(f->im->u, line) : SLICE_NONE;
        if (text.p)
            read_settings(f, slice_sub(text, 0, IMPORT_FILE_BYTES));
        else if (line.n)
            import_note(f->im, at, "%.*s, which it names as `before`, cannot be read beside it", SLICE_ARG(line));
    }
    f->main = true;
}

void import_fail2ban(struct import *im, struct slice text)
{
    /* More than any real one needs, and little for a small one: names may stand for each other again and again. */
    struct filter f = {.im = im,
                       .main = true,
                       .lookups_max = 100 + (unsigned)text.n / 4,
                       .work_max = IMPORT_WORK_BYTES / 512 + 256 * text.n};
    f.work_max = f.work_max < IMPORT_WORK_BYTES ? f.work_max : IMPORT_WORK_BYTES;
    struct slice again = text;
    read_settings(&f, text);
    im->n_samples = im->n_notes = 0;
    read_before(&f); /* what it names has to be known first, and to stand before its own, which are read once more */
    read_settings(&f, again);
    make_rules(&f);
    note_rest(&f);
    read_limits(&f);
    for (unsigned i = 0; i < f.n; i++)
        sbuf_done(&f.v[i].value);
    free(f.v);
}
