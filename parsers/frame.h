/*
 * frame: framing. Bytes of a stream go in as they come, messages come out as slices of the buffer; nothing is
 * copied.
 *
 *   char *at = framer_room(c, 65536);  n = read(fd, at, 65536);  framer_fill(c, n);
 *   while (framer_next(c, &msg)) use(msg);
 *
 * What comes out depends on the bytes only, never on how they were split into reads. Slices live until the
 * next call that changes the framer. A message longer than its cap keeps its first bytes; the rest is
 * swallowed and counted, so an endless line needs no more memory than two messages and one read. Time is
 * linear in the bytes. Owns its buffer; one thread at a time.
 */
#ifndef PARSERS_FRAME_H
#define PARSERS_FRAME_H

#include "base/slice.h"

enum frame_mode {
    FRAME_LINES,   /* LF, a CR before it is not part of the line; lines that `head` refuses continue the entry
                    before them. NULs in front of a line are skipped; FRAME_HOLE of them end a line and its entry:
                    a loss of power leaves such, behind half a line */
    FRAME_NUL,     /* NUL ends a frame; empty frames are skipped */
    FRAME_GELF,    /* GELF over TCP: NUL, or LF when what is before it is one whole JSON object */
    FRAME_SYSLOG,  /* syslog over TCP, told frame by frame: octet counting (RFC 6587, 3.4.1), or a line ended by
                    LF or NUL */
    FRAME_UTF16LE, /* lines in UTF-16, of which the stream's offsets are even; the messages are UTF-16, too */
    FRAME_UTF16BE,
};

enum {
    FRAME_MESSAGE_MAX = 256 << 10, /* default cap of a message */
    FRAME_JOIN_MAX = 64 << 10,     /* default cap of an entry joined of several lines */
    FRAME_SWALLOW_MAX = 1 << 20,   /* an entry that has lost this much ends, and the next line begins a new one */
    FRAME_COUNT_MAX = 16 << 20,    /* a greater number before a syslog frame is no count */
    FRAME_HOLE = 4,                /* so many NULs are no part of a line */
};

/* Without what may stand in front of a record and is none of it: NULs, which a loss of power leaves in a file, and the
 * byte order mark of UTF-8, which some programs write first of all. */
static inline struct slice frame_skip_lead(struct slice s)
{
    while (s.n && (*s.p == '\0' || *s.p == '\xef')) {
        size_t n = *s.p == '\0' ? 1 : slice_starts(s, SLICE("\xef\xbb\xbf")) ? 3 : 0;
        if (n == 0)
            break;
        s = slice_from(s, n);
    }
    return s;
}

/* Asked about a line that looks like a head while an entry is open. */
struct frame_doubt {
    struct slice entry; /* the entry before it, without its last line end */
    struct slice ahead; /* that line and all that is here behind it; in memory it follows the entry's line end */
    bool last;          /* nothing more is waited for */
    size_t seen;        /* kept for the rule from call to call: bytes of ahead in which it found nothing */
    struct frame_walk { /* the same, while it is asked about one line: nothing at first */
        size_t from;    /* whole lines of ahead that did not tell */
        unsigned lines;
        size_t quotes;
        bool answered, heads;
    } walk;
};

struct frame_told {
    enum {
        FRAME_HEAD,   /* the line is one. n bytes of ahead hold no other that is to be asked about */
        FRAME_INSIDE, /* n bytes of ahead, whole lines, belong to the entry */
        FRAME_UNTOLD, /* more bytes would tell */
    } what;
    size_t n;
};

typedef bool frame_head_f(struct slice line);
/* In a stream of several programs: whether a line that is no head may be of the entry before it. */
typedef bool frame_goes_on_f(struct slice entry, struct slice line);

/* Which lines that look like a head are part of the entry before them. */
struct frame_rule {
    struct frame_told (*told)(struct frame_doubt *d);
    /* Most entries need no more than a look. From the first byte of this one on, more than `reach` bytes are here, and
     * `told` has found nothing in those behind it (`seen`). True: the line behind it is a head. */
    bool (*plain)(struct slice entry);
    size_t reach;
    /* NULs behind this, which the line begins with, are bytes of a client, and no hole. */
    bool (*keeps_nuls)(struct slice begin);
};

struct stream;
struct field;

struct frame_span {
    uint64_t from, to;
};

/* What stands behind a message in the buffer that it is in, for who would rather look at much at once. */
enum frame_looker { FRAME_LOOKER_RULES, FRAME_LOOKER_TRACES, FRAME_LOOKERS };
struct frame_ahead {
    const char *begin, *end; /* of the buffer */
    /* Who has looked at it, and the number of that look: NULL when the bytes have been moved since, or nobody has. */
    struct frame_look {
        const void *by;
        uint64_t number;
    } looks[FRAME_LOOKERS];
};

/* From the framer, or a frame of the transport, to the pipeline. The bytes may be reused when what it is given to
 * returns. */
struct message {
    struct slice text;
    unsigned lines;           /* physical lines it was made of; 1 for frames, whatever they hold */
    uint64_t nul_bytes;       /* skipped since the message before, in front of a line or behind half of one */
    uint64_t truncated_bytes; /* left out at the cap, or promised by a count and never sent */
    uint64_t offset;          /* of its first byte in the stream; means nothing when the stream has no file_key, as */
    uint64_t end;             /* where what belongs to it ends, its line end included. It may go on, between others: */
    const struct frame_span *more;
    unsigned n_more;
    struct stream *stream; /* whose it is; set by who hands it on, NULL before that */
    int64_t received_us;   /* when its carrier took it; 0: now */
    unsigned nth;          /* of those that stand at its offset: its carrier brought several in one */
    /* What its carrier says beside it (record.h), told only where somebody may read it; NULL: nothing. Where it stands
     * must outlive the call that hands the message on. */
    const struct field *(*beside)(void *carrier, unsigned *n);
    void *carrier;
    bool headed; /* of a stream of several programs: it begins with the head that the framer was given */
    enum {
        MESSAGE_NEW,
        MESSAGE_AGAIN,  /* read a second time, after a crash: it was handed on, and may be a line of one that is RESUMED
                         */
        MESSAGE_RESUMED /* the same, and it was waiting for lines after it */
    } read;
    struct frame_ahead *ahead; /* NULL: nothing is known of the bytes behind it */
};

/* All members are private. */
struct framer {
    enum frame_mode mode;
    frame_head_f *head;
    const struct frame_rule *rule;
    frame_goes_on_f *goes_on;
    frame_head_f *quoting;
    size_t max, join_max;
    char *p;
    size_t n, cap; /* bytes held, bytes allocated */
    size_t at;     /* the next byte to look at; what is held from here on has not been judged */
    uint64_t at_offset;
    uint64_t nul; /* FRAME_LINES: offset of the first NUL in what has not been looked at; UINT64_MAX: there is none */
    uint64_t nul_bytes; /* skipped since the last message */
    struct {            /* the line or frame being read: kept bytes, then possibly swallowed ones, then `at` */
        size_t from, kept;
        uint64_t truncated, offset;
        bool head;       /* a whole line behind an open entry, which looks like the beginning of another */
        bool keeps_nuls; /* whatever of them comes is part of it */
    } piece;
    struct { /* whole lines that wait for the head that ends their entry */
        bool open;
        bool alone;  /* it is no entry but a line of another program: nothing continues it */
        bool quoted; /* it goes on until its quotes pair */
        size_t from, kept, limit;
        uint64_t truncated, offset;
        unsigned lines;
    } entry;
    struct { /* offsets in the stream, from which on the next question is asked anew */
        uint64_t inside, heads, seen;
        uint64_t line, end;     /* of the line at `line` the bytes up to `end` did not tell, */
        struct frame_walk walk; /* as far as this */
    } told_to;
    struct frame_ahead ahead;
    bool last;     /* while flushing */
    struct {       /* FRAME_GELF: where the piece stands as JSON */
        size_t at; /* looked at up to here */
        uint64_t depth;
        enum { FRAME_JSON_START, FRAME_JSON_INSIDE, FRAME_JSON_WHOLE, FRAME_JSON_NONE } state;
        bool in_string, escaped;
    } json;
    /* FRAME_SYSLOG. DEBRIS: what lies between a frame whose count was wrong and the next header. */
    enum { FRAME_IS_UNKNOWN, FRAME_IS_LINE, FRAME_IS_COUNTED, FRAME_IS_DEBRIS } frame;
    uint64_t count; /* length of a counted frame */
    struct {
        bool behind, space;    /* the frame before was counted; it ends with a space, behind the digits */
        unsigned digits;       /* at its end, which may be the first of the next count; */
        uint64_t value, scale; /* their value, and 10 to the power of their number */
        uint64_t whole;        /* the count before as these digits would have made it, or 0 */
        int64_t excess;        /* by so many bytes this sender's counts are too large, as far as has been seen */
        uint64_t wrong;        /* how often one was */
    } counts;
};

/* max_bytes: cap of one message, 0 for the default. offset: what the first byte fed is called. */
void framer_init(struct framer *c, enum frame_mode mode, size_t max_bytes, uint64_t offset);
/* FRAME_LINES: which lines begin an entry; NULL (as after framer_init) when all do. rule: which of these are part of
 * the entry before them all the same; NULL: none. max_bytes caps the joined text, 0: default. */
void framer_set_head(struct framer *c, frame_head_f *head, const struct frame_rule *rule, size_t max_bytes);
/* The same where several programs write: a line that is no head is a message of its own, unless an entry is open and
 * the rule or `goes_on` says that the line is of it. */
void framer_set_mixed(struct framer *c, frame_head_f *head, const struct frame_rule *rule, frame_goes_on_f *goes_on);
/* FRAME_LINES: a line for which `quoting` is true begins a record whose columns may hold line ends between quotes. One
 * whose quotes do not pair goes on until they do, or another begins. */
void framer_set_quoting(struct framer *c, frame_head_f *quoting);
void framer_done(struct framer *c);

/* Space for want more bytes. */
char *framer_room(struct framer *c, size_t want) __attribute__((returns_nonnull));
/* n bytes were written there. */
void framer_fill(struct framer *c, size_t n);
/* Both in one, with a copy. */
void framer_feed(struct framer *c, struct slice bytes);

/* The next whole message. False: none, feed more. */
bool framer_next(struct framer *c, struct message *out);

/*
 * What waits, after framer_next has said no; to be called until it says no. FRAME_IDLE: only what is complete in
 * itself (an entry whose next head has not come, a JSON object without its delimiter), never a line without
 * LF. FRAME_END: everything.
 */
enum framer_flush { FRAME_IDLE, FRAME_END };
bool framer_flush(struct framer *c, enum framer_flush how, struct message *out);
/* False when framer_flush(FRAME_IDLE) can yield nothing. */
bool framer_waiting(const struct framer *c);

/* Offset of the first byte that no message has held yet, where reading has to begin again after a crash. */
static inline uint64_t framer_resume_offset(const struct framer *c)
{
    return c->entry.open ? c->entry.offset : c->piece.offset;
}
/* Offset of the first byte that has not been looked at. */
static inline uint64_t framer_taken(const struct framer *c)
{
    return c->at_offset;
}
/* FRAME_SYSLOG: how often a count was wrong, and reading went on at the next header. */
static inline uint64_t framer_wrong_counts(const struct framer *c)
{
    return c->counts.wrong;
}
/* Gives back memory that is not needed now: all of it when nothing is held. */
void framer_trim(struct framer *c);
/* Memory it holds now. */
static inline size_t framer_memory_bytes(const struct framer *c)
{
    return c->cap;
}

#endif
