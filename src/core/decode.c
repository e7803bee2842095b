#include "core/decode.h"

#include <stdio.h>

#include "core/breadcrumbs.h"
#include "core/origin.h"
#include "parsers/container.h"
#include "parsers/parser.h"

static struct parse_ctx parse_ctx_of(struct pipeline_parts *p, struct stream *s)
{
    return (struct parse_ctx){.arena = &p->arena,
                              .zone = s->zone,
                              .now_us = p->wall_us,
                              .last_us = s->last_us,
                              .memo = &s->memo,
                              .reason = "not in this format",
                              .log_format = s->log_format};
}

static struct slice pid_text(struct arena *a, uint32_t pid)
{
    char text[16];
    int n = snprintf(text, sizeof text, "%u", pid);
    return arena_dup(a, slice_of(text, (size_t)n));
}

/* What is known of the sender without asking it. */
static void set_origin(struct pipeline_parts *p, const struct stream *s, struct record *r)
{
    r->input = s->input;
    r->elsewhere = s->log_id != NULL;
    r->home = s->container ? NULL : s->home; /* the path of its log is made of ids */
    if (s->sender.n)
        r->peer = s->sender;
    if (!r->host.n || (s->remote && origin_is_nobody(r->host)))
        r->host = s->peer;
    r->container = s->container;
    if (!r->app.n && s->container)
        r->app = s->container->app;
    if (!r->procid.n && s->peer_pid)
        r->procid = pid_text(&p->arena, s->peer_pid);
}

static void finish_if_of_interest(struct pipeline_parts *p, struct stream *s, struct record *r)
{
    bool falls_back = r->level >= LEVEL_ERROR && p->opt->fallback == FALLBACK_EVENT;
    set_origin(p, s, r);
    if (!falls_back && r->message.n <= BREADCRUMBS_TEXT_MAX && !judge_maybe(&p->judge, r))
        return;
    struct parse_ctx ctx = parse_ctx_of(p, s);
    parser_finish(&ctx, r);
}

static bool parse(struct pipeline_parts *p, const struct message *m, struct record *r, const char **reason)
{
    struct stream *s = m->stream;
    struct parse_ctx ctx = parse_ctx_of(p, s);
    bool any = s->format == FORMAT_AUTO;
    record_init(r, s->format, m->text);
    r->untrusted = !s->trusted;
    ctx.cut = m->truncated_bytes > 0;
    ctx.headed = m->headed;
    if (!any)
        s->seen.last = s->format;
    bool ok = any ? parser_begin_next(&s->seen, &ctx, r) : parser_begin(s->format, &ctx, r);
    if (ok && r->partial)
        finish_if_of_interest(p, s, r);
    p->counts.v[COUNT_bad_parts] += ok && ctx.bad_part;
    *reason = ctx.reason;
    return ok;
}

/*
 * A container's log has a message for each line, so that an entry of nginx's with a client's line breaks comes as
 * several: from the one that is open to the one that has a tail, none is worth more than a warning. Of what a program
 * behind FastCGI says, which is in many lines by itself, only lines that look like nginx's are doubted.
 */
static void doubt(struct stream *s, struct record *r)
{
    enum { LINES_MAX = 64 };
    const struct format_traits *traits = format_traits(r->format);
    if (traits->access)
        return;
    bool ends = record_value(r, "client").n || slice_find(r->message, SLICE(", client: ")) >= 0;
    bool begins = r->torn;
    if (begins ? !r->torn_program : s->doubted && (traits->tears || s->doubt_all)) {
        record_suspect(r);
        r->torn = true;
    }
    if (begins)
        s->doubt_all = !r->torn_program;
    s->doubted = begins ? LINES_MAX : s->doubted && !ends ? s->doubted - 1 : 0;
}

/* Both stand in this text, in this order. */
static bool holds(struct slice text, struct slice name, struct slice message)
{
    return text.n && (uintptr_t)name.p >= (uintptr_t)text.p &&
           (uintptr_t)message.p + message.n <= (uintptr_t)text.p + text.n;
}

/*
 * "password: x" is no message x of a logger called password: a secret's name stays in front of its value, where the
 * scrubber sees it.
 */
static void rejoin_secret(struct pipeline_parts *p, struct record *r, struct slice *name, struct slice msg)
{
    enum { GAP_MAX = 4 };
    struct slice *message = &r->message;
    size_t gap = (size_t)((uintptr_t)message->p - (uintptr_t)(name->p + name->n));
    bool inside = holds(msg, *name, *message) || holds(r->line, *name, *message); /* what a carrier brings, decoded */
    if (!message->n || gap > GAP_MAX || !inside || !scrub_is_secret_name(p->scrub, *name))
        return;
    *message = slice_of(name->p, name->n + gap + message->n);
    r->told = SLICE_NONE;
    *name = SLICE_NONE;
}

/* Of an access line that no rule may match nobody reads more than its text. */
static bool is_read_beside(struct pipeline_parts *p, const struct record *r)
{
    bool dull = format_traits(r->format)->access && r->level != LEVEL_NONE && r->level < LEVEL_ERROR;
    return !r->partial && (!dull || judge_maybe(&p->judge, r));
}

static void add_beside(struct pipeline_parts *p, const struct message *m, struct record *r)
{
    unsigned n = 0;
    const struct field *v = m->beside && is_read_beside(p, r) ? m->beside(m->carrier, &n) : NULL;
    for (unsigned i = 0; i < n; i++)
        record_add(r, v[i].name, v[i].value, v[i].type);
}

bool decode(struct pipeline_parts *p, const struct message *m, struct record *r, const char **reason)
{
    struct stream *s = m->stream;
    if (!parse(p, m, r, reason)) {
        if (r->empty)
            set_origin(p, s, r);
        return false;
    }
    if (r->logger.n)
        rejoin_secret(p, r, &r->logger, m->text);
    if (r->app.n)
        rejoin_secret(p, r, &r->app, m->text);
    p->counts.v[COUNT_truncated_entries] += r->truncated && !m->truncated_bytes;
    if (!r->message.n && r->n_fields) /* Junos says all in structured data, and what it is about in the MSGID */
        r->message = r->msgid;
    cut_line_next(&p->cut_line, s, r);
    r->lines = m->lines;
    r->truncated |= m->truncated_bytes > 0;
    if (s->container || parser_is_container(s->seen.last))
        doubt(s, r);
    if (!r->partial) /* else it was asked for before the parser finished, and nothing has changed it */
        set_origin(p, s, r);
    add_beside(p, m, r);
    if (r->time_us != RECORD_NO_TIME)
        s->last_us = r->time_us;
    return true;
}

void decode_as_text(struct pipeline_parts *p, const struct message *m, struct record *r)
{
    record_init(r, FORMAT_TEXT, m->text);
    r->untrusted = !m->stream->trusted;
    r->lines = m->lines;
    r->message = m->text;
    set_origin(p, m->stream, r);
}
