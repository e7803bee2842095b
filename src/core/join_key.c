/* join_key: which lines can be of one trace. Only lines of one domain can meet. */
#include "core/join.h"

#include "base/hash.h"
#include "parsers/parser.h"
#include "parsers/text_collector.h"

/* Absent parts cost nothing; `which` keeps them apart. */
static uint64_t add(const struct hash_secret *secret, uint64_t h, unsigned which, struct slice s)
{
    return s.n ? hash64(secret, h + which, s) : h;
}

/* Fields that tell apart what a carrier brings together: Docker's GELF and Fluent Bit name the container, Docker's and
 * the CRI's files the stream, the journal the pipe. */
static uint64_t add_fields(const struct hash_secret *secret, uint64_t h, const struct record *r)
{
    static const char *const names[] = {"container_id", "container_name", "pod_name", "stream", "stream_id"};
    for (unsigned i = 0; r->n_fields && i < sizeof names / sizeof *names; i++)
        h = add(secret, h, 10 + i, record_value(r, names[i]));
    if (format_traits(r->format)->says_stream && record_field(r, SLICE("container_id")))
        h = add(secret, h, 20, slice_str(level_name(level_from_severity(r->severity))));
    return h;
}

/* Whose line it is, where a collector writes that before each. */
static struct slice source_of(struct slice line)
{
    struct slice name;
    bool sure;
    return text_collector_source(line, &name, &sure) ? name : SLICE_NONE;
}

static struct slice thread_of(const struct record *r)
{
    static const char *const names[] = {"thread_name", "thread", "threadName", "thread.name", "process.thread.name"};
    for (unsigned i = 0; r->n_fields && !r->thread.n && i < sizeof names / sizeof *names; i++) {
        struct slice v = record_value(r, names[i]);
        if (v.n)
            return v;
    }
    return r->thread;
}

/* The process says who speaks where it is none of the stream's own. */
static struct slice process_of(const struct record *r)
{
    return format_traits(r->format)->says_process ? SLICE_NONE : r->procid;
}

/* Its end, where names of threads differ. */
static uint64_t end_word(struct slice s)
{
    uint64_t word;
    if (s.n < 8)
        return s.n ? slice_word(s) : 0;
    memcpy(&word, s.p + s.n - 8, 8);
    return word;
}

unsigned join_speaker_slot(const struct record *r)
{
    struct slice process = process_of(r), thread = thread_of(r);
    uint64_t word = end_word(thread) + process.n + thread.n;
    if (process.n)
        word ^= hash_mix(end_word(process), 1);
    return process.n || thread.n ? 1 + (unsigned)(word * 0x9e3779b97f4a7c15 >> (64 - JOIN_SLOT_BITS)) : 0;
}

struct join_key join_key_of(const struct hash_secret *secret, const struct stream *s, const struct record *r)
{
    /* Elsewhere only lines with a head of their own say it, and those of a trace may have none. */
    bool headed = format_traits(r->format)->says_process;
    uint64_t file = s->container || s->log ? 0 : s->file_key; /* a log gets another file at any line */
    uint64_t stream = hash_mix(hash_mix(hash_mix(secret->a, s->domain), stream_log(s)), file);
    if (headed || !stream_file(s))
        stream = add(secret, add(secret, stream, 1, r->host), 2, r->app);
    if (headed)
        stream = add(secret, stream, 3, r->procid);
    stream = add(secret, stream, 6, source_of(r->raw));
    uint64_t speaker = add(secret, add(secret, 0, 4, process_of(r)), 5, thread_of(r));
    return (struct join_key){.stream = add_fields(secret, stream, r) | 1, .speaker = speaker};
}
