#include "io/redis_lost.h"

#include "base/log.h"

void redis_lost_note(const char *input, struct counts *counts, const struct redis_stream *s, uint64_t n)
{
    if (!n)
        return;
    counts->v[COUNT_redis_lost] += n;
    log_error("entries of a stream were trimmed before they were judged: raise the length that is kept",
              log_c("input", input), log_c("stream", s->name), log_i("entries", (int64_t)n));
}

void redis_lost_gone(const char *input, struct counts *counts, struct redis_stream *s, uint64_t offset)
{
    bool lost = offset >= s->part->place.offset;
    s->judged += lost;
    redis_lost_note(input, counts, s, lost);
}

void redis_lost_large(const char *input, struct counts *counts, struct redis_stream *s, uint64_t offset, int64_t bytes)
{
    char id[REDIS_ID_MAX];
    if (offset >= s->part->place.offset) {
        redis_stream_id(offset, id);
        s->judged++;
        counts->v[COUNT_redis_too_large]++;
        log_error("an entry of a stream is too large, and is passed over", log_c("input", input),
                  log_c("stream", s->name), log_c("id", id), log_i("bytes", bytes),
                  log_c("remedy", "have its writer cut it, or split it: 15 MiB are read"));
    }
    partition_took(s->part,
                   &(struct kafka_message){.offset = (int64_t)offset, .time_us = (int64_t)(offset >> 20) * 1000});
}
