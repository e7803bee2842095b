#include "app/answer.h"

#include "io/http_token.h"
#include "text/json.h"

const char answer_html[] = "text/html; charset=utf-8", answer_json[] = "application/json";

void answer_refuse(struct http_answer *a, int status, const char *why)
{
    struct json j;
    a->status = status;
    if (a->type != answer_json) {
        a->type = NULL;
        sbuf_addf(&a->body, "%s\n", why);
        return;
    }
    json_start(&j, &a->body);
    json_map(&j);
    json_key(&j, "error");
    json_str(&j, slice_str(why));
    json_map_end(&j);
    json_end(&j);
    sbuf_addc(&a->body, '\n');
}

struct slice answer_argument(struct slice query, const char *name, struct arena *arena)
{
    char *value = arena_alloc(arena, query.n + 1);
    return http_form_value(query, name, value, query.n + 1) ? slice_str(value) : SLICE_NONE;
}

uint64_t answer_number(struct slice query, const char *name, uint64_t unless)
{
    struct arena arena = {0};
    struct slice text = answer_argument(query, name, &arena);
    if (text.p && !slice_u64(text, &unless))
        unless = 0;
    arena_done(&arena);
    return unless;
}

unsigned answer_limit(struct slice query, unsigned usual, unsigned most)
{
    uint64_t n = answer_number(query, "limit", usual);
    return n > most ? most : (unsigned)n;
}
