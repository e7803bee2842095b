#include "app/learn_import.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/file.h"
#include "app/rule_file.h"
#include "base/xalloc.h"
#include "core/event_members.h"
#include "core/scrub.h"
#include "parsers/parser.h"
#include "text/pattern_text.h"

enum { TRIES = 64, TEXT_BYTES_MAX = 1000, ID_MAX = 40, ID_WORDS = 4, TAGS_MAX = 8, TYPE_MAX = 40 };

/* A rule on its way. */
struct entry {
    const struct import_rule *rule;
    const struct slice *match; /* the one of its patterns that is used */
    char *sample, *message;    /* a line, and what rules see of it */
    enum format format;
    bool by_client, dropped;
    char id[ID_MAX + 8];
    unsigned from, to; /* its lines in the file */
};

struct work {
    struct import *im;
    struct slice pack;
    struct entry *v;
    struct entry *at; /* that is being tried */
    struct grok own;  /* names of the file */
    struct grok easy; /* the same, of which texts are made */
    struct regex *matches[IMPORT_CUTS_MAX], *unless;
    struct regex_scratch *scratch;
    struct scrub *scrub;
    struct rule_file file;
    bool known;         /* what is being tried is a line of a format of its own, and counts as one alone */
    struct arena arena; /* the life of one entry */
    const char *path;
    unsigned errors;
};

/* What names of the library stand for where a text is made of them: the least that is always right. */
static const struct grok_name easy_names[] = {
    {SLICE("IPORHOST"), SLICE("192\\.0\\.2\\.7")},
    {SLICE("IP"), SLICE("192\\.0\\.2\\.7")},
    {SLICE("IPV4"), SLICE("192\\.0\\.2\\.7")},
    {SLICE("IPV6"), SLICE("2001:db8::7")},
    {SLICE("HOSTNAME"), SLICE("web-1\\.example\\.com")},
    {SLICE("HOST"), SLICE("web-1\\.example\\.com")},
    {SLICE("EMAILADDRESS"), SLICE("who@example\\.com")},
    {SLICE("USER"), SLICE("alice")},
    {SLICE("USERNAME"), SLICE("alice")},
    {SLICE("INT"), SLICE("17")},
    {SLICE("NUMBER"), SLICE("17")},
    {SLICE("BASE10NUM"), SLICE("17")},
    {SLICE("POSINT"), SLICE("17")},
    {SLICE("NONNEGINT"), SLICE("17")},
    {SLICE("WORD"), SLICE("word")},
    {SLICE("NOTSPACE"), SLICE("word")},
    {SLICE("DATA"), SLICE("words of it")},
    {SLICE("GREEDYDATA"), SLICE("words of it")},
    {SLICE("QUOTEDSTRING"), SLICE("\"words\"")},
    {SLICE("QS"), SLICE("\"words\"")},
    {SLICE("UUID"), SLICE("1b671a64-40d5-491e-99b0-da01ff1f3341")},
    {SLICE("LOGLEVEL"), SLICE("ERROR")},
    {SLICE("PATH"), SLICE("/srv/shop")},
    {SLICE("UNIXPATH"), SLICE("/srv/shop")},
    {SLICE("URIPATH"), SLICE("/cart")},
    {SLICE("URIPATHPARAM"), SLICE("/cart\\?id=17")},
    {SLICE("URI"), SLICE("https://web-1\\.example\\.com/cart")},
    {SLICE("HTTPDATE"), SLICE("30/Nov/2026:10:20:30 \\+0000")},
    {SLICE("TIMESTAMP_ISO8601"), SLICE("2026-11-30T10:20:30Z")},
    {SLICE("SYSLOGTIMESTAMP"), SLICE("Nov 30 10:20:30")},
    {SLICE("DATE_EU"), SLICE("30/11/2026")},
    {SLICE("TIME"), SLICE("10:20:30")},
};

enum { N_EASY = sizeof easy_names / sizeof *easy_names };

static void drop(struct work *w, struct entry *e, const char *why)
{
    if (!e->dropped)
        import_note(w->im, e->rule->line, "left out: %s", why);
    e->dropped = true;
}

/* --- patterns --- */

/* NULL, and *why: it does not compile. */
static struct regex *compile(const struct work *w, struct slice pattern, char why[256])
{
    struct grok_text t;
    size_t at;
    struct regex *re = NULL;
    if (!grok_expand(&w->own, pattern, &t))
        snprintf(why, 256, "%s", t.message);
    else
        re = regex_compile_late(sbuf_slice(&t.regex), false, &at, why);
    for (unsigned i = 0; re && i < t.n_fields; i++)
        regex_rename(re, t.fields[i].group, slice_str(t.fields[i].name));
    grok_done(&t);
    return re;
}

/* Those of its patterns that compile; false: none does. */
static bool compile_all(struct work *w, struct entry *e)
{
    char why[256] = "";
    bool any = false;
    w->unless = e->rule->unless.n ? compile(w, e->rule->unless, why) : NULL;
    if (e->rule->unless.n && !w->unless) {
        import_note(w->im, e->rule->line, "ignoreregex is not carried over: %s", why);
        ((struct import_rule *)(uintptr_t)e->rule)->unless = SLICE("");
    }
    for (unsigned i = 0; i < e->rule->n_matches; i++) {
        w->matches[i] = compile(w, e->rule->matches[i], why);
        any |= w->matches[i] != NULL;
    }
    if (!any)
        drop(w, e, why);
    return any;
}

static void forget_patterns(struct work *w)
{
    for (unsigned i = 0; i < IMPORT_CUTS_MAX; i++) {
        regex_free(w->matches[i]);
        w->matches[i] = NULL;
    }
    regex_free(w->unless);
    w->unless = NULL;
}

/* --- samples --- */

/* Whether the rule would match the line, of which crumbd makes a record. */
static bool take_line(struct work *w, struct slice line)
{
    static struct record r; /* it is large */
    struct entry *e = w->at;
    struct parse_ctx ctx = {.arena = &w->arena, .last_us = RECORD_NO_TIME};
    enum format format = parser_detect(line);
    record_init(&r, format, line);
    if (!parser_parse(format, &ctx, &r) || !slice_eq(scrub_text(w->scrub, line, &w->arena), line))
        return false;
    for (unsigned i = 0; i < e->rule->n_matches; i++) {
        if (!w->matches[i] || regex_match(w->matches[i], w->scratch, r.message, 0) != REGEX_YES ||
            (w->unless && regex_match(w->unless, w->scratch, r.message, 0) == REGEX_YES))
            continue;
        e->match = &e->rule->matches[i];
        e->by_client = regex_number(w->matches[i], SLICE("client")) || format == FORMAT_NGINX_ERROR;
        e->sample = slice_dup(line);
        e->message = slice_dup(r.message);
        e->format = format;
        return true;
    }
    return false;
}

/* As the program's syslog writes it. */
static bool take_syslog(struct work *w, struct slice text)
{
    struct sbuf app, line;
    sbuf_init(&app, 100);
    sbuf_init(&line, 4 * (size_t)TEXT_BYTES_MAX);
    bool ok = pattern_text(w->at->rule->app, 0, &app);
    sbuf_addf(&line, "Nov 30 10:20:30 web-1 %s[17]: ", sbuf_cstr(&app));
    sbuf_adds(&line, text);
    ok = ok && !line.over && take_line(w, sbuf_slice(&line));
    sbuf_done(&app);
    sbuf_done(&line);
    return ok;
}

/* With a time before it: as nginx writes its error log, if that is what it is, else as most others do. */
static bool take_dated(struct work *w, struct slice text)
{
    static const struct slice dates[] = {SLICE("2026/11/30 10:20:30 "), SLICE("2026-11-30 10:20:30 ")};
    bool taken = false, known = false;
    for (unsigned i = 0; i < 2 && !taken && !known; i++) {
        struct sbuf line;
        sbuf_init(&line, 4 * (size_t)TEXT_BYTES_MAX);
        sbuf_adds(&line, dates[i]);
        sbuf_adds(&line, text);
        known = parser_detect(sbuf_slice(&line)) != FORMAT_TEXT;
        taken = !line.over && (known || i) && take_line(w, sbuf_slice(&line));
        sbuf_done(&line);
    }
    w->known = known;
    return taken;
}

static bool take_text(struct work *w, struct slice text)
{
    const struct import_rule *r = w->at->rule;
    if (!text.n || slice_chr(text, '\n'))
        return false;
    if (r->app.n)
        return take_syslog(w, text);
    return (!r->whole_line && take_dated(w, text)) || (!w->known && take_line(w, text));
}

/* A comment may begin with a word about the line that it holds. */
static bool take_comment(struct work *w, struct slice text)
{
    for (unsigned skipped = 0; skipped < 3 && text.n; skipped++) {
        if (take_line(w, text) || take_text(w, text))
            return true;
        slice_split(&text, ' ');
    }
    return false;
}

static bool take_made(struct work *w, struct slice pattern)
{
    struct grok_text t = {.n_pieces = 0};
    bool taken = false;
    if (pattern.n && grok_expand(&w->easy, pattern, &t))
        for (unsigned i = 0; i < TRIES && !taken; i++) {
            struct sbuf text;
            sbuf_init(&text, TEXT_BYTES_MAX);
            taken = pattern_text(sbuf_slice(&t.regex), i, &text) && take_text(w, sbuf_slice(&text));
            sbuf_done(&text);
            arena_reset(&w->arena);
        }
    grok_done(&t);
    return taken;
}

static void find_sample(struct work *w, struct entry *e)
{
    bool taken = false;
    w->at = e;
    w->known = false;
    if (!compile_all(w, e))
        return;
    for (unsigned i = 0; i < w->im->n_samples && !taken; i++) {
        taken = take_comment(w, w->im->samples[i]);
        arena_reset(&w->arena);
    }
    if (!taken && !take_made(w, e->rule->texts[0]) && !take_made(w, e->rule->texts[1]))
        drop(w, e,
             e->rule->whole_line ? "what crumbd makes of such a line by itself, no part of the pattern matches"
                                 : "no line could be made of it that it matches as crumbd reads it");
}

/* --- names --- */

static bool is_taken(const struct work *w, const struct entry *of)
{
    for (const struct entry *e = w->v; e < of; e++)
        if (!e->dropped && strcmp(e->id, of->id) == 0)
            return true;
    return false;
}

static size_t add_word(char *id, size_t n, struct slice word)
{
    size_t begin = n;
    if (n && n < ID_MAX)
        id[n++] = '-';
    for (size_t i = 0; i < word.n && n < ID_MAX; i++)
        if (ascii_alnum(word.p[i]))
            id[n++] = ascii_lower(word.p[i]);
        else if (n && id[n - 1] != '-')
            id[n++] = '-';
    while (n > begin && id[n - 1] == '-')
        n--;
    return n;
}

/* The first words of a text. */
static size_t words_of(struct slice text, char *id)
{
    size_t n = 0;
    for (unsigned words = 0; text.n && words < ID_WORDS;) {
        size_t word = slice_span(text, ascii_alpha);
        bool whole = word >= 3 && (word == text.n || !ascii_digit(text.p[word]));
        if (whole) {
            n = add_word(id, n, slice_sub(text, 0, word));
            words++;
        }
        slice_skip(&text, word ? word : 1);
    }
    return n;
}

static void make_id(const struct work *w, struct entry *e)
{
    char plain[ID_MAX + 1];
    size_t n = e->rule->name.n ? add_word(plain, 0, e->rule->name) : words_of(slice_str(e->message), plain);
    plain[n] = '\0';
    snprintf(e->id, sizeof e->id, "%s", n ? plain : "pattern");
    for (unsigned i = 2; is_taken(w, e); i++)
        snprintf(e->id, sizeof e->id, "%s-%u", n ? plain : "pattern", i);
}

/* --- writing --- */

/* SshdFailure. */
static void put_type(struct work *w)
{
    char type[TYPE_MAX + 1];
    size_t n = 0;
    bool first = true;
    for (size_t i = 0; i < w->pack.n && n < TYPE_MAX; i++) {
        char c = w->pack.p[i];
        if (ascii_alnum(c))
            type[n++] = first && ascii_small(c) ? (char)(c - 32) : c;
        first = !ascii_alnum(c);
    }
    type[n] = '\0';
    rule_file_put(&w->file, "      type: %sFailure", type);
}

static void put_failure(struct work *w, const struct entry *e)
{
    rule_file_put(&w->file, "    threshold: {count: %u, within: %.*s%s}", w->im->count, SLICE_ARG(w->im->within),
                  e->by_client ? ", by: ['{client}']" : "");
    rule_file_put(&w->file, "    event:");
    put_type(w);
    rule_file_put(&w->file, "      level: warning");
    rule_file_put(&w->file, "      message: '{masked.message}'");
    rule_file_put(&w->file, "      fingerprint: [%.*s, %s]", SLICE_ARG(w->pack), e->id);
}

/* What crumbd has of every record, and Sentry of every event. */
static bool is_no_tag(const char *name)
{
    static const char *const members[] = {"time", "timestamp", "message", "msg", "level"};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (strcmp(name, members[i]) == 0)
            return true;
    return strncmp(name, "crumbd_", 7) == 0 || event_members_tag_is_reserved(slice_str(name));
}

/* The first of each name, TAGS_MAX of them. */
static void put_tags(const struct regex *re, struct sbuf *tags)
{
    const char *names[TAGS_MAX];
    unsigned n = 0;
    for (unsigned i = 1; i <= regex_count(re) && n < TAGS_MAX; i++) {
        const char *name = regex_name(re, i);
        bool there = !name || is_no_tag(name);
        for (unsigned k = 0; k < n && !there; k++)
            there = strcmp(names[k], name) == 0;
        if (there)
            continue;
        sbuf_addf(tags, "%s%s: '{%s}'", n ? ", " : "", name, name);
        names[n++] = name;
    }
}

/* The fields become tags of whatever event the next rules make. */
static void put_fields(struct work *w, const struct entry *e)
{
    struct sbuf tags;
    char why[256];
    struct regex *re = compile(w, *e->match, why);
    sbuf_init(&tags, 8192);
    if (re)
        put_tags(re, &tags);
    rule_file_put(&w->file, "    continue: true");
    if (tags.n)
        rule_file_put(&w->file, "    event: {tags: {%s}}", sbuf_cstr(&tags));
    regex_free(re);
    sbuf_done(&tags);
}

/* A failure's line as often as it has to come. */
static void put_sample(struct work *w, const struct entry *e)
{
    struct sbuf lines;
    unsigned count = e->rule->failure ? w->im->count : 1;
    sbuf_init(&lines, (size_t)count * 4 * TEXT_BYTES_MAX + 64);
    for (unsigned i = 0; i < count; i++)
        sbuf_addf(&lines, "%s%s", i ? "\n" : "", e->sample);
    rule_file_put(&w->file, "    samples:");
    rule_file_sample(&w->file, sbuf_slice(&lines), e->format, &w->arena);
    if (e->rule->failure)
        rule_file_put(&w->file, "        event: {level: warning, fingerprint: [%.*s, %s]}", SLICE_ARG(w->pack), e->id);
    else
        rule_file_put(&w->file, "        event: none");
    sbuf_done(&lines);
}

static void put_rule(struct work *w, struct entry *e)
{
    e->from = w->file.line;
    rule_file_put(&w->file, "\n  # of line %u", e->rule->line);
    w->file.line++;
    rule_file_put(&w->file, "  - id: %.*s.%s", SLICE_ARG(w->pack), e->id);
    if (e->rule->app.n)
        rule_file_put(&w->file, "    when: {app: %s}", rule_file_quoted(e->rule->app, &w->arena));
    rule_file_put(&w->file, "    match: %s", rule_file_quoted(*e->match, &w->arena));
    if (e->rule->unless.n)
        rule_file_put(&w->file, "    unless: %s", rule_file_quoted(e->rule->unless, &w->arena));
    if (e->rule->failure)
        put_failure(w, e);
    else
        put_fields(w, e);
    put_sample(w, e);
    e->to = w->file.line;
    arena_reset(&w->arena);
}

static void put_file(struct work *w, struct sbuf *out)
{
    bool any = false;
    rule_file_begin(&w->file, out);
    rule_file_put(
        &w->file,
        "# A first draft by crumbd learn --from %s, of %s: look at each rule, and try it with crumbd try --diff.",
        import_kinds[w->im->kind], rule_file_clean(slice_str(w->path), &w->arena));
    rule_file_put(&w->file, "pack: %.*s", SLICE_ARG(w->pack));
    if (w->im->n_patterns)
        rule_file_put(&w->file, "patterns:");
    for (unsigned i = 0; i < w->im->n_patterns; i++)
        rule_file_put(&w->file, "  %.*s: %s", SLICE_ARG(w->im->patterns[i].name),
                      rule_file_quoted(w->im->patterns[i].regex, &w->arena));
    for (unsigned i = 0; i < w->im->n_rules; i++)
        any |= !w->v[i].dropped;
    rule_file_put(&w->file, any ? "rules:" : "rules: []");
    for (unsigned i = 0; i < w->im->n_rules; i++)
        if (!w->v[i].dropped)
            put_rule(w, &w->v[i]);
}

/* --- the proof --- */

static bool learn_import_on_refused(void *u, unsigned line, const char *why)
{
    struct work *w = u;
    for (unsigned i = 0; i < w->im->n_rules; i++)
        if (!w->v[i].dropped && line > w->v[i].from && line < w->v[i].to) {
            drop(w, &w->v[i], why);
            return true;
        }
    return false;
}

/* Names of the file that do not compile are of no use, and what refers to them has been dropped. */
static void drop_bad_names(struct work *w)
{
    unsigned kept = 0;
    char why[256];
    for (unsigned i = 0; i < w->im->n_patterns; i++) {
        struct regex *re = compile(w, w->im->patterns[i].regex, why);
        if (re)
            w->im->patterns[kept++] = w->im->patterns[i];
        else
            import_note(w->im, 0, "%.*s is left out: %s", SLICE_ARG(w->im->patterns[i].name), why);
        regex_free(re);
    }
    w->im->n_patterns = kept;
    w->own.n_own = kept;
}

static void write_and_prove(struct work *w, struct sbuf *out)
{
    unsigned refused;
    do {
        put_file(w, out);
        refused = rule_file_prove(&w->file, NULL, learn_import_on_refused, w, &w->errors);
        for (unsigned i = 0; !refused && w->errors && i < w->im->n_rules; i++) /* it is about the file as a whole */
            drop(w, &w->v[i], "the file as a whole would be refused");
        if (!refused && w->errors)
            w->im->n_patterns = 0;
    } while (refused || (w->errors && (put_file(w, out), false)));
}

/* --- all of it --- */

static int learn_import_by_line(const void *pa, const void *pb)
{
    const struct import_note *a = pa, *b = pb;
    return a->line < b->line ? -1 : a->line > b->line;
}

static void make_easy(struct work *w)
{
    struct grok_name *v = arena_alloc(&w->im->arena, (N_EASY + w->im->n_patterns) * sizeof *v);
    memcpy(v, easy_names, sizeof easy_names);
    if (w->im->n_patterns)
        memcpy(v + N_EASY, w->im->patterns, w->im->n_patterns * sizeof *v);
    w->easy = (struct grok){.own = v, .n_own = N_EASY + w->im->n_patterns, .late = true};
}

static void make_rules(const char *path, struct slice pack, struct learn_imported *to, struct sbuf *out)
{
    const struct options options = {.scrub = {.defaults = true, .send_ip = true}};
    struct work w = {.im = &to->import,
                     .pack = pack,
                     .path = path,
                     .own = {.own = to->import.patterns, .n_own = to->import.n_patterns, .late = true},
                     .scratch = regex_scratch_new(),
                     .scrub = scrub_new(&options)};
    w.v = xcalloc(w.im->n_rules + 1, sizeof *w.v);
    make_easy(&w);
    drop_bad_names(&w);
    for (unsigned i = 0; i < w.im->n_rules; i++) {
        w.v[i].rule = &w.im->rules[i];
        find_sample(&w, &w.v[i]);
        forget_patterns(&w);
        if (!w.v[i].dropped)
            make_id(&w, &w.v[i]);
    }
    write_and_prove(&w, out);
    to->read = w.im->n_rules;
    for (unsigned i = 0; i < w.im->n_rules; i++) {
        to->written += !w.v[i].dropped;
        free(w.v[i].sample);
        free(w.v[i].message);
    }
    if (to->import.n_notes)
        qsort(to->import.notes, to->import.n_notes, sizeof *to->import.notes, learn_import_by_line);
    regex_scratch_free(w.scratch);
    scrub_free(w.scrub);
    arena_done(&w.arena);
    free(w.v);
}

/* Who is asked for the files that one names. */
struct folder {
    const char *path; /* of a file in it */
    struct arena *arena;
};

/* Only a file of the same folder. */
static struct slice learn_import_beside(void *u, struct slice name)
{
    const struct folder *f = u;
    const char *slash = strrchr(f->path, '/');
    struct diag unread = {0};
    struct sbuf text;
    if (slice_chr(name, '/') || slice_chr(name, '\0'))
        return SLICE_NONE;
    char *path = xasprintf("%.*s%.*s", slash ? (int)(slash - f->path) + 1 : 0, f->path, SLICE_ARG(name));
    sbuf_init(&text, IMPORT_FILE_BYTES);
    bool ok = file_read(path, IMPORT_FILE_BYTES, &text, &unread, (struct err_place){0});
    struct slice copy = ok ? arena_dup(f->arena, text.n ? sbuf_slice(&text) : SLICE("\n")) : SLICE_NONE;
    err_done(&unread);
    sbuf_done(&text);
    free(path);
    return copy;
}

bool learn_import(const char *path, enum import_kind kind, struct slice pack, struct learn_imported *to,
                  struct sbuf *out, struct diag *d)
{
    struct sbuf text;
    *to = (struct learn_imported){.import = {.kind = kind, .beside = learn_import_beside}};
    struct folder folder = {path, &to->import.arena};
    to->import.u = &folder;
    sbuf_init(&text, IMPORT_FILE_BYTES);
    bool ok =
        file_read(strcmp(path, "-") == 0 ? "/dev/stdin" : path, IMPORT_FILE_BYTES, &text, d, (struct err_place){0});
    if (ok) {
        import_read(&to->import, sbuf_slice(&text));
        make_rules(path, pack, to, out);
    }
    sbuf_done(&text);
    return ok;
}

void learn_import_done(struct learn_imported *i)
{
    import_done(&i->import);
}
