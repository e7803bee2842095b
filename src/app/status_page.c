/* status_page: the part of status.h that is HTML. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/delivery.h"
#include "app/html_text.h"
#include "app/page_html.h"
#include "app/show.h"
#include "app/status.h"
#include "base/version.h"

enum { TITLE_MAX = 200, REASON_MAX = 300, INPUT_MAX = 200 };

static void put(struct sbuf *out, const char *markup)
{
    sbuf_adds(out, slice_str(markup));
}

static void put_fact(struct sbuf *out, const char *name, const char *value)
{
    sbuf_addf(out, "<dt>%s</dt><dd>", name);
    html_text(out, slice_str(value), REASON_MAX);
    put(out, "</dd>\n");
}

/* --- the whole --- */

/* When it was asked for last, and why what it brought is not in force. */
static void put_reload(const struct status *s, struct sbuf *out)
{
    const struct reload *r = s->reload;
    bool refused = r->refused_us > r->taken_us;
    if (!r->taken_us && !r->refused_us)
        return;
    put(out, refused ? "<dt>reload</dt><dd class=\"bad\">refused " : "<dt>reload</dt><dd>taken ");
    page_html_age(s->now_us, refused ? r->refused_us : r->taken_us, out);
    put(out, refused ? " ago, what was in force before stays so: " : " ago");
    if (refused)
        html_text(out, slice_str(r->why), RELOAD_WHY_MAX);
    put(out, "</dd>\n");
}

/* Whether all members count together. */
static void put_shared(const struct status *s, struct sbuf *out)
{
    const struct shared_limits_state *shared = s->shared;
    if (!shared->on)
        return;
    put(out, shared->up ? "<dt>shared limits</dt><dd>all members count together, since "
                        : "<dt>shared limits</dt><dd class=\"bad\">each limits by itself, since ");
    page_html_age(s->now_us, shared->since_us, out);
    put(out, shared->up ? "" : ": ");
    if (!shared->up)
        html_text(out, slice_str(shared->why), sizeof shared->why);
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
    page_html_badge(out, balanced ? "good" : "warning",
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

static void put_facts(const struct status *s, struct sbuf *out)
{
    char rules[SHOW_SMALL];
    sbuf_addf(out, "<div class=\"row\"><h2>crumbd %s</h2>", PACKAGE_VERSION);
    page_html_badge(out, s->not_healthy ? "bad" : "good", s->not_healthy ? SLICE("hangs") : SLICE("running"));
    page_html_badge(out, s->not_ready ? "bad" : "good", s->not_ready ? SLICE("not ready") : SLICE("ready"));
    put(out, "<p>for ");
    page_html_age(s->now_us, s->start_us, out);
    put(out, "</p><p><a href=\"/metrics\">metrics</a> · <a href=\"/api/ledger\">ledger</a> · "
             "<a href=\"/api/events\">events</a> · <a href=\"/api/rules\">rules</a></p></div>\n<dl>");
    if (s->not_healthy)
        put_fact(out, "hangs", s->not_healthy);
    if (s->not_ready)
        put_fact(out, "not ready", s->not_ready);
    put_fact(out, "configuration", s->config ? s->config : "none: what this host has");
    put_reload(s, out);
    put_fact(out, "DSN", s->dsn_from ? s->dsn_from : "none: events stay here, in the store");
    put_fact(out, "store", s->store_path);
    snprintf(rules, sizeof rules, "%u", s->rules->n);
    put_fact(out, "rules", rules);
    put_shared(s, out);
    put(out, "</dl>\n");
}

void status_page_overview(const struct status *s, struct store *store, struct sbuf *out)
{
    page_html_begin("crumbd", true, out);
    delivery_page(s->sender, store, s->now_us, out);
    put_facts(s, out);
}

void status_page_flow(const struct status *s, struct sbuf *out)
{
    page_html_begin("Flow - crumbd", true, out);
    put(out, "<h1>Flow</h1>\n");
    status_inputs_page(s, out);
    put_outbox(s, out);
    put_ledger(s, out);
    put(out, "<h2>Newest events in the store</h2>\n<div class=\"scroll\"><table>"
             "<tr><th>level</th><th>title</th><th class=\"n\">age</th><th>state</th></tr>\n");
}

void status_page_rules(const struct status *s, struct sbuf *out)
{
    page_html_begin("Rules - crumbd", true, out);
    put(out, "<h1>Rules</h1>\n");
    status_rules_page(s, STATUS_RULES_MAX, out);
    page_html_end(out);
}

/* state, and why it is still here */
static void put_state(const struct store_row *r, struct sbuf *out)
{
    page_html_badge(out, NULL, slice_str(status_state(r)));
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
    page_html_badge(out, NULL, r->event.level);
    sbuf_addf(out, "</td><td class=\"t\"><a href=\"/event/%" PRId64 "\">", r->id);
    html_text(out, r->event.title.text.n ? r->event.title.text : SLICE("(no title)"), TITLE_MAX);
    put(out, "</a></td><td class=\"n\">");
    page_html_age(s->now_us, r->event.time_us, out);
    put(out, "</td><td>");
    put_state(r, out);
    put(out, "</td></tr>\n");
}

void status_page_end(bool complete, struct sbuf *out)
{
    put(out, "</table></div>\n");
    put(out,
        complete
            ? "<p class=\"dim\">What Sentry has accepted is not here any more; its issue keeps it for a while.</p>\n"
            : "<p class=\"bad\">The list could not be read to its end; crumbd's log says why.</p>\n");
    page_html_end(out);
}

void status_page_rest(const struct status *s, struct sbuf *out)
{
    status_inputs_page(s, out);
    put_outbox(s, out);
    put_ledger(s, out);
    status_rules_page(s, STATUS_RULES_SHOWN, out);
    page_html_end(out);
}

/* --- the token --- */

void status_page_login(const struct status *s, const char *why, struct sbuf *out)
{
    (void)s;
    page_html_begin("crumbd", false, out);
    put(out, "<h1>crumbd</h1>\n<p>This page shows what logs say. It asks for the token that is in the file "
             "<code>http_token_file</code> "
             "of the configuration.</p>\n");
    if (why) {
        put(out, "<p class=\"bad\">");
        html_text(out, slice_str(why), REASON_MAX);
        put(out, "</p>\n");
    }
    put(out, "<form method=\"post\" action=\"/login\"><label>token <input type=\"password\" name=\"token\" "
             "autocomplete=\"current-password\" required autofocus></label> <button>Open</button></form>\n");
    page_html_end(out);
}

/* --- one event --- */

void status_page_event(const struct status *s, const struct store_row *r, struct sbuf *out)
{
    page_html_begin("event - crumbd", true, out);
    put(out, "<p><a href=\"/\">crumbd</a></p>\n<h1>");
    html_text(out, r->event.title.text.n ? r->event.title.text : SLICE("(no title)"), TITLE_MAX);
    put(out, "</h1>\n<dl><dt>level</dt><dd>");
    page_html_badge(out, NULL, r->event.level);
    put(out, "</dd>\n<dt>time</dt><dd>");
    page_html_age(s->now_us, r->event.time_us, out);
    put(out, " ago</dd>\n<dt>state</dt><dd>");
    put_state(r, out);
    put(out, "</dd>\n");
    if (r->event.project.n) {
        put(out, "<dt>project</dt><dd>");
        html_text(out, r->event.project, INPUT_MAX);
        put(out, "</dd>\n");
    }
    sbuf_addf(out, "<dt>event</dt><dd>%s (<a href=\"/api/events/%" PRId64 "/payload\">JSON</a>)</dd></dl>\n",
              r->event.event_id, r->id);
    page_html_event(r->event.payload.text, out);
    page_html_end(out);
}
