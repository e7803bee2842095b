#include "core/event_writer.h"

void event_writer_text(struct event_writer *w, const char *key, struct slice text, size_t max_points)
{
    if (text.n == 0)
        return;
    json_key(&w->json, key);
    event_writer_item(w, text, max_points);
}

void event_writer_item(struct event_writer *w, struct slice text, size_t max_points)
{
    json_str_max(&w->json, scrub_text(w->scrub, text, w->arena), max_points);
}

void event_writer_value(struct event_writer *w, struct slice name, struct slice text, size_t max_points)
{
    json_str_max(&w->json, scrub_value(w->scrub, name, text, w->arena), max_points);
}
