/*
 * join_codec: a record that is held, with its provisional lines, as one run of bytes, scrubbed, for the store.
 *
 * With each line goes what its event is made of: its record, whose it is, when it came, what its id is made of. Members
 * carry tags, so that one crumbd reads what another wrote: a member that it does not know is passed over. The state of
 * the grammar is not among them: who reads asks the text anew, by the grammars of then. Of a record's fields what does
 * not fit into RECORD_CODEC_MAX is left out. Reading trusts nothing. Pure.
 */
#ifndef CORE_JOIN_CODEC_H
#define CORE_JOIN_CODEC_H

#include "core/join_kept.h"
#include "core/record_codec.h"

/* Of a record that is held, beside its lines. */
struct join_codec_held {
    struct join_key key;
    bool unnamed, in_lines, headed, after_record; /* as of struct held and its walk */
    bool spent;                                   /* its record has had its fate: instead of lines there is its brief */
    uint8_t indent;
    enum level level;
    struct join_options opt;
};

struct join_codec_writer {
    struct scrub *scrub;
    struct sbuf *out;
    struct sbuf record; /* at least RECORD_CODEC_MAX */
    struct arena arena; /* of one line */
};

void join_codec_begin(struct join_codec_writer *w, const struct join_codec_held *h);
/* The line with this text instead of its own, which may have grown. run_key: of the id of its event. */
void join_codec_add(struct join_codec_writer *w, struct kept *k, struct slice text, uint64_t run_key);

/* What is left of one that is spent. */
struct join_codec_brief {
    uint64_t domain, ring;
    struct slice text, prefix;
};

void join_codec_add_brief(struct join_codec_writer *w, const struct join_codec_brief *b);

struct join_codec_reader {
    struct slice rest;
    struct join_codec_held held;
    struct record record;
    struct stream stream;
    struct record_home home;
    struct join_line line; /* of these two; of one that is spent its text is the brief */
    struct slice prefix;
    struct arena arena;
};

/* False: these are not such bytes. */
bool join_codec_open(struct join_codec_reader *in, struct slice bytes);
/* False: there is no further line, or none that can be read. */
bool join_codec_next(struct join_codec_reader *in);
void join_codec_close(struct join_codec_reader *in);

#endif
