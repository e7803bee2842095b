/*
 * join_parts: what the files of join share, and nobody else sees. They stand one above the other: join_key,
 * join_kept and join_line, join_next, join_held, join_codec, join_ask, join_rows, join.
 */
#ifndef CORE_JOIN_PARTS_H
#define CORE_JOIN_PARTS_H

#include "core/due.h"
#include "core/join_kept.h"
#include "core/join_line.h"

/* What is left of a record that has been released. */
struct join_brief {
    uint64_t domain, ring; /* of its stream */
    struct sbuf text;      /* its first line and its last */
};

/* A file that lines of a record are in, and the first of these there. */
struct held_next {
    uint64_t file_key, offset;
};

/* A record that waits for its lines. */
struct held {
    TAILQ_ENTRY(held) by_age, of_stream, of_domain;
    struct join_stream *stream;
    struct join_domain *domain; /* NULL: its record has been released */
    uint64_t speaker;
    bool unnamed;       /* its last line named no speaker */
    bool of_any;        /* counted as one that lines of any speaker are asked for */
    bool in_lines;      /* its last line came alone: a message with line feeds in it would be all that there is */
    bool headed;        /* its last line had a head of its own, as log lines have, */
    enum level level;   /* and this level in it */
    int64_t carried_us; /* when its last line was taken by the carrier; RECORD_NO_TIME: it is not known */
    bool timed;         /* a line of it has told a time */
    bool no_fraction;   /* the last time told was a whole second's */
    struct trace_prefix
        *prefix; /* that was taken off the line that its trace begins with, or off its own; owned. NULL:
                    not asked for yet, since most lines that are held introduce nothing; or there is none */
    bool knows_prefix;
    struct join_options opt;
    bool of_file, by_position; /* its stream */
    bool restored;             /* its first line may not say any more who spoke */
    uint16_t source;           /* its stream's, one of JOIN_SOURCES */
    uint16_t slot;             /* of the speaker of its first line */
    size_t head_bytes;         /* before the message in its first line, where that is known by who has put it there */
    struct kept *head;         /* NULL: it has been released, the rest of its lines are swallowed */
    uint64_t file_key, offset; /* where it began; file_key 0: in no file */
    uint64_t file_now;         /* of its last line */
    struct held_next *next;    /* the files that it goes on in behind the one where it began; owned */
    unsigned n_next;
    struct join_brief *brief; /* once head is gone: by which the store knows it; owned. NULL: it need not */
    struct sbuf text;         /* of head and of what was joined to it; empty: of head alone */
    unsigned lines;           /* of that text */
    bool cut;                 /* some of it are gone, and that is counted */
    uint8_t passed;           /* late lines that are none of its */
    uint64_t newest;          /* number of the last line that it has got */
    struct kept_list maybe;   /* provisional */
    unsigned n_maybe;
    size_t maybe_bytes; /* of these */
    unsigned indent; /* its text stands behind so many blanks in each line that follows; 0: it goes on as traces do */
    bool walks;      /* a trace has begun; else its head may introduce one */
    struct trace_walk walk;
    int64_t due_us, last_us;
    int64_t begun_us;
    int64_t touched_us;  /* when its last line came */
    int64_t until_us;    /* not due before */
    struct due_item due; /* no later than due_us: each line of its own puts that off */
    size_t bytes;        /* in join.bytes */
    struct {             /* of the store (join_row.h) */
        uint64_t key;    /* 0: there is none */
        size_t bytes;
        bool changed; /* it has got lines since */
        bool refused; /* and could not be told of them */
    } row;
};

TAILQ_HEAD(held_list, held);

struct join_stream {
    uint64_t key;
    struct held_list held; /* who spoke last is first */
};

/* What lines of one domain hold. */
struct join_domain {
    uint64_t key;
    unsigned n;
    size_t bytes;
    struct held_list held; /* the oldest first */
};

enum { JOIN_SOURCES = 1024 };

struct join {
    struct join_setup setup;
    const struct trace_engine *engine;
    struct held_list by_age; /* the oldest first */
    struct held_list spent;  /* their records have been released */
    struct table domains;
    struct join_domain *largest; /* with more than half of what may be held; NULL: none */
    struct due due;
    struct table streams;
    struct table speakers; /* what each named one of a stream holds, the last of it */
    struct kept_files files;
    struct kept_list back;       /* lines given back, in order */
    unsigned n, n_spent, n_next; /* n_next: of them have lines in other files than their first */
    /* How many of these are of streams whose hash is that; how many of them are asked for lines of any speaker; and how
       many have begun with a line of a speaker of this slot. */
    unsigned of_source[JOIN_SOURCES], of_any[JOIN_SOURCES], of_slot[JOIN_SLOTS + 1];
    size_t bytes, row_bytes;
    struct sbuf row;        /* the one that is told */
    uint64_t open, n_lines; /* n_lines: placed so far */
    int64_t now_us;
    bool flushing, stalled;
};

/* The line that is placed, and what asking it for a trace has told. */
struct placing {
    struct join_line line;
    struct kept *kept; /* NULL: it is nobody's copy yet */
    uint64_t number;
    struct join_key key;
    struct slice said; /* to what is held, without what stands before each of its lines */
    enum { NOT_ASKED, OPENS, OPENED_AND_ENDED, PLAIN } opening;
    struct trace_walk walk;
    struct slice heading; /* of what opens, in what the parser has taken off; empty: it is in the message */
};

/* --- join_next --- */

/* A line of it is in this message. */
void held_note_file(struct join *j, struct held *h, const struct message *m);
/* It is not held any more. */
void held_forget_next(struct join *j, struct held *h);
/* Lines of it are in this file, and later ones in another. */
bool held_was_in(const struct held *h, uint64_t file_key);
/* Adds to these offsets, ascending, where the lines in this file begin of what began in another. Returns how many there
 * are then, the first max. */
unsigned held_next_offsets(const struct join *j, uint64_t file_key, uint64_t *offsets, unsigned n, unsigned max);

/* --- join_held: what is held --- */

/* The record is held from now on. */
struct held *held_begin(struct join *j, struct placing *p);
/* The last that this speaker of the stream holds; NULL: nothing, or the line names none. */
struct held *held_of_speaker(const struct join *j, const struct join_key *key);
/* False for sure of most lines: nothing is held that would be asked for this one. */
bool held_may_ask(const struct join *j, const struct stream *s, const struct record *r);
/* A copy to be held; takes over one that is there. */
struct kept *held_keep(struct join *j, struct placing *p);
/* Of the last line that is part of it; headed: it has a head that those before it have not. */
void held_note_head(struct held *h, const struct record *r, bool headed);
/* Whether its last line named no speaker. */
void held_set_unnamed(struct join *j, struct held *h, bool unnamed);
/* What stands before each of its lines; NULL: nothing. */
struct trace_prefix *held_prefix(struct held *h);
void held_set_prefix(struct held *h, const struct trace_prefix *prefix);
/* The line is part of it, and all that were provisional are; or it is one more of these. */
void held_take(struct join *j, struct held *h, struct placing *p);
void held_take_maybe(struct join *j, struct held *h, struct placing *p);
/* What it has is released. Provisional lines are to be placed anew, before what is waiting for that already. */
void held_end(struct join *j, struct held *h);
/* It has become too long or too old: the rest of its lines is swallowed as long as they come. */
void held_cut(struct join *j, struct held *h);
/* No line of it has come for a while. What was held up on its way is swallowed when it comes. */
void held_let_go(struct join *j, struct held *h);
/* Whether what comes of it now comes so late, and its record has been released. */
bool held_is_late(const struct join *j, const struct held *h);
/* Whether its time is over, and it has grown up to now. */
bool held_still_grows(const struct join *j, const struct held *h);
bool held_has_only_blanks(const struct held *h);
unsigned held_source(const struct stream *s);
/* It has to make room: the same, where its trace has begun. */
void held_evict(struct join *j, struct held *h);
/* It was so already in an earlier run: its record, which tells what it is, has had its fate. */
void held_spend_again(struct join *j, struct held *h);
/* It is due in so much time at the earliest. */
void held_wait(struct join *j, struct held *h, int64_t us);
/* A line without a place is handed out. */
void held_release_line(struct join *j, struct kept *k, bool trace);

/* --- join_ask: what is held is asked whether a line is part of it --- */

/* Whether a trace begins in the message, and whether it is open at its end: p->opening. */
void join_ask_opening(struct join *j, struct placing *p);
/* True: what is held of the stream has taken the line. What says that it has ended is released. */
bool join_ask_stream(struct join *j, struct placing *p);
/* Its level, the colon at its end, or that it is a head alone, tells that a trace may follow. */
bool join_may_introduce(const struct record *r);

/* --- join_rows: what the store keeps of it --- */

/* Ends what has provisional lines without the record that they would stand with. They wait to be placed. */
void join_rows_clear(struct join *j);
/* Tells the rows that have changed, as far as they may. */
void join_rows_tell(struct join *j);
/* Holds again what a row has. Its provisional lines wait to be placed. Returns how many lines there are; 0: it cannot
 * be read. */
unsigned join_rows_restore(struct join *j, const struct join_row *row);

#endif
