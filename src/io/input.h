/*
 * input: where messages come from. Each kind is one file with one `const struct input_type` and a row in inputs.def.
 *
 * An input lives on the worker's event base and thread. It frames bytes (parsers/frame.h), makes a stream for each
 * source of messages in order, and hands every message to the sink at once; it parses nothing. What it allocates at a
 * peer's wish is capped by its options. Whatever it throws away it counts.
 */
#ifndef IO_INPUT_H
#define IO_INPUT_H

#include <event2/event.h>

#include "base/count.h"
#include "base/err.h"
#include "core/stream.h"
#include "io/kafka_options.h"
#include "io/position.h"
#include "io/redis_options.h"
#include "parsers/line_reader.h"

enum input_kind {
#define INPUT(id, symbol, name, traits, bind, schema, words, help) INPUT_##id,
#include "io/inputs.def"
    INPUT_KINDS
};
/* The names of the kinds, as keys in crumbd.yaml where they have one; the last is NULL. */
extern const char *const input_names[INPUT_KINDS + 1];

/* UNIX is a datagram socket, as /dev/log is; UNIX_STREAM (unix-stream:/path) one that takes connections. */
enum input_transport { INPUT_UDP, INPUT_TCP, INPUT_HTTP, INPUT_TLS, INPUT_UNIX, INPUT_UNIX_STREAM, INPUT_TRANSPORTS };
enum { INPUT_ALL_TRANSPORTS = (1u << INPUT_TRANSPORTS) - 1 };

/* What a kind of input is, for all who treat kinds differently: data of its row in inputs.def. Lists end with NULL, or
   are NULL. */
struct input_traits {
    enum format format;          /* of its messages when the configuration names none */
    bool any_format;             /* they may be lines of any format: log_format and timezone have a meaning */
    bool of_entries;             /* they come as entries, not as bytes to be framed: format and max_message have none */
    bool follows_files;          /* it follows the files to which its text, a path or pattern, leads */
    unsigned transports;         /* it listens, on these: a bit for each; 0: nobody sends to it */
    uint16_t port;               /* the port that is usual where it listens */
    enum frame_mode framing;     /* how the messages of a connection are framed */
    bool chunked;                /* a message may come as several datagrams */
    bool connects;               /* it connects to others, by threads of its own */
    bool asks;                   /* it connects to others, on the loop */
    const char *position_prefix; /* of its name in the store, before its text; NULL: none */
    /* What the sandbox lets it read beside its files: there now or later; if there now; and libraries to be loaded
     * before. */
    const char *const *reads, *const *reads_if_there, *const *libraries;
};
extern const struct input_traits input_traits[INPUT_KINDS];

/* An address range: the first `bits` bits of `addr` (16 bytes; IPv4 mapped into ::ffff:0:0/96, so bits counts from
 * there + 96). */
struct input_cidr {
    uint8_t addr[16];
    unsigned bits;
};

/* Whose fields may set reserved names: senders of this host, nobody, or everybody. */
enum input_trust { INPUT_TRUST_LOCAL, INPUT_TRUST_OFF, INPUT_TRUST_ON };

struct backfill;

struct input_options {
    enum input_kind kind;
    enum input_transport transport;
    char *text;    /* tail pattern, address as written, journal unit: for people and as the input's name */
    char *host;    /* listening address without brackets; or the unix socket's path */
    uint16_t port; /* 0 is a free one, logged */
    enum format format;
    char *log_format; /* nginx-access; NULL: combined, contrib's or JSON, told by the line */
    const struct zone *zone;
    int fd;          /* stdin: the descriptor, 0 for standard input; those of one text share their breadcrumbs */
    char *program;   /* stdin: whose output it is, if crumbd has started it */
    bool own;        /* stdin: crumbd itself writes it */
    bool from_start; /* tail: from: start */
    struct backfill *backfill; /* backfill: in_backfill.h */
    bool awaited; /* tail, journal: there was nothing yet when zero configuration looked; it is looked for now and then,
                   */
    char **unless; /* but not where one of these paths is there, which holds the same; NULL at the end. NULL: none */
    uint64_t receive_buffer_bytes;
    struct input_cidr *allow; /* none: everyone */
    unsigned n_allow;
    struct input_cidr *exempt; /* from the shares that one address may have */
    unsigned n_exempt;
    size_t max_message_bytes;
    unsigned max_connections;
    int64_t idle_timeout_us; /* 0: none */
    bool idle_for_all;       /* it holds for every sender: not the default */
    unsigned per_sender;     /* messages a second from one address; 0: no cap */
    bool proxy_protocol;
    enum input_trust trust;
    struct join_options join;
    char *domain; /* of all its senders; NULL: each sender's own */
    struct {
        char *cert, *key, *client_ca;
    } tls;
    struct slice *cors; /* http: origins of web pages that may send; "*": any */
    unsigned n_cors;
    const struct slice *http_names; /* http: by which this host may be asked for beside its own */
    unsigned n_http_names;
    struct kafka_options kafka;
    struct redis_options redis;
    unsigned socket_mode;   /* of a unix socket; 0: everyone may write */
    bool reuse_port;        /* other processes that say so, too, listen on the same port */
    struct err_place place; /* of the input in the configuration, for errors at start */
};

/* What the worker gives to its inputs. */
struct input;

struct input_sink {
    void *u;
    void (*message)(void *u, const struct message *m);
    /* A turn of this input begins (app/turn.h); see input_turn. NULL: nobody cares. */
    void (*turn)(void *u, struct input *in, struct slice who);
    struct counts *counts;
    /* Microseconds of clock_steady_us, read at each call. */
    int64_t (*now_us)(void *u);
    /* The store takes nothing, and what may wait for it does already: at the end, what comes then is counted and not
       judged. NULL: never. */
    bool (*full)(void *u);
    /* Where messages of a file begin that were handed on and wait for the lines after them (pipeline_held): from there
       it is to be read again after a crash. At most so many; how many comes back. NULL: none ever wait. */
    unsigned (*held)(void *u, uint64_t file_key, uint64_t *offsets, unsigned max);
    /* More of a file has come, and waits for its turn to be read; or nothing does any more (pipeline_unread). NULL:
       nobody cares. */
    void (*unread)(void *u, uint64_t file_key, bool unread);
    /* Nothing more comes of this log: what is open of it has to be finished (pipeline_leave). NULL: nobody cares. */
    void (*leave)(void *u, uint64_t file_key);
    /* Lines of this log are read once more for the breadcrumbs: those that are remembered are forgotten
       (pipeline_forget). NULL: nobody cares. */
    void (*forget)(void *u, uint64_t file_key);
    /* How far back breadcrumbs reach, in microseconds. NULL: not at all. */
    int64_t (*remembers_us)(void *u);
    /* On a thread that a library has made for the input, as it begins: what it may do from here on. NULL: anything. */
    void (*foreign_thread)(void *u);
};

struct input_type {
    enum input_kind kind;
    /* Opens and binds. A kind without this function is not built in. NULL and an entry in d, with place and remedy,
       when that is impossible. */
    struct input *(*start)(struct event_base *base, const struct input_options *opt, const struct input_sink *sink,
                           struct diag *d);
    bool never_waits; /* pause does nothing: events for which the store has no room are dropped, and counted */
    /* Back-pressure: while paused, an input that can leave its bytes where they are (files, TCP) reads none. */
    void (*pause)(struct input *in, bool paused);
    /* True when everything that could be read now has been handed on; for standard input, when its end has been reached
       (used to drain at exit and by `crumbd -`). */
    bool (*drained)(struct input *in);
    /* Hands on, before an end on purpose, what the kernel has taken for this input and would lose with its socket,
       until end_ms of clock_mono_ms, since senders may go on; what is left then is counted. NULL: there is nothing to
       do. */
    void (*drain)(struct input *in, int64_t end_ms);
    /* Tells the input of the one of its type before it in the configuration, before anything else. NULL: it need not
       know. */
    void (*after)(struct input *in, struct input *earlier);
    /*
     * Where reading goes on after a restart: all of these, or NULL for an input that has no such place.
     *
     * restore, once, before the loop runs: what the store has under its name (input_is), and what it has under the name
     * of no input that is configured now, of which it may take over what it leads to. It copies what it needs. look,
     * once, when all inputs have been restored: settles where reading begins, and reads nothing. With the positions
     * that come of it stored before the loop runs, whatever is written from then on is read. positions: puts the rows
     * to be written since the last call, for a checkpoint made now: what lies before has been handed to the sink. Every
     * call has to reach the store in the end, in order. stored: the rows of the last call are in the store; they can be
     * acknowledged. Not called after a stop. leave: comes before the stop, for an input that has to acknowledge its
     * last rows: it stops reading, and `stored` and the stop come when the store has them, or the stop alone, when it
     * takes them no more. behind: it still reads what was written before the start.
     */
    void (*restore)(struct input *in, const struct position *rows, unsigned n);
    void (*look)(struct input *in);
    void (*positions)(struct input *in, position_f *put, void *u);
    void (*stored)(struct input *in);
    void (*leave)(struct input *in);
    bool (*behind)(struct input *in);
    /* Stops reading, closes, frees. What will not be read again (a connection's, standard input's) is handed on first
       as far as it had begun, a last line without its end too; a file's last line is left for the next start. */
    void (*stop)(struct input *in);
};

enum { INPUT_ERROR_MAX = 240 };

/* The last thing that went wrong with an input, for people; us 0: nothing did. */
struct input_trouble {
    int64_t us;
    char text[INPUT_ERROR_MAX];
};

/* What is shown of an input, whether it runs or not. Its numbers are the sums over all its runs. */
struct input_state {
    bool runs;             /* false: it could not be opened, or has been stopped */
    uint16_t port;         /* bound; 0 when it has none, or is not open */
    uint64_t kernel_drops; /* datagrams for which this socket's receive buffer had no room */
    uint64_t lines;        /* lines and messages that its framing yielded */
    int64_t last_line_us;  /* when the last of them came, to a checkpoint; 0: none has */
    unsigned files;        /* tail: files that it leads to */
    uint64_t behind_bytes; /* tail: what is in them and has not been read */
    unsigned partitions;   /* kafka: that this member reads, and */
    uint64_t lag;          /* messages in them that it has not judged */
    struct input_trouble trouble;
    uint64_t slow_turns; /* turns that held up all other inputs for too long (app/turn.h) */
    unsigned unreadable; /* tail: files and folders that cannot or must not be read */
    uint64_t overflow;   /* events dropped because its share of the store was used up, or the store took nothing */
    bool no_room;        /* its share of the store is used up */
};

/* First member of every input's own struct. Written by the worker only. */
struct input {
    const struct input_type *type;
    unsigned index;        /* its index in the configuration */
    uint16_t port;         /* bound; 0 when it has none */
    unsigned connections;  /* open now */
    uint64_t kernel_drops; /* datagrams for which this socket's receive buffer had no room */
    unsigned unreadable;   /* tail: files and folders that cannot or must not be read */
    uint64_t lines;        /* lines and messages that its framing yielded */
    unsigned files;        /* tail: files that it leads to */
    uint64_t behind_bytes; /* tail: what is in them and has not been read */
    unsigned partitions;   /* kafka: that this member reads, and */
    uint64_t lag;          /* messages in them that it has not judged */
    struct input_trouble trouble;
    bool leaves;  /* it has been told to, and waits for its stop */
    bool changed; /* something is to be shown of it that no checkpoint has told yet; lines show without it */
    bool paused;  /* kept by the worker */
};

extern const struct input_type in_udp, in_tcp, in_http;
#define INPUT(id, symbol, name, traits, bind, schema, words, help) extern const struct input_type in_##symbol;
#define LISTENER(id, name, traits, bind, schema, words, help)
#include "io/inputs.def"

/* To be called where the loop calls the input, before anything is read: whom the input now works for (an address, a
   path; empty when several or unknown), so that a turn that takes too long has a name. */
static inline void input_turn(const struct input_sink *sink, struct input *in, struct slice who)
{
    if (sink->turn)
        sink->turn(sink->u, in, who);
}

/* Of one that is awaited: how long until the next look, of so many; ms: between the first ones, 0: as usual. */
int64_t input_await_ms(unsigned looks, int64_t ms);
/* Whether what it would read is read already. */
bool input_is_instead(const struct input_options *opt);
/* Notes what went wrong, to be shown; the log is told by who calls. */
void input_trouble(struct input *in, const struct input_sink *sink, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Hands on a message that the input has framed, and counts it: half of the ledger, of which the pipeline has the other
 * (count.h). */
static inline void input_message(const struct input_sink *sink, struct input *in, const struct message *m)
{
    in->lines += m->lines;
    sink->counts->v[COUNT_lines_in] += m->lines;
    sink->message(sink->u, m);
}

/* Adds where messages of the file begin that were handed on and are held for more lines; those for which there is no
   room are read anew. True: there are some. */
bool input_add_begins(const struct input_sink *sink, uint64_t file_key, struct line_reader_place *at);

/* Returns what reads this kind; the transport matters for gelf and syslog only. NULL: it is not built in, or there is
   no such pair. */
const struct input_type *input_type_of(enum input_kind kind, enum input_transport transport);
/* True when this is the store's name of the input. */
bool input_is(const struct input_options *opt, struct slice name);
/* Whether others send to the input. */
static inline bool input_listens(const struct input_options *opt)
{
    return input_traits[opt->kind].transports != 0;
}

static inline bool input_over_unix(const struct input_options *opt)
{
    return opt->transport == INPUT_UNIX || opt->transport == INPUT_UNIX_STREAM;
}

/* The format of an input's messages when the configuration names none. */
static inline enum format input_format(const struct input_options *opt)
{
    if (opt->format != FORMAT_AUTO)
        return opt->format;
    return input_traits[opt->kind].format;
}

#endif
