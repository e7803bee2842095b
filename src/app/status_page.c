/* status_page: the part of status.h that is HTML. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/html_text.h"
#include "app/show.h"
#include "app/status.h"
#include "base/version.h"
#include "text/stamp.h"

enum { TITLE_MAX = 200, REASON_MAX = 300, INPUT_MAX = 200 };

/* Light or dark as the reader's system is. */
static const char style[] =
    ":root{color-scheme:light dark;--line:#8884;--soft:#8882;--dim:light-dark(#555,#aaa)}"
    "body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:0 auto;padding:1rem 1.25rem 3rem}"
    "h1{font-size:1.35rem;margin:.4rem 0}h2{font-size:1.05rem;margin:1.8rem 0 .4rem}"
    "header{display:flex;flex-wrap:wrap;gap:.3rem 1rem;align-items:baseline}"
    "header p,.dim{color:#777;color:var(--dim)}header p{margin:0}"
    "table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;vertical-align:top;padding:.25rem .6rem;border-bottom:1px solid var(--line)}"
    "th{font-weight:600}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}"
    "td.t{overflow-wrap:anywhere}td.w{white-space:nowrap}"
    ".scroll{overflow-x:auto}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:.5rem 0}"
    "dt{color:#777;color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}"
    "pre{font:13px/1.45 ui-monospace,monospace;background:var(--soft);padding:.6rem .8rem;border-radius:6px;"
    "white-space:pre-wrap;overflow-wrap:anywhere;margin:.3rem 0}"
    ".b{display:inline-block;padding:0 .5em;border-radius:1em;border:1px "
    "solid;font-size:.85em;white-space:nowrap}"
    ".error,.fatal,.dead,.no{color:#b3261e;color:light-dark(#b3261e,#ff8a80)}"
    ".warning{color:#8a5a00;color:light-dark(#8a5a00,#ffcc66)}.yes{color:#1b6e3c;color:light-dark(#1b6e3c,#"
    "7bd99b)}"
    "a{color:inherit}";

static void put(struct sbuf *out, const char *markup)
{
    sbuf_adds(out, slice_str(markup));
}

static void put_begin(const char *title, const char *nonce, struct sbuf *out)
{
    put(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
             "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>");
    html_text(out, slice_str(title), TITLE_MAX);
    sbuf_addf(out, "</title><style nonce=\"%s\">%s</style></head>\n<body>\n", nonce, style);
}

/* A word of ours in a coloured frame; the class is the word unless another is named. */
static void put_badge(struct sbuf *out, const char *class, struct slice word)
{
    put(out, "<span class=\"b ");
    if (class)
        put(out, class);
    else
        html_text(out, word, 20);
    put(out, "\">");
    html_text(out, word, 20);
    put(out, "</span>");
}

static void put_fact(struct sbuf *out, const char *name, const char *value)
{
    sbuf_addf(out, "<dt>%s</dt><dd>", name);
    html_text(out, slice_str(value), REASON_MAX);
    put(out, "</dd>\n");
}

static void put_stamp(struct sbuf *out, int64_t us)
{
    char stamp[32];
    stamp_print(us, stamp);
    html_text(out, slice_str(stamp), sizeof stamp);
}

/* How long ago; for what a damaged row may say, too. */
static void put_age(const struct status *s, int64_t us, struct sbuf *out)
{
    char age[SHOW_SMALL];
    int64_t span;
    if (__builtin_sub_overflow(s->now_us, us, &span))
        span = 0;
    put(out, show_span(span, age));
}

/* --- the whole --- */

/* When it was asked for last, and why what it brought is not in force. */
static void put_reload(const struct status *s, struct sbuf *out)
{
    const struct reload *r = s->reload;
    bool refused = r->refused_us > r->taken_us;
    if (!r->taken_us && !r->refused_us)
        return;
    put(out, refused ? "<dt>reload</dt><dd class=\"no\">refused " : "<dt>reload</dt><dd>taken ");
    put_age(s, refused ? r->refused_us : r->taken_us, out);
    put(out, refused ? " ago, what was in force before stays so: " : " ago");
    if (refused)
        html_text(out, slice_str(r->why), RELOAD_WHY_MAX);
    put(out, "</dd>\n");
}

static void put_count(const struct status *s, unsigned i, struct sbuf *out)
{
    sbuf_addf(out,
              "<tr><td class=\"w\">%s</td><td class=\"n\">%" PRIu64 "</td><td class=\"n\">%" PRIu64
              "</td><td class=\"dim\">",
              count_rows[i].name, s->counts->v[i], s->all_runs.v[i]);
    html_escape(out, slice_str(count_rows[i].help));
    put(out, "</td></tr>\n");
}

/* lines_in and every fate, and of the rest what is not zero. */
static void put_ledger(const struct status *s, struct sbuf *out)
{
    bool balanced = status_balances(s), waits = status_waits(s);
    put(out, "<h2>Ledger ");
    put_badge(out, balanced ? "yes" : "warning",
              balanced ? SLICE("balanced")
              : waits  ? SLICE("waiting to be stored")
                       : SLICE("in work"));
    put(out, "</h2>\n");
    if (waits)
        sbuf_addf(out,
                  "<p>%" PRIu64 " lines and %" PRIu64
                  " events wait to be stored, and are in none of these numbers yet.</p>\n",
                  s->waiting.lines, s->waiting.events);
    put(out, "<div class=\"scroll\"><table><tr><th>count</th><th class=\"n\">this run</th>"
             "<th class=\"n\">all runs</th><th>what it is</th></tr>\n");
    put_count(s, COUNT_lines_in, out);
    for (unsigned kind = COUNT_FATE; kind <= COUNT_FACT; kind++)
        for (unsigned i = 0; i < COUNT_N; i++)
            if (count_rows[i].kind == kind && i != COUNT_lines_in &&
                (kind == COUNT_FATE || s->counts->v[i] || s->all_runs.v[i]))
                put_count(s, i, out);
    put(out, "</table></div>\n");
}

static void put_outbox(const struct status *s, struct sbuf *out)
{
    char used[SHOW_SMALL], limit[SHOW_SMALL];
    sbuf_addf(out,
              "<h2>Outbox</h2>\n<dl><dt>ready to send</dt><dd>%" PRIu64 "</dd>\n<dt>dead letters</dt><dd>%" PRIu64
              "</dd>\n<dt>still open</dt><dd>%" PRIu64 "</dd>\n<dt>in use</dt><dd>%s",
              s->outbox.ready, s->outbox.dead, s->outbox.open, show_size(s->outbox.used_bytes, used));
    if (s->store_limit_bytes)
        sbuf_addf(out, " of %s", show_size(s->store_limit_bytes, limit));
    put(out, "</dd></dl>\n");
}

void status_page_begin(const struct status *s, const char *nonce, struct sbuf *out)
{
    char rules[SHOW_SMALL];
    put_begin("crumbd", nonce, out);
    sbuf_addf(out, "<header><h1>crumbd %s</h1>", PACKAGE_VERSION);
    put_badge(out, s->not_healthy ? "no" : "yes", s->not_healthy ? SLICE("hangs") : SLICE("running"));
    put_badge(out, s->not_ready ? "no" : "yes", s->not_ready ? SLICE("not ready") : SLICE("ready"));
    put(out, "<p>for ");
    put_age(s, s->start_us, out);
    put(out, "</p><p><a href=\"/metrics\">metrics</a> · <a href=\"/api/ledger\">ledger</a> · "
             "<a href=\"/api/events\">events</a> · <a href=\"/api/rules\">rules</a></p></header>\n<dl>");
    if (s->not_healthy)
        put_fact(out, "hangs", s->not_healthy);
    if (s->not_ready)
        put_fact(out, "not ready", s->not_ready);
    put_fact(out, "configuration", s->config ? s->config : "none: what this host has");
    put_reload(s, out);
    put_fact(out, "Sentry", s->dsn_from ? s->dsn_from : "no DSN: events stay here, in the store");
    put_fact(out, "store", s->store_path);
    snprintf(rules, sizeof rules, "%u", s->rules->n);
    put_fact(out, "rules", rules);
    put(out, "</dl>\n");
    status_inputs_page(s, out);
    put_outbox(s, out);
    status_rules_page(s, out);
    put_ledger(s, out);
    put(out, "<h2>Newest events in the store</h2>\n<div class=\"scroll\"><table>"
             "<tr><th>level</th><th>title</th><th class=\"n\">age</th><th>state</th></tr>\n");
}

/* state, and why it is still here */
static void put_state(const struct store_row *r, struct sbuf *out)
{
    put_badge(out, NULL, slice_str(status_state(r)));
    if (r->attempts)
        sbuf_addf(out, " %u %s", r->attempts, r->attempts == 1 ? "try" : "tries");
    if (r->reason) {
        put(out, "<br><span class=\"dim\">");
        html_text(out, slice_str(r->reason), REASON_MAX);
        put(out, "</span>");
    }
}

void status_page_row(const struct status *s, const struct store_row *r, struct sbuf *out)
{
    if (r->damaged) {
        sbuf_addf(out, "<tr><td></td><td>event %" PRId64 " cannot be read</td><td></td><td>damaged</td></tr>\n", r->id);
        return;
    }
    put(out, "<tr><td>");
    put_badge(out, NULL, r->event.level);
    sbuf_addf(out, "</td><td class=\"t\"><a href=\"/event/%" PRId64 "\">", r->id);
    html_text(out, r->event.title.text.n ? r->event.title.text : SLICE("(no title)"), TITLE_MAX);
    put(out, "</a></td><td class=\"n\" title=\"");
    put_stamp(out, r->event.time_us);
    put(out, "\">");
    put_age(s, r->event.time_us, out);
    put(out, "</td><td>");
    put_state(r, out);
    put(out, "</td></tr>\n");
}

void status_page_end(bool complete, struct sbuf *out)
{
    put(out, "</table></div>\n");
    put(out, complete ? "<p class=\"dim\">What Sentry has accepted is no longer kept here.</p>\n"
                      : "<p class=\"no\">The list could not be read to its end; crumbd's log says why.</p>\n");
    put(out, "</body></html>\n");
}

/* --- the token --- */

void status_page_login(const struct status *s, const char *nonce, const char *why, struct sbuf *out)
{
    (void)s;
    put_begin("crumbd", nonce, out);
    put(out, "<h1>crumbd</h1>\n<p>This page shows what logs say. It asks for the token that is in the file "
             "<code>http_token_file</code> "
             "of the configuration.</p>\n");
    if (why) {
        put(out, "<p class=\"no\">");
        html_text(out, slice_str(why), REASON_MAX);
        put(out, "</p>\n");
    }
    put(out,
        "<form method=\"post\" action=\"/login\"><label>token <input type=\"password\" name=\"token\" "
        "autocomplete=\"current-password\" required autofocus></label> <button>Open</button></form>\n</body></html>\n");
}

/* --- one event --- */

/*
 * show_payload writes for a terminal: parts between empty lines, all but the first with a heading of its own,
 * and no other line begins without a blank. Here they become headings and boxes.
 */
static void put_parts(struct slice text, struct sbuf *out)
{
    bool boxed = false, after_empty = false;
    while (text.n) {
        struct slice line = slice_split(&text, '\n');
        bool heading = after_empty && line.n && line.p[0] != ' ';
        after_empty = line.n == 0;
        if (line.n == 0)
            continue;
        if (heading) {
            put(out, boxed ? "</pre>\n<h2>" : "<h2>");
            html_escape(out, line);
            put(out, "</h2>\n");
            boxed = false;
            continue;
        }
        if (!boxed)
            put(out, "<pre>");
        boxed = true;
        html_escape(out, line);
        put(out, "\n");
    }
    if (boxed)
        put(out, "</pre>\n");
}

static void put_payload(struct slice payload, struct sbuf *out)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (f) {
        show_payload(f, payload);
        fclose(f);
        put_parts(slice_of(text, n), out);
    }
    free(text);
}

void status_page_event(const struct status *s, const struct store_row *r, const char *nonce, struct sbuf *out)
{
    put_begin("event - crumbd", nonce, out);
    put(out, "<p><a href=\"/\">crumbd</a></p>\n<h1>");
    html_text(out, r->event.title.text.n ? r->event.title.text : SLICE("(no title)"), TITLE_MAX);
    put(out, "</h1>\n<dl><dt>level</dt><dd>");
    put_badge(out, NULL, r->event.level);
    put(out, "</dd>\n<dt>time</dt><dd>");
    put_stamp(out, r->event.time_us);
    put(out, ", ");
    put_age(s, r->event.time_us, out);
    put(out, " ago</dd>\n<dt>state</dt><dd>");
    put_state(r, out);
    put(out, "</dd>\n");
    if (r->event.project.n) {
        put(out, "<dt>project</dt><dd>");
        html_text(out, r->event.project, INPUT_MAX);
        put(out, "</dd>\n");
    }
    sbuf_addf(out, "<dt>event</dt><dd>%s (<a href=\"/api/events/%" PRId64 "\">JSON</a>)</dd></dl>\n", r->event.event_id,
              r->id);
    put_payload(r->event.payload.text, out);
    put(out, "</body></html>\n");
}
