#include "core/join_kept.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "parsers/record_keep.h"

const struct join_options join_defaults = {
    .on = true, .wait_us = 300000, .lines = TRACE_LINES_MAX, .bytes = TRACE_BYTES_MAX};

enum { RAW_MAX = 1024 };

static void keep_stream(struct kept *k, const struct stream *s)
{
    struct slice *const texts[] = {&k->stream.log_format, &k->stream.source, &k->stream.input, &k->stream.peer,
                                   &k->stream.sender};
    k->stream = *s;
    for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i]->p)
            *texts[i] = arena_dup(&k->arena, *texts[i]);
    k->stream.zone = NULL; /* it has been read */
    k->stream.container = k->record->container;
    k->stream.home = k->record->home;
}

enum { ALIGN = _Alignof(max_align_t) };

/* About what the copy takes, so that it takes no more: there may be very many of them. */
static size_t size_of(const struct join_line *line)
{
    const struct record *r = line->record;
    const struct stream *s = line->message.stream;
    const struct slice texts[] = {r->line.n ? r->line : r->message,
                                  r->heading,
                                  r->told,
                                  r->full_message,
                                  r->host,
                                  r->app,
                                  r->procid,
                                  r->msgid,
                                  r->logger,
                                  r->request_id,
                                  r->trace_id,
                                  r->span_id,
                                  r->input,
                                  r->peer,
                                  r->thread,
                                  r->error_type,
                                  r->error_value,
                                  s->source,
                                  s->input,
                                  s->peer,
                                  s->sender,
                                  slice_sub(line->message.text, 0, RAW_MAX)};
    const struct record_home none = {0}, *home = r->home ? r->home : &none;
    size_t n = r->home ? sizeof none + home->file.n + home->program.n + 3 * ALIGN : 0;
    n += offsetof(struct record, fields) + r->n_fields * sizeof r->fields[0] + ALIGN;
    for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++)
        n += texts[i].p ? texts[i].n + ALIGN : 0;
    for (unsigned i = 0; i < r->n_fields; i++)
        n += r->fields[i].name.n + r->fields[i].value.n + 2 * ALIGN;
    return n;
}

struct kept *kept_new(const struct join_line *line)
{
    struct kept *k = xcalloc(1, sizeof *k);
    arena_begin(&k->arena, size_of(line));
    k->record = record_keep(&k->arena, line->record);
    k->message = line->message;
    if (line->message.n_more) {
        struct frame_span *more = arena_calloc(&k->arena, line->message.n_more, sizeof *more);
        memcpy(more, line->message.more, line->message.n_more * sizeof *more);
        k->message.more = more;
    }
    k->message.text = arena_dup(&k->arena, slice_sub(line->message.text, 0, RAW_MAX));
    k->message.ahead = NULL;
    k->message.beside = NULL; /* the record has it */
    k->message.stream = &k->stream;
    k->message.read = MESSAGE_NEW; /* it was held before, and had no fate */
    k->record->raw = k->message.text;
    keep_stream(k, line->message.stream);
    k->received_us = line->received_us;
    k->behind = line->behind;
    k->blank = line->blank;
    k->alien = line->alien;
    return k;
}

void kept_free(struct kept *k)
{
    arena_done(&k->arena);
    free(k);
}

struct join_line kept_line(struct kept *k)
{
    return (struct join_line){.record = k->record,
                              .message = k->message,
                              .received_us = k->received_us,
                              .behind = k->behind,
                              .blank = k->blank,
                              .alien = k->alien};
}

struct kept_file {
    struct kept_list kept;
    bool unread;
};

void kept_files_add(struct kept_files *f, struct kept *k)
{
    uint64_t key = k->stream.file_key;
    if (!key)
        return;
    struct kept_file *file = table_get(&f->by_key, key);
    if (!file) {
        file = xcalloc(1, sizeof *file);
        TAILQ_INIT(&file->kept);
        table_put(&f->by_key, key, file);
    }
    TAILQ_INSERT_TAIL(&file->kept, k, of_file);
}

void kept_files_remove(struct kept_files *f, struct kept *k)
{
    uint64_t key = k->stream.file_key;
    struct kept_file *file = key ? table_get(&f->by_key, key) : NULL;
    if (!file)
        return;
    TAILQ_REMOVE(&file->kept, k, of_file);
    if (TAILQ_FIRST(&file->kept))
        return;
    table_del(&f->by_key, key);
    free(file);
}

void kept_files_unread(struct kept_files *f, uint64_t key, bool unread)
{
    struct kept_file *file = table_get(&f->by_key, key);
    if (file)
        file->unread = unread;
}

bool kept_files_is_unread(const struct kept_files *f, uint64_t key)
{
    const struct kept_file *file = table_get(&f->by_key, key);
    return file && file->unread;
}

unsigned kept_files_offsets(const struct kept_files *f, uint64_t key, uint64_t *offsets, unsigned max)
{
    const struct kept_file *file = table_get(&f->by_key, key);
    const struct kept *k = file ? TAILQ_FIRST(&file->kept) : NULL;
    unsigned n = 0;
    for (; k && n < max; k = TAILQ_NEXT(k, of_file))
        offsets[n++] = k->message.offset;
    return n;
}

void kept_files_free(struct kept_files *f)
{
    table_done(&f->by_key);
}
