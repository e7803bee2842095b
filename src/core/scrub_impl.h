/*
 * scrub_impl: what the parts of scrub share. Private to them; each part builds on those above it here, and scrub.c on
 * all.
 *
 * A walk goes over a text once, from the front. What it takes out it leaves behind for good (`done`): nothing looks
 * back over it, so that a text without secrets stays as it is when it is scrubbed again. All looking ahead ends in a
 * take or is bounded.
 */
#ifndef CORE_SCRUB_IMPL_H
#define CORE_SCRUB_IMPL_H

#include "base/sbuf.h"
#include "core/scrub.h"
#include "core/scrub_name.h"

enum { SCRUB_RECENT = 4, SCRUB_CLIENTS = 8, SCRUB_ADDRESS_MAX = 45, SCRUB_TOKENS = 240, PROGRAMS_MAX = 128 };
enum { SCRUB_NAMES = 64, SCRUB_NAME_MAX = 96 };

struct token_row {
    const char *prefix;
    unsigned char n, alphabet, least, flags;
};

/* A slot for what begins with these two: most words are told from all that is known by it. */
static inline unsigned char two_bytes(const char *p)
{
    return (unsigned char)(p[0] + 33 * p[1]);
}

struct scrub {
    const struct options *opt;
    struct names names;
    unsigned char token_first[256], token_next[SCRUB_TOKENS];     /* rows by two_bytes of their prefix, + 1 */
    unsigned char program_first[256], program_next[PROGRAMS_MAX]; /* the same of programs */
    struct regex_scratch *scratch;
    struct sbuf out;
    struct {
        char text[SCRUB_ADDRESS_MAX];
        unsigned char n;
    } clients[SCRUB_CLIENTS]; /* of the event in work */
    unsigned n_clients;
    struct {
        char text[SCRUB_NAME_MAX];
        unsigned char n; /* 0: no name has this place */
        struct name_is is;
    } names_seen[SCRUB_NAMES]; /* each log has few loggers and fields: what names of late say, by their hash */
    enum name_kind field;      /* what the name says of the text in work, when that is a field's */
};

/* A word that has been passed. */
struct recent_word {
    unsigned roles;
    size_t start, end;
};

struct scrub_walk {
    struct scrub *s;
    struct slice t; /* t.n is where the part in work ends */
    size_t i, done; /* done: all before it is in s->out or needs no copy */
    bool in_rows;   /* of SQL, where no others begin */
    bool query;     /* the text is a query, or form fields */
    struct name_words name;
    size_t name_end;
    struct recent_word recent[SCRUB_RECENT]; /* the newest first */
    size_t client_until, keep_until;         /* addresses up to there are a client's, are a server's */
    const struct program *program;
    size_t program_from, program_until;
};

static inline bool one_of(char c, const char *bytes)
{
    return c && strchr(bytes, c);
}

/* The text, of at most 32 bytes, stands at i, in any case. */
static inline bool starts_at(struct slice t, size_t i, const char *text)
{
    return slice_istarts(slice_sub(t, i, i + 32), slice_str(text));
}

/* --- scrub_walk.c --- */

/* Takes [from, to) out, and goes on behind it. */
void scrub_walk_take(struct scrub_walk *w, size_t from, size_t to);
/* The same, with something around the mark. */
void scrub_walk_take_in(struct scrub_walk *w, size_t from, size_t to, struct slice around);
/* The byte before i as the next run will see it. */
static inline char scrub_walk_before(const struct scrub_walk *w, size_t i)
{
    return i == 0 ? ' ' : i <= w->done ? ']' : w->t.p[i - 1];
}

/* --- scrub_extent.c --- */

/* A quote, with the backslashes before it: \" is one inside a quoted text, \\\" one inside a quoted text inside
 * another; or one of print. */
struct quote {
    size_t n; /* 0: there is none */
    unsigned slashes;
    unsigned char c, layer;
};
struct quote value_quote_at(struct slice t, size_t i);
/* A quote of print ends at i. */
bool value_quote_is_before(struct slice t, size_t i);
/* Where the text ends that was opened by q before `from`; *behind: the first byte after its closing quote. */
size_t value_quoted_end(struct slice t, size_t from, struct quote q, size_t *behind);

/* Where a value ends: one without quotes; a list or an object; a header's; several words. */
size_t value_bare_end(const struct scrub_walk *w, size_t from, unsigned layer, bool query);
size_t value_structure_end(struct slice t, size_t from);
size_t value_header_end(const struct scrub_walk *w, size_t at, size_t name);
size_t value_phrase_end(const struct scrub_walk *w, size_t at);

/* --- scrub_value.c --- */

enum separator {
    SEP_NONE,
    SEP_ASSIGN,
    SEP_COLON,
    SEP_ARROW,
    SEP_COMPARE,
    SEP_CALL,
    SEP_ELEMENT,
    SEP_LIST,
    SEP_MEMBER,
    SEP_SPACE,
    SEP_OPTION
};

struct value_site {
    struct name_is is;
    enum separator sep;
    unsigned layer; /* of the separator */
    bool tight;     /* no space before the value */
    bool query;
    struct quote key;      /* the quote that closes the name, */
    struct slice key_text; /* and its bytes */
    size_t at;             /* of the value */
};

/* v is the whole value of a field of such a name. */
bool value_of_field(const struct scrub_walk *w, struct name_is is, struct slice v);
bool looks_random(struct slice v, size_t least);
/* Whether a value in this place would be a secret, and no word of a sentence, placeholder or mark. */
bool value_is_worth(const struct scrub_walk *w, struct slice v, bool loose);
/* The same of the value of a name, by its kind and its notation. */
bool value_is_secret(const struct scrub_walk *w, const struct value_site *p, struct slice v, bool quoted);
bool value_is_mark(struct slice v);
/* A place for a value: ${NAME}, %s, <name>, ?. */
bool value_is_placeholder(struct slice v);
/* cookies: 14 set. */
bool value_begins_count(struct slice v);
bool value_begins_sentence(const struct scrub_walk *w, struct slice v);
/* A text of several words in quotes that speaks of a secret and is none. */
bool value_is_statement(const struct scrub_walk *w, struct slice v);
bool value_says_nothing(const struct scrub_walk *w, struct slice v);
bool value_is_own_name(const struct scrub_walk *w, struct slice v);
struct slice value_first_word(struct slice v);
bool value_is_name_byte(char c);
/* An identifier and '=' stand at i. */
bool value_pair_at(struct slice t, size_t i);

/* --- scrub_token.c --- */

void tokens_init(struct scrub *s);
/* At the first byte of a word: a token, card, IBAN or key there. True: it was taken. */
bool token_at(struct scrub_walk *w);
unsigned tokens_count(void);
/* Adds a token of row i to out, and gives what of it stays. */
struct slice token_sample(unsigned i, struct sbuf *out);
/* At "-----BEGIN". */
bool pem_at(struct scrub_walk *w);

/* --- scrub_separator.c --- */

enum { VALUE_LOOK = 512 }; /* whether a value is a secret is told by so many of its first bytes */
/* What makes the text behind the name [start, end) its value, and where that begins, in p; SEP_NONE: nothing does. */
enum separator separator_find(struct scrub_walk *w, size_t start, size_t end, struct value_site *p);
size_t separator_skip_spaces(struct slice t, size_t i, bool lines);
/* What some languages put around a text: u'x', string(7) "x", Some("x"), N'x'. */
size_t separator_skip_wrapper(struct slice t, size_t i);

/* --- scrub_notation.c --- */

/* True: something was taken, and the walk stands behind it. The name is [start, end). */
bool value_after_name(struct scrub_walk *w, size_t start, size_t end, struct name_is is);

/* --- scrub_address.c --- */

/* At '@': the mail address around it. */
bool mail_at(struct scrub_walk *w);
/* At ':': the user info of a URL behind it. */
bool user_info_at(struct scrub_walk *w);
/* At the first byte of a word, or ':': an internet address there. */
bool address_at(struct scrub_walk *w);
/* The text begins with an internet address, or a list of them: 192.0.2.1, 192.0.2.1:80, [2001:db8::1]. */
bool address_whole(struct slice text);

/* --- scrub_command.c --- */

void programs_init(struct scrub *s);
/* The identifier [start, end) is the name of a program that takes secrets as arguments. */
void program_seen(struct scrub_walk *w, size_t start, size_t end);
/* At '-' in a command line. */
bool option_at(struct scrub_walk *w);
/* Behind the word [start, end): a command of a protocol with a login, or echo with a secret for a program behind a
 * pipe. */
bool verb_at(struct scrub_walk *w, size_t start, size_t end);
/* At ':': a line of .pgpass around it, host:port:database:user:password. */
bool pgpass_at(struct scrub_walk *w);

/* --- scrub_columns.c --- */

/* The rows behind a list of columns, as far as they have been read. */
struct columns {
    uint64_t secret; /* a bit for each column */
    size_t i;
    unsigned column;
    bool inside; /* of a row */
};

struct column_value {
    size_t from, end;
    bool secret;
};

/* After INSERT, REPLACE or Key, which ends at `end`: a list of columns, some of them secret, with rows behind it. */
bool columns_at(const struct scrub_walk *w, size_t end, struct columns *c);
/* The next value of the rows; false: they are over, and c->i is behind them. */
bool columns_next(const struct scrub_walk *w, struct columns *c, struct column_value *v);
/* Takes a secret one out. */
void column_take(struct scrub_walk *w, const struct column_value *v);

#endif
