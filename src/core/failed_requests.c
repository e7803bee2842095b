#include "core/failed_requests.h"

#include <stdlib.h>

#include "base/xalloc.h"

struct failed_request {
    uint64_t client; /* 0: there is none here yet */
    int64_t came_us;
    struct breadcrumbs_line line;
    char text[BREADCRUMBS_TEXT_MAX], app[BREADCRUMBS_APP_MAX];
};

struct failed_requests {
    unsigned next;
    struct failed_request v[FAILED_REQUESTS_MAX];
};

struct failed_requests *failed_requests_new(void)
{
    return xcalloc(1, sizeof(struct failed_requests));
}

void failed_requests_free(struct failed_requests *f)
{
    free(f);
}

static struct slice keep(char *to, struct slice s, size_t max)
{
    s = slice_sub(s, 0, max);
    if (s.n)
        memcpy(to, s.p, s.n);
    return slice_of(to, s.n);
}

void failed_requests_note(struct failed_requests *f, uint64_t client, const struct breadcrumbs_line *line,
                          int64_t now_us)
{
    struct failed_request *to = &f->v[f->next];
    f->next = (f->next + 1) % FAILED_REQUESTS_MAX;
    to->client = client;
    to->came_us = now_us;
    to->line = *line;
    to->line.text = keep(to->text, line->text, sizeof to->text);
    to->line.app = keep(to->app, line->app, sizeof to->app);
}

void failed_requests_of(const struct failed_requests *f, uint64_t client, int64_t now_us, failed_request_f *each,
                        void *u)
{
    for (unsigned i = 1; i <= FAILED_REQUESTS_MAX; i++) {
        const struct failed_request *r = &f->v[(f->next + FAILED_REQUESTS_MAX - i) % FAILED_REQUESTS_MAX];
        if (r->client == client && now_us - r->came_us <= FAILED_REQUESTS_WINDOW_US)
            each(u, &r->line);
    }
}
