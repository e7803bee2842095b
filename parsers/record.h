/*
 * record: what was understood of one message.
 *
 * Slices borrow from the message, or from the parser's arena where text had to be decoded; both live until the record
 * has been judged. An absent member is {NULL, 0}. The names of the members as users see them are those of crumbd(8),
 * "parse".
 */
#ifndef PARSERS_RECORD_H
#define PARSERS_RECORD_H

#include "base/sbuf.h"
#include "base/slice.h"
#include "text/json.h"
#include "parsers/level.h"

struct container;
struct trace;

enum format {
    FORMAT_AUTO,
#define FORMAT(rank, id, symbol, name, web) FORMAT_##id,
#include "parsers/formats.def"
    FORMAT_N
};

/* NUMBER: a JSON number in its own spelling. BOOL: true or false. JSON: an object or array as JSON text. */
enum field_type { FIELD_STRING, FIELD_NUMBER, FIELD_BOOL, FIELD_JSON };

struct field {
    struct slice name, value;
    enum field_type type;
};

#define RECORD_NO_TIME INT64_MIN

enum { RECORD_FIELDS_MAX = 128, RECORD_PARAGRAPH = UINT8_MAX };

/* What the input knows of where a record stands, or of who wrote it. */
struct record_home {
    struct slice file;    /* path of the log; empty: it is none */
    struct slice program; /* that crumbd has started; empty: none */
    bool own;             /* crumbd itself says it */
};

struct record {
    enum format format;
    enum level level;
    int severity;       /* syslog's 0 to 7, or -1 */
    int facility;       /* 0 to 23, or -1 */
    int64_t time_us;    /* Unix microseconds UTC, or RECORD_NO_TIME */
    int64_t carried_us; /* when its carrier took it, by a clock that knows its zone; RECORD_NO_TIME: it says nothing of
                           that */
    struct slice raw;   /* the message as framed; of an access line in a message of another format, that line */
    struct slice message;
    struct slice line; /* of text: all of what message is the end of, with what the parser has taken off in front */
    struct slice
        heading;       /* what it has taken for a level, and is the beginning of the trace that message goes on with */
    struct slice told; /* what message says without the fields behind it; {NULL, 0}: message */
    struct slice full_message; /* GELF's long text, a JSON logger's stack: where a trace may be */
    struct slice error_type,
        error_value; /* what fields say of an exception: class and text; the type may stand alone */
    struct slice host, app, procid, msgid, logger;
    struct slice thread; /* that a line of text names, by which lines of a trace are told apart */
    struct slice request_id, trace_id, span_id;
    const struct container *container; /* whose log it stands in, or NULL */
    struct slice input;                /* the name of the input it came by */
    const struct record_home *home;    /* NULL: nothing is known, or the container says it */
    const struct trace *trace;         /* what its text holds of one, as far as somebody has looked; or NULL */
    struct slice exception_type, exception_value; /* of the exception that it reports */
    struct slice peer; /* who sent it: an address, or uid, pid and unit; not what it says itself */
    bool elsewhere;    /* it is of no host that is known, and not of this one */
    bool untrusted;    /* its fields set none of the names that say whose it is: record_reserves */
    unsigned lines;    /* how many lines it was made of, at least 1 */
    unsigned times;    /* so often it has come, as its syslogd says; 0: once */
    bool again;        /* it says no more than that: so often the message before it of its host has come again */
    bool truncated;    /* its writer or max_message cut it */
    bool piece;        /* its carrier cut it, and does not say so: the rest comes as a record of its own */
    bool torn; /* an entry of nginx's error log whose rest stands in the messages behind it: see nginx_entry_torn */
    bool torn_program; /* and it is what a program behind FastCGI says, which is in many lines by itself */
    bool forged;       /* bytes of a client that were made to look like an entry: level is at most WARNING */
    bool unsaid;       /* the level is no more than how the text came: the text has none, and a pipe has no opinion */
    bool headed;       /* its text says time or level itself: it is no bare line of a text that a carrier brings */
    bool empty;        /* its text is there and says nothing, a blank line of what was printed: message is then what it
                          stands in */
    uint8_t indent;    /* its message stands in the lines behind it, each behind so many blanks; 0: it does not;
                          RECORD_PARAGRAPH: up to an empty line */
    bool partial;      /* see struct parser: finish has not been called */
    bool fields_lost;  /* had more than RECORD_FIELDS_MAX fields */
    unsigned n_fields;
    struct field fields[RECORD_FIELDS_MAX];
};

/* Resets to "nothing is known yet". Of the field array only the first n_fields have meaning; with AddressSanitizer the
   others are made unreadable as pointers, so that a field of the message before cannot go unseen. */
void record_init(struct record *r, enum format format, struct slice raw);
/* All but the array of fields; n_fields is copied. */
void record_copy_head(struct record *to, const struct record *from);
/* With the fields that there are: a record that is kept may end behind them (record_keep.h), so that no more of it may
   be read. */
void record_copy(struct record *to, const struct record *from);
/* A client has, or may have, written it: what is left of it is worth a warning at the most. */
void record_suspect(struct record *r);
/* Appends; past RECORD_FIELDS_MAX sets fields_lost. Empty names are ignored. */
void record_add(struct record *r, struct slice name, struct slice value, enum field_type type);
/* As record_add, but a field of that name takes the new value: of a JSON object's duplicate keys the last counts. The
   field, or NULL when there was no room for it. */
struct field *record_put(struct record *r, struct slice name, struct slice value, enum field_type type);
/* The first field of that name, or NULL. */
static inline const struct field *record_field(const struct record *r, struct slice name)
{
    for (unsigned i = 0; i < r->n_fields; i++)
        if (slice_eq(r->fields[i].name, name))
            return &r->fields[i];
    return NULL;
}
/* Its value, or {NULL, 0}. */
static inline struct slice record_value(const struct record *r, const char *name)
{
    const struct field *f = record_field(r, slice_str(name));
    return f ? f->value : SLICE_NONE;
}
/*
 * A field of this name would say whose the record is, and this record's sender, or what its container writes, is not
 * believed in that. It is a field as any other, for contexts. Names are compared as in field_names.h. `format`, `input`
 * and `peer` are facts that no field tells.
 */
bool record_reserves(const struct record *r, struct slice name);
/* Of which container, pod, namespace or image it is: by the log file it stands in, else by fields that Docker and
   Fluent Bit write. {NULL, 0} when unknown. */
struct slice record_runs_in(const struct record *r, struct slice name);
/* A member or field as templates and `when` see it: message, host, app, level, format, procid, msgid, logger,
   request_id, trace_id, span_id, full_message, exception.type, exception.value, input, peer, what container_get knows,
   a field (of a sender not trusted none of the reserved names), or the derived container, pod, namespace and image (see
   record_runs_in), upstream.host (host:port, or unix:/path), request.method, request.path (without query). An absent
   member does not hide a field of its name. {NULL, 0} when absent. */
struct slice record_get(const struct record *r, struct slice name);

/* upstream.host and request.path of record_get, where the fields of the format have no such names. */
struct slice record_upstream_host(const struct record *r);
struct slice record_request_path(const struct record *r);

/* Such a name with all that is known of it before there is a record, so that no more than fields' names are compared
 * for each record. */
struct record_ref {
    struct slice name;
    const struct record_fact *fact; /* a member or derived value; NULL: none has this name */
    unsigned member;                /* enum container_member */
    unsigned role;                  /* enum role, of a field of this name */
};
struct record_ref record_ref(struct slice name);
struct slice record_value_of(const struct record *r, const struct record_ref *ref);
/* The names of the members and derived values, for suggestions; returns how many, RECORD_MEMBERS at most. */
enum { RECORD_MEMBERS = 32 };
unsigned record_members(const char *names[RECORD_MEMBERS]);

const char *format_name(enum format f);
/* Its records are about requests of a web server. */
bool format_is_web(enum format f);
/* FORMAT_N when unknown. */
enum format format_by_name(struct slice name);
/* The JSON object of `crumbd parse` (one line, no LF), every text cleaned. Of fields with the same name the first is
 * shown. */
void record_json(const struct record *r, struct sbuf *out);
/* The same members without the braces, inside a map that is open. */
void record_json_members(const struct record *r, struct json *j);
/* {"error":reason,"raw":…}, for a message its parser refused. */
void record_json_refused(const char *reason, struct slice raw, struct sbuf *out);

/* Names that say whose a record is, ending with NULL: a line of most formats says nothing of that. */
extern const char *const record_names_of_origin[];

#endif
