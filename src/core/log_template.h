/*
 * log_template: a message split into a template and its parameters.
 *
 * "Failed password for root from 203.0.113.9 port 40122 ssh2" becomes
 * "Failed password for <user> from <addr> port <num> ssh2" and the three values. Messages that differ in
 * their ids, numbers, addresses, names of users, paths, quoted texts and times give the same template, byte
 * for byte and on every host, so it may stand in a fingerprint. Sentry's own parameterisation (reference:
 * sentry-protocol.md 4.1) works on the rendered text and knows neither paths nor names nor mixed ids; this is
 * what a message without a rule is grouped by.
 *
 * Rules of thumb, all of them about how logs are written and none about one program's messages:
 * - What may now be one kind of thing and now another in the same place has one name: IP and host are <addr>,
 * decimal and short hexadecimal are <num>, every value behind `key=` is <*>.
 * - Lists of like things are one placeholder, however long: "a 1, 2, 3" is "a <num>".
 * - Names keep their letters: exec-4 is exec-<num>, ssh2 and HTTP/1.1 stay; job_17_0001 is an id (in grouping 1
 * job_<id>).
 * - Runs of white space are one space; escape sequences of terminals are left out.
 * - Only the first two lines that are not empty count: what follows is a trace or a dump, and differs each
 * time.
 *
 * Owns its text and nothing else: parameters borrow from the message. One pass, linear in the bytes read; it
 * stops when the template is full (LOG_TEMPLATE_TEXT_MAX bytes), which depends on the template alone and so cuts like
 * messages alike. Keep one struct log_template for many messages: its memory is reused. One thread at a time.
 *
 * Masks of the configuration come first: the text between them is cut into pieces as if each began and ended a line, so
 * a quote that one of them stands in is not seen as a whole.
 */
#ifndef CORE_LOG_TEMPLATE_H
#define CORE_LOG_TEMPLATE_H

#include "base/sbuf.h"
#include "core/log_masks.h"

/*
 * Groupings have a number: what templates take out, and what the fingerprint of a record without a rule holds. A change
 * of it is a new number, and a store goes on with the one it was made with, so that no upgrade moves a user's messages
 * to other issues. NEWS.md says what each has moved.
 */
enum { GROUPING_FIRST = 1, GROUPING_NEWEST = 2 };

enum {
    LOG_TEMPLATE_PARAMS_MAX = 64, /* values kept; placeholders beyond them are still masked */
    LOG_TEMPLATE_TEXT_MAX = 2048,
};

struct log_template_param {
    struct slice value; /* of the message; a list is one value with its separators */
    unsigned at, n;     /* where its placeholder stands in text */
};

struct log_template {
    unsigned grouping;
    struct log_masks_finder *masks; /* of the configuration; NULL: none */
    struct sbuf text;
    unsigned n_params;
    struct log_template_param params[LOG_TEMPLATE_PARAMS_MAX];
};

void log_template_init(struct log_template *m);
void log_template_done(struct log_template *m);
/* From here on by this grouping, 0 being the newest, and with the masks of the configuration, which must live as long.
 */
void log_template_use(struct log_template *m, unsigned grouping, const struct log_masks *masks);
/* Fills m with msg's template and parameters, replacing what it held. Any bytes. */
void log_template_message(struct slice msg, struct log_template *m);
/*
 * Appends the template in the form that Sentry's logentry.message takes: %s for each of m->params in order,
 * %% for a percent sign. Placeholders beyond LOG_TEMPLATE_PARAMS_MAX stay as they are.
 */
void log_template_percent(const struct log_template *m, struct sbuf *out);

#endif
