/*
 * quoted_stderr: what a web server's entry quotes of a program's standard error, which may be several messages.
 *
 * nginx writes `FastCGI sent in stderr: "…" while …`, Apache's mod_proxy_fcgi `AH01071: Got error '…'`, both without
 * escaping a quote inside. PHP marks each message of its own with "PHP message: "; what joins them is a line feed, "; "
 * or nothing, as its version and the server's have it. Pure; work is linear in the text.
 */
#ifndef PARSERS_QUOTED_STDERR_H
#define PARSERS_QUOTED_STDERR_H

#include "base/slice.h"

struct quoted_stderr {
    struct slice before, text, behind; /* the quotes are not in text */
};

/* False: the message quotes nothing, nor are there marks of PHP in it. */
bool quoted_stderr_find(struct slice message, struct quoted_stderr *out);
/* Where the second message of this text begins; at its end when it is one. */
size_t quoted_stderr_second(struct slice text);
/* What the program said in one message: without PHP's mark in front, unless it stands before other lines, too. */
struct slice quoted_stderr_said(struct slice text);
/* A message without what joins it to the next one. */
struct slice quoted_stderr_trim(struct slice text);

#endif
