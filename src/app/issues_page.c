#include "app/issues_page.h"

#include <inttypes.h>

#include "app/answer.h"
#include "app/html_text.h"
#include "app/issue_list.h"
#include "app/page_html.h"

enum { TITLE_MAX = 300, VALUE_MAX = 400, NAME_MAX = 120, SHOWN = 100, SPARK_HEIGHT = 20 };

static void put(struct sbuf *out, const char *markup)
{
    sbuf_adds(out, slice_str(markup));
}

static void put_text(struct sbuf *out, const struct store_issue *issue, enum issue_text which)
{
    html_text(out, issue->about.text[which], which == ISSUE_VALUE ? VALUE_MAX : NAME_MAX);
}

/* --- a row, as src/page/rows.js makes it --- */

/* The hours of a day as bars. */
static void put_spark(const struct issue_history *h, struct sbuf *out)
{
    const uint64_t *v = h->v[ISSUE_HOURS];
    unsigned n = issue_slots[ISSUE_HOURS];
    uint64_t most = 1, total = 0;
    for (unsigned i = 0; i < n; i++) {
        most = v[i] > most ? v[i] : most;
        total += v[i];
    }
    sbuf_addf(
        out,
        "<svg class=\"spark\" viewBox=\"0 0 %u %d\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"%" PRIu64
        " in the last 24 hours\"><path d=\"",
        n, SPARK_HEIGHT, total);
    for (unsigned i = 0; i < n; i++)
        if (v[i])
            sbuf_addf(out, "M%u.1 %dv-%.1fh.8V%dz", i, SPARK_HEIGHT, (double)v[i] / (double)most * (double)SPARK_HEIGHT,
                      SPARK_HEIGHT);
    put(out, "\"/></svg>");
}

/* A name of ours for what the level is; what a log says is no class. */
static const char *level_class(const struct store_issue *issue)
{
    static const char *const levels[] = {"fatal", "warning", "info", "debug"};
    for (unsigned i = 0; i < sizeof levels / sizeof levels[0]; i++)
        if (slice_is(issue->about.text[ISSUE_LEVEL], levels[i]))
            return levels[i];
    return "error";
}

static void put_title(const struct store_issue *issue, struct sbuf *out)
{
    if (issue->about.text[ISSUE_TYPE].n) {
        put(out, "<b>");
        put_text(out, issue, ISSUE_TYPE);
        put(out, "</b> ");
        put_text(out, issue, ISSUE_VALUE);
    } else {
        html_text(out, issue->about.text[ISSUE_TITLE].n ? issue->about.text[ISSUE_TITLE] : SLICE("(no title)"),
                  TITLE_MAX);
    }
}

static void put_meta(const struct store_issue *issue, int64_t now_us, struct sbuf *out)
{
    static const enum issue_text shown[] = {ISSUE_PROJECT, ISSUE_APP, ISSUE_HOST, ISSUE_TRANSACTION, ISSUE_RULE};
    const char *level = level_class(issue);
    sbuf_addf(out, "<div class=\"meta\"><span class=\"%s\">%s</span>", level, level);
    for (unsigned i = 0; i < sizeof shown / sizeof shown[0]; i++)
        if (issue->about.text[shown[i]].n) {
            put(out, " · ");
            put_text(out, issue, shown[i]);
        }
    put(out, " · first ");
    page_html_age(now_us, issue->first_us, out);
    put(out, " ago</div>");
}

static void put_row(const struct store_issue *issue, int64_t now_us, struct sbuf *out)
{
    enum issue_state state = issue_state_of(issue->first_us, issue->last_us, now_us);
    sbuf_addf(out, "<li class=\"issue %s%s\"><div class=\"what\"><a class=\"title\" href=\"/issue/%016" PRIx64 "\">",
              level_class(issue), state == ISSUE_STATE_QUIET ? " quiet" : "", issue->key);
    if (state == ISSUE_STATE_NEW) {
        page_html_badge(out, "solid", SLICE("NEW"));
        put(out, " ");
    }
    put_title(issue, out);
    put(out, "</a>");
    put_meta(issue, now_us, out);
    put(out, "</div>");
    put_spark(&issue->history, out);
    sbuf_addf(out, "<b class=\"count n\">%" PRIu64 "</b><span class=\"last\">", issue->count);
    page_html_age(now_us, issue->last_us, out);
    put(out, " ago</span></li>\n");
}

/* --- the list --- */

struct rows {
    struct sbuf *out;
    int64_t now_us;
};

static void issues_page_on_issue(void *u, const struct store_issue *issue)
{
    struct rows *r = u;
    put_row(issue, r->now_us, r->out);
}

static void put_form(struct slice q, struct slice sort, struct sbuf *out)
{
    static const char *const sorts[][2] = {{"last", "last seen"}, {"first", "newest"}, {"count", "most often"}};
    put(out,
        "<h1 class=\"sr\">Issues</h1>\n<form class=\"bar\" role=\"search\" action=\"/issues\"><input type=\"search\" "
        "name=\"q\" aria-label=\"Search issues\" value=\"");
    html_text(out, q, ISSUE_QUERY_BYTES_MAX);
    put(out, "\"><select name=\"sort\" aria-label=\"Sort by\">");
    for (unsigned i = 0; i < sizeof sorts / sizeof sorts[0]; i++)
        sbuf_addf(out, "<option value=\"%s\"%s>%s</option>", sorts[i][0],
                  slice_is(sort, sorts[i][0]) ? " selected" : "", sorts[i][1]);
    put(out, "</select><button>Search</button></form>\n");
}

/* What stands in the address of the next page, besides its cursor, as it was asked for. */
static void put_next(const struct http_request *req, const struct store_issues_at *next, struct sbuf *out)
{
    struct slice rest = req->query;
    put(out, "<p><a href=\"/issues?");
    while (rest.n) {
        struct slice one = slice_split(&rest, '&');
        if (!slice_starts(one, SLICE("q=")) && !slice_starts(one, SLICE("sort=")))
            continue;
        html_escape(out, one);
        put(out, "&amp;");
    }
    sbuf_addf(out, "cursor=%" PRIx64 "-%016" PRIx64 "\">More</a></p>\n", (uint64_t)next->value, next->key);
}

/* What is behind them is in *more and *next. */
static bool put_rows(struct store *store, const struct store_issues_asked *asked, bool *more,
                     struct store_issues_at *next, struct sbuf *out)
{
    struct rows r = {.out = out, .now_us = asked->now_us};
    uint64_t total;
    put(out, "<ul class=\"issues\">\n");
    bool ok = store_issues(store, asked, issues_page_on_issue, &r, &total, more, next);
    put(out, "</ul>\n");
    if (!ok)
        put(out, "<p class=\"bad\">The list could not be read to its end; crumbd's log says why.</p>\n");
    else if (total)
        sbuf_addf(out, "<p class=\"dim\">%" PRIu64 " in all</p>\n", total);
    else
        put(out, asked->match ? "<p class=\"empty\">No issue is like that.</p>\n"
                              : "<p class=\"empty\">Nothing has broken yet.</p>\n");
    return ok;
}

static void put_list(struct store *store, const struct issue_list *l, const struct http_request *req,
                     struct http_answer *a)
{
    struct store_issues_at next;
    bool more;
    if (!put_rows(store, &l->asked, &more, &next, &a->body))
        a->status = 500;
    else if (more)
        put_next(req, &next, &a->body);
}

void issues_page_list(struct store *store, const struct http_request *req, int64_t now_us, struct http_answer *a)
{
    struct arena arena = {0};
    struct issue_list l;
    char why[ISSUE_LIST_WHY];
    struct slice q = answer_argument(req->query, "q", &arena), sort = answer_argument(req->query, "sort", &arena);
    a->type = answer_html;
    page_html_begin("Issues - crumbd", true, &a->body);
    put_form(q, sort, &a->body);
    if (issue_list_read(&l, q, sort, answer_argument(req->query, "cursor", &arena), SHOWN, now_us, why)) {
        put_list(store, &l, req, a);
    } else {
        a->status = 400;
        put(&a->body, "<p class=\"bad\">");
        html_text(&a->body, slice_str(why), VALUE_MAX);
        put(&a->body, "</p>\n");
    }
    page_html_end(&a->body);
    issue_list_done(&l);
    arena_done(&arena);
}

void issues_page_newest(struct store *store, unsigned most, int64_t now_us, struct sbuf *out)
{
    const struct store_issues_asked asked = {.sort = STORE_ISSUES_LAST, .limit = most, .now_us = now_us};
    struct store_issues_at next;
    bool more;
    put(out, "<h2>Issues</h2>\n");
    if (put_rows(store, &asked, &more, &next, out) && more)
        put(out, "<p><a href=\"/issues\">All issues</a></p>\n");
}

/* --- one issue --- */

struct kept_list {
    const struct store_issue *issue;
    struct slice wanted; /* empty: the newest */
    struct sbuf *out;
    struct sbuf payload;
    char shown[33]; /* empty: none is kept */
};

static void issues_page_on_kept(void *u, const struct store_kept *kept)
{
    struct kept_list *l = u;
    bool here = !l->shown[0] && (!l->wanted.n || slice_is(l->wanted, kept->event_id));
    if (here) {
        memcpy(l->shown, kept->event_id, sizeof l->shown);
        sbuf_adds(&l->payload, kept->payload);
    }
    sbuf_addf(l->out, "<li><a href=\"/issue/%016" PRIx64 "/%s\"%s>", l->issue->key, kept->event_id,
              here ? " aria-current=\"true\"" : "");
    page_html_stamp(kept->time_us, l->out);
    put(l->out, "</a></li>\n");
}

static void put_facts(const struct store_issue *issue, int64_t now_us, struct sbuf *out)
{
    put(out, "<header>");
    put_meta(issue, now_us, out);
    put(out, "<h1>");
    put_title(issue, out);
    sbuf_addf(
        out, "</h1></header>\n<dl><dt>times</dt><dd>%" PRIu64 ", %" PRIu64 " of them held back</dd>\n<dt>last</dt><dd>",
        issue->count, issue->suppressed);
    page_html_age(now_us, issue->last_us, out);
    sbuf_addf(out,
              " ago</dd>\n<dt>key</dt><dd>%016" PRIx64 " (<a href=\"/api/issues/%016" PRIx64 "\">JSON</a>)</dd></dl>\n",
              issue->key, issue->key);
    put_spark(&issue->history, out);
}

static void put_issue(struct store *store, const struct store_issue *issue, struct slice wanted, int64_t now_us,
                      struct sbuf *out)
{
    struct kept_list l = {.issue = issue, .wanted = wanted, .out = out};
    sbuf_init(&l.payload, HTTP_ANSWER_MAX);
    put_facts(issue, now_us, out);
    put(out, "<h2>Events kept</h2>\n<ul class=\"others\">\n");
    bool ok = store_issue_events(store, issue->key, issues_page_on_kept, &l);
    put(out, "</ul>\n");
    if (!ok)
        put(out, "<p class=\"bad\">They could not be read; crumbd's log says why.</p>\n");
    else if (!l.shown[0])
        put(out, wanted.n ? "<p class=\"dim\">This event is not kept any more.</p>\n"
                          : "<p class=\"dim\">None is kept any more.</p>\n");
    else
        page_html_event(sbuf_slice(&l.payload), out);
    sbuf_done(&l.payload);
}

void issues_page_one(struct store *store, struct slice path, int64_t now_us, struct http_answer *a)
{
    struct arena arena = {0};
    struct store_issue issue;
    struct slice wanted = path, beginning = slice_split(&wanted, '/');
    uint64_t key;
    unsigned n = store_issue_find(store, beginning, &key);
    bool found = n == 1 && store_issue(store, key, now_us, &arena, &issue);
    a->type = answer_html;
    a->status = found ? 200 : n > 1 ? 400 : 404;
    page_html_begin("Issue - crumbd", true, &a->body);
    if (found)
        put_issue(store, &issue, wanted, now_us, &a->body);
    else
        put(&a->body, n > 1 ? "<p class=\"bad\">Several issues have a key that begins so.</p>\n"
                            : "<p class=\"bad\">There is no such issue; it may not have been seen for a long time, or "
                              "had to make room.</p>\n");
    page_html_end(&a->body);
    arena_done(&arena);
}
