/*
 * notification: what `notify` tells people, as the request of a template: which of its names stand for what, and how a
 * value is written so that no text of a log ends the JSON, the parameter or the header that it stands in.
 *
 * A template is text with {name} in it; a brace before anything but a name is literal, as those of JSON are. Values are
 * cut at NOTIFICATION_VALUE_POINTS; controls in them, and marks that turn the direction of writing, are blanks.
 * {html.NAME} has & < > as entities, for chats that take markup. Pure.
 */
#ifndef CORE_NOTIFICATION_H
#define CORE_NOTIFICATION_H

#include "base/sbuf.h"
#include "core/scrubbed.h"

enum { NOTIFICATION_VALUE_POINTS = 1000, NOTIFICATION_BYTES_MAX = 64 << 10 };

enum notification_kind {
    NOTIFICATION_NEW_ISSUE,
    NOTIFICATION_REGRESSION,
    NOTIFICATION_SOURCE_SILENT,
    NOTIFICATION_UPSTREAM_DOWN,
    NOTIFICATION_LOSSES,
    NOTIFICATION_TEST, /* of `crumbd test`, whatever `on` says */
    NOTIFICATION_KINDS
};

/* Their names; NULL stands in the place of the test's. */
extern const char *const notification_kinds[];

/* What a {name} stands for; the text is made of the others. */
struct notification {
    enum notification_kind kind;
    char id[33]; /* 32 hex digits, the same when it is sent again */
    int64_t time_us;
    uint64_t issue; /* 0: none */
    uint64_t held;  /* so many before it were held back by the bound of an hour */
    const char *event_id;
    struct scrubbed title, level, project, input, host, environment, about;
};

/* {secret.NAME}. */
struct notification_secret {
    struct slice name, value;
};

enum notification_notation {
    NOTIFICATION_PLAIN, /* line ends and tabs may be in it */
    NOTIFICATION_LINE,  /* of a header: they may not */
    NOTIFICATION_JSON,  /* inside the quotes of a string */
    NOTIFICATION_URL,   /* percent-encoded, also of a form */
};

/* That of a body of this type. */
enum notification_notation notification_notation_of(struct slice content_type);
/* Returns the first {name} of the template that stands for nothing; SLICE_NONE: there is none. */
struct slice notification_unknown(struct slice text, const struct notification_secret *secrets, unsigned n_secrets);
/* The name that was most likely meant; NULL: none. */
const char *notification_nearest(struct slice name);
/* Adds the template with its names filled in. Secrets are written by the same notation, and in the URL as they are. */
void notification_fill(struct slice text, const struct notification *n, const struct notification_secret *secrets,
                       unsigned n_secrets, enum notification_notation notation, struct sbuf *out);

#endif
