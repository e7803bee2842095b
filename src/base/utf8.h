/*
 * utf8: what may leave towards Sentry. Strict UTF-8 (no surrogates, no overlong forms, at most U+10FFFF).
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/sbuf.h"

/* Length in bytes of the valid sequence at the start of s, 0 if it is not one. */
size_t utf8_step(struct slice s);
/* Code points; an invalid byte counts as one. */
size_t utf8_count(struct slice s);
/* The longest prefix of at most max_points code points; never cuts inside one. */
struct slice utf8_prefix(struct slice s, size_t max_points);
/* The longest prefix of at most so many bytes; never cuts inside a character. An invalid byte counts as one. */
struct slice utf8_cut(struct slice s, size_t max_bytes);
/*
 * Adds s to out in the form Sentry can keep: invalid bytes and NUL become U+FFFD, ANSI escape sequences (CSI, OSC,
 * two-byte) go, other control bytes but TAB, LF and CR become U+FFFD.
 */
void utf8_clean(struct sbuf *out, struct slice s);
/* Length of the terminal escape sequence at the start of s, which begins with ESC; at least 1. ECMA-48, 5.4 and 5.6. */
size_t utf8_escape(struct slice s);
/*
 * Length of the sequence at the start of s when a terminal can show it as it is; 0: it is invalid, or a control or a
 * mark that changes what is around it, and its first byte is to be written in another way.
 */
size_t utf8_shown(struct slice s);
/* As sbuf_adds, of JSON text: what utf8_shown would not show, beyond ASCII, becomes \uXXXX, which is the same text to
 * every reader. */
void utf8_json(struct sbuf *out, struct slice s);
/* Adds UTF-16, of which `big` says the order of bytes, as UTF-8; a surrogate alone becomes U+FFFD. */
void utf8_from_utf16(struct sbuf *out, struct slice s, bool big);
/* True when utf8_clean would copy s as it is. */
bool utf8_is_clean(struct slice s);

#endif
