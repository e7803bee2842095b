/*
 * request_line: tells an HTTP request line (RFC 9112, 3; of HTTP/2 its preface, RFC 9113, 3.4) from the first bytes of
 * another protocol, in whatever pieces they come.
 *
 * A web page can make its visitor's browser send one to any port, with a body of the page's choice behind it. Pure;
 * looks at each byte once.
 */
#ifndef IO_REQUEST_LINE_H
#define IO_REQUEST_LINE_H

#include "base/slice.h"

/* A longer line whose target begins with '/' is one, without waiting for its end. */
enum { REQUEST_LINE_MAX = 8192 };

enum request_line_is { REQUEST_LINE_NO, REQUEST_LINE_YES, REQUEST_LINE_MORE };

/* What has been seen of a line. Zeroed at the start. */
struct request_line {
    enum { REQUEST_METHOD, REQUEST_TARGET, REQUEST_VERSION, REQUEST_END } at;
    unsigned n, length; /* bytes of the part, of the whole */
    bool path;          /* the target begins with '/' */
};

/* Reads the bytes behind those fed before. It may be called only after MORE. */
enum request_line_is request_line_feed(struct request_line *r, struct slice bytes);
/* Whether what was fed is a request line but for its end, since nothing follows. */
bool request_line_whole(const struct request_line *r);

#endif
