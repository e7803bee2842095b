#include "core/verdict.h"

#include "base/hash.h"
#include "core/origin.h"
#include "core/trace_key.h"
#include "text/keys.h"

struct verdict verdict_none(const struct record *r)
{
    return (struct verdict){.action = ACTION_CRUMB, .level = r->level};
}

/* --- tags and fingerprint --- */

/* The tag of this key, or room for it; NULL when there is none. */
static struct tag *tag_of(struct verdict *v, struct slice key, struct arena *a)
{
    for (unsigned i = 0; i < v->n_tags; i++)
        if (slice_eq(v->tags[i].key, key))
            return &v->tags[i];
    if (!v->tags)
        v->tags = arena_alloc(a, VERDICT_TAGS_MAX * sizeof *v->tags);
    return v->n_tags < VERDICT_TAGS_MAX ? &v->tags[v->n_tags++] : NULL;
}

void verdict_add_tags(struct verdict *v, const struct rule *rule, const struct template_source *from)
{
    for (unsigned i = 0; i < rule->event.n_tags; i++) {
        struct slice value = template_fill(&rule->event.tags[i].value, from);
        struct tag *tag = value.n ? tag_of(v, rule->event.tags[i].key, from->arena) : NULL;
        if (tag)
            *tag = (struct tag){rule->event.tags[i].key, value};
    }
}

/* The exception that the record reports, by the trace in it, unless the rule takes it as text; else NULL. */
static const struct trace_exception *verdict_exception(const struct verdict *v, const struct record *r)
{
    bool text = !r->trace || (v->rule && v->rule->no_trace);
    return text ? NULL : trace_reported(r->trace);
}

/* By a place alone the server would bring together all that goes wrong in a file: it knows no lines. */
static bool names_function(const struct trace_frames *frames)
{
    for (unsigned i = 0; i < frames->n; i++)
        if (frames->v[i].function.n)
            return true;
    return false;
}

/* The server groups by the frames, where there are some. */
static bool has_stack(const struct verdict *v, const struct record *r)
{
    for (unsigned i = 0; verdict_exception(v, r) && i < r->trace->n_exceptions; i++)
        if (names_function(&r->trace->exceptions[i].frames))
            return true;
    return false;
}

/* The rule's own, unless it leaves what has a stack to that. */
static bool says_fingerprint(const struct verdict *v, const struct record *r)
{
    const struct rule *rule = v->rule;
    return rule && rule->event.fingerprint.n && !(rule->event.group == RULE_BY_STACK && has_stack(v, r));
}

static uint64_t hash_fingerprint(const struct verdict *v, bool old_keys)
{
    const struct rule_fingerprint *own = v->fold ? NULL : v->by;
    struct hash128 h = own ? own->fixed_hash : HASH128_START;
    uint64_t old = 0;
    for (unsigned i = 0; old_keys && i < v->n_fingerprint; i++)
        old = hash_mix(old, slice_hash(v->fingerprint[i], 1));
    for (unsigned i = own ? own->n_fixed : 0; !old_keys && i < v->n_fingerprint; i++)
        h = hash128(h, v->fingerprint[i]);
    return old_keys ? old : h.low;
}

void verdict_hash_fingerprint(struct verdict *v, bool old_keys)
{
    v->fingerprint_hash = hash_fingerprint(v, old_keys);
    v->issue_hash = old_keys ? hash_fingerprint(v, false) : v->fingerprint_hash;
}

/* What the server groups by of itself: the stack, else type and value, of which the latter comes without its ids. */
static uint64_t default_key(const struct verdict *v, const struct template_source *from)
{
    const struct record *r = from->record;
    const struct rule_event *e = &v->rule->event;
    if (verdict_exception(v, r))
        return trace_key(r->trace, from->log_template);
    struct slice value = e->message.set ? template_fill(&e->message, from) : r->message;
    return hash128(hash128(HASH128_START, template_fill(&e->type, from)), template_mask(value, from)).low;
}

void verdict_identify(struct verdict *v, const struct template_source *from, bool old_keys)
{
    verdict_fill_fingerprint(v, from);
    verdict_hash_fingerprint(v, old_keys);
    if (v->defaults) {
        uint64_t key = default_key(v, from);
        v->fingerprint_hash = hash_mix(v->fingerprint_hash, key);
        v->issue_hash = hash_mix(v->issue_hash, key);
    } else if (verdict_exception(v, from->record) && !says_fingerprint(v, from->record)) {
        v->fingerprint_hash = v->issue_hash = trace_key(from->record->trace, from->log_template);
    }
}

/* Makes the fingerprint of a line that does not come: it has no text, only the values that tell it apart. */
static void absence_fingerprint(struct verdict *v, const struct template_source *from)
{
    const struct rule *rule = v->rule;
    v->fingerprint[0] = rule->pack;
    v->fingerprint[1] = rule->id;
    v->n_fingerprint = 2;
    for (unsigned i = 0; i < rule->absence.by.n; i++)
        v->fingerprint[v->n_fingerprint++] = template_fill(&rule->absence.by.v[i], from);
}

/* What it is about: of a report that has no exceptions the first of its parts, the others are told as notes. */
static struct slice told(const struct record *r)
{
    const struct trace *t = r->trace;
    bool report = t && !t->n_exceptions && t->n_notes && t->notes[0].value.n;
    return report ? t->notes[0].value : r->told.n ? r->told : r->message;
}

/* Without a fingerprint of its own a rule's events group by the rule and the template of the text. */
static void default_fingerprint(struct verdict *v, const struct template_source *from)
{
    const struct record *r = from->record;
    if (verdict_exception(v, r))
        return; /* Sentry's own, by the frames */
    v->fingerprint[v->n_fingerprint++] = v->rule ? v->rule->pack : slice_str(format_name(r->format));
    if (v->rule)
        v->fingerprint[v->n_fingerprint++] = v->rule->id;
    struct slice app = origin_app(r), logger = v->rule ? SLICE_NONE : origin_logger(r, from->log_template, from->arena);
    if (!app.n && !v->rule && !format_is_web(r->format) && from->log_template->grouping >= 2)
        app = origin_home(r, from->arena);
    if (app.n)
        v->fingerprint[v->n_fingerprint++] = app;
    if (logger.n)
        v->fingerprint[v->n_fingerprint++] = logger;
    v->fingerprint[v->n_fingerprint++] = template_mask(told(r), from);
}

void verdict_fill_fingerprint(struct verdict *v, const struct template_source *from)
{
    const struct rule *rule = v->rule;
    v->n_fingerprint = v->defaults = 0;
    v->by = !rule ? NULL : from->log_template->grouping > 1 ? &rule->event.fingerprint : &rule->event.fingerprint_1;
    v->fingerprint = arena_alloc(from->arena, VERDICT_FINGERPRINT_MAX * sizeof *v->fingerprint);
    if (says_fingerprint(v, from->record)) {
        for (unsigned i = 0; i < v->by->n; i++)
            v->fingerprint[i] = template_fill(&v->by->parts[i], from);
        v->n_fingerprint = v->by->n;
        v->defaults = v->by->defaults;
    } else if (rule && rule->absence.every_us) {
        absence_fingerprint(v, from);
    } else {
        default_fingerprint(v, from);
    }
}

void verdict_fill_everywhere(struct verdict *v, const struct template_source *from)
{
    struct slice stack[TRACE_KEY_PARTS];
    if ((v->n_fingerprint && !v->defaults) || v->fold || !verdict_exception(v, from->record))
        return;
    trace_key_fingerprint(from->record->trace, from->log_template, from->arena, stack);
    for (unsigned i = 0; i < v->n_fingerprint; i++)
        if (v->defaults >> i & 1)
            v->fingerprint[i] = stack[TRACE_KEY_PARTS - 1];
    for (unsigned i = 0; !v->n_fingerprint && i < TRACE_KEY_PARTS; i++)
        v->fingerprint[i] = stack[i];
    v->n_fingerprint = v->n_fingerprint ? v->n_fingerprint : TRACE_KEY_PARTS;
    v->defaults = 0;
}

/* --- texts --- */

/* The message as mask sees it: template with %s, params, and the text without ids. */
static void texts_by_log_template(struct slice text, const struct template_source *from, struct event_texts *out,
                                  struct slice *shown)
{
    struct log_template *m = from->log_template;
    struct sbuf format;
    sbuf_init(&format, 4 * LOG_TEMPLATE_TEXT_MAX);
    log_template_message(text, m);
    *shown = arena_dup(from->arena, sbuf_slice(&m->text));
    out->formatted = text;
    if (m->n_params) {
        log_template_percent(m, &format);
        out->template = arena_dup(from->arena, sbuf_slice(&format));
        out->n_params = m->n_params;
        out->params = arena_alloc(from->arena, m->n_params * sizeof *out->params);
        for (unsigned i = 0; i < m->n_params; i++)
            out->params[i] = m->params[i].value;
    }
    sbuf_done(&format);
}

static void add_percent(struct sbuf *b, struct slice literal)
{
    for (struct slice rest = literal; rest.p;) {
        sbuf_adds(b, slice_split(&rest, '%'));
        if (rest.p)
            sbuf_adds(b, SLICE("%%"));
    }
}

/* The rule's own message: its literals are the template, its names the params. */
static void texts_by_message(const struct rule *rule, const struct template_source *from, struct event_texts *out)
{
    const struct template *t = &rule->event.message;
    struct sbuf format;
    sbuf_init(&format, 65536);
    out->params = arena_alloc(from->arena, (t->n + 1) * sizeof *out->params);
    for (unsigned i = 0; i < t->n; i++) {
        struct slice v = template_part_value(&t->parts[i], from);
        if (!t->parts[i].is_name) {
            add_percent(&format, t->parts[i].text);
        } else {
            out->params[out->n_params++] = v;
            sbuf_adds(&format, SLICE("%s"));
        }
    }
    /* The message keeps its ids where the type makes the title: the event shows what was said, the title what it is
       about. */
    struct template_source formatted = *from;
    formatted.unmasked = rule->event.type.set;
    out->formatted = template_fill(t, &formatted);
    out->template = out->n_params && !format.over ? arena_dup(from->arena, sbuf_slice(&format)) : SLICE_NONE;
    sbuf_done(&format);
}

/* Makes the texts of an event whose line does not come, since it has no words of its own. They hold no time: they
   become the title of the issue, and the numbers stand in contexts.crumbd. */
static void texts_by_absence(const struct rule *rule, const struct template_source *from, struct event_texts *out)
{
    struct sbuf b;
    sbuf_init(&b, 4096);
    sbuf_adds(&b, rule->id);
    for (unsigned i = 0; i < rule->absence.by.n; i++) {
        sbuf_addc(&b, ' ');
        sbuf_adds(&b, slice_sub(template_fill(&rule->absence.by.v[i], from), 0, 256));
    }
    sbuf_adds(&b, SLICE(" has not been seen for "));
    keys_put_duration(rule->absence.every_us, &b);
    out->formatted = arena_dup(from->arena, sbuf_slice(&b));
    sbuf_done(&b);
}

static void texts_by_pair(const struct rule *rule, const struct template_source *from, struct event_texts *out,
                          struct slice *shown)
{
    struct slice *const texts[] = {&out->formatted, &out->template, shown};
    struct sbuf b;
    texts_by_log_template(from->record->message, from, out, shown);
    for (unsigned i = 0; i < 3; i++) {
        if (!texts[i]->n)
            continue;
        sbuf_init(&b, texts[i]->n + 128);
        sbuf_adds(&b, SLICE("no end within "));
        keys_put_duration(rule->pair.within_us, &b);
        sbuf_adds(&b, SLICE(": "));
        sbuf_adds(&b, *texts[i]);
        *texts[i] = arena_dup(from->arena, sbuf_slice(&b));
        sbuf_done(&b);
    }
}

static struct slice first_line(struct slice s)
{
    s = slice_trim(s);
    return slice_split(&s, '\n');
}

/* The text that the event shows, and the one that names its issue. */
static struct slice fill_texts(const struct rule *rule, const struct template_source *from, struct event_texts *out)
{
    struct slice shown = SLICE_NONE;
    if (rule && rule->event.message.set) {
        texts_by_message(rule, from, out);
        return template_fill(&rule->event.message, from);
    }
    if (rule && rule->absence.every_us) {
        texts_by_absence(rule, from, out);
        return out->formatted;
    }
    if (rule && rule->pair.within_us)
        texts_by_pair(rule, from, out, &shown);
    else
        texts_by_log_template(told(from->record), from, out, &shown);
    return shown;
}

static void texts_by_text(const struct verdict *v, const struct template_source *from, struct event_texts *out)
{
    out->value = fill_texts(v->rule, from, out);
    if (v->rule && v->rule->event.type.set)
        out->type = template_fill(&v->rule->event.type, from);
    /* as the value of a type, so that no id gets into the title that Sentry shows */
    if (!v->rule || (v->rule->event.type.set && !out->type.n))
        out->type = origin_type(from->record, v->level, from->log_template, from->arena);
}

/* Type and value are the exception's; what is said besides is the rule's message, or what introduced it. The value in
 * the title has no ids. */
static void texts_by_exception(const struct verdict *v, const struct trace_exception *e,
                               const struct template_source *from, struct event_texts *out)
{
    const struct record *r = from->record;
    const struct rule *rule = v->rule;
    struct slice none, intro = slice_trim(slice_chr(r->full_message, '\n') ? r->message : r->trace->intro);
    if (rule && rule->event.message.set)
        texts_by_message(rule, from, out);
    else if (intro.n)
        texts_by_log_template(intro, from, out, &none);
    out->type = e->type; /* as the server shows it */
    log_template_message(e->value, from->log_template);
    out->value = arena_dup(from->arena, sbuf_slice(&from->log_template->text));
}

static struct slice title_of(struct slice type, struct slice shown, struct arena *a)
{
    struct sbuf title;
    sbuf_init(&title, 4096);
    struct slice line = slice_sub(first_line(shown), 0, 1024);
    type = slice_sub(type, 0, 256);
    if (type.n)
        sbuf_addf(&title, "%.*s%s", SLICE_ARG(type), line.n ? ": " : "");
    sbuf_adds(&title, line);
    struct slice text = arena_dup(a, sbuf_slice(&title));
    sbuf_done(&title);
    return text;
}

/* The rule's own, else what the record is about: without it issues of the same title could not be told apart. */
static void put_transaction(struct event_texts *texts, const struct template *own, const struct template_source *from)
{
    texts->transaction = template_fill(own, from);
    if (!texts->transaction.n)
        texts->transaction =
            origin_transaction(from->record, from->log_template, from->arena, &texts->transaction_is_home);
}

/* Returns the client's address, by which the scrubber knows it elsewhere; where it is written it is asked whether it
   may be sent. */
static struct slice unhidden(const struct template *t, struct template_source from)
{
    from.shown = NULL;
    return template_fill(t, &from);
}

void verdict_complete(struct verdict *v, const struct template_source *from)
{
    static const struct rule_event no_templates;
    const struct rule *rule = v->rule;
    const struct rule_event *e = rule ? &rule->event : &no_templates;
    if (v->level == LEVEL_NONE)
        v->level = LEVEL_ERROR;
    struct event_texts *texts = arena_alloc(from->arena, sizeof *texts);
    *texts = (struct event_texts){.rule = rule ? rule->id : SLICE_NONE,
                                  .logger = template_fill(&e->logger, from),
                                  .release = template_fill(&e->release, from),
                                  .environment = template_fill(&e->environment, from),
                                  .dist = template_fill(&e->dist, from),
                                  .method = template_fill(&e->method, from),
                                  .url = template_fill(&e->url, from),
                                  .query_string = template_fill(&e->query_string, from),
                                  .user_agent = template_fill(&e->user_agent, from),
                                  .user_id = template_fill(&e->user_id, from),
                                  .username = template_fill(&e->username, from),
                                  .email = template_fill(&e->email, from)};
    put_transaction(texts, &e->transaction, from);
    texts->user_ip = unhidden(&e->user_ip, *from);
    const struct trace_exception *exception = verdict_exception(v, from->record);
    if (exception)
        texts_by_exception(v, exception, from, texts);
    else
        texts_by_text(v, from, texts);
    texts->title = title_of(texts->type, texts->value, from->arena);
    v->texts = texts;
}
