#include "io/request_line.h"

enum { METHOD_MAX = 20 };
/* The bytes that stand behind the target; 'd' is a digit. */
static const char version[] = "HTTP/d.d";

static enum request_line_is next_part(struct request_line *r)
{
    r->at++;
    r->n = 0;
    return REQUEST_LINE_MORE;
}

/* Browsers send lower case only after a preflight, whose method is OPTIONS. */
static enum request_line_is request_line_in_method(struct request_line *r, char c)
{
    if (c == ' ' && r->n >= 3)
        return next_part(r);
    bool fits = (c >= 'A' && c <= 'Z') || (c == '-' && r->n > 0);
    return fits && r->n++ < METHOD_MAX ? REQUEST_LINE_MORE : REQUEST_LINE_NO;
}

static enum request_line_is request_line_in_target(struct request_line *r, char c)
{
    if (c == ' ' && r->n > 0)
        return next_part(r);
    r->path |= r->n == 0 && c == '/';
    r->n++;
    return (unsigned char)c > ' ' ? REQUEST_LINE_MORE : REQUEST_LINE_NO;
}

static enum request_line_is request_line_in_version(struct request_line *r, char c)
{
    char want = version[r->n++];
    if (want == 'd' ? !ascii_digit(c) : c != want)
        return REQUEST_LINE_NO;
    return version[r->n] ? REQUEST_LINE_MORE : next_part(r);
}

static enum request_line_is request_line_in_end(struct request_line *r, char c)
{
    if (c == '\n')
        return REQUEST_LINE_YES;
    return c == '\r' && r->n++ == 0 ? REQUEST_LINE_MORE : REQUEST_LINE_NO;
}

enum request_line_is request_line_feed(struct request_line *r, struct slice bytes)
{
    static enum request_line_is (*const parts[])(struct request_line *, char) = {
        request_line_in_method, request_line_in_target, request_line_in_version, request_line_in_end};
    for (size_t i = 0; i < bytes.n; i++) {
        if (r->length == 0 && (bytes.p[i] == '\r' || bytes.p[i] == '\n'))
            continue; /* servers skip empty lines before it (RFC 9112, 2.2), and so does framing here */
        enum request_line_is is = parts[r->at](r, bytes.p[i]);
        if (is != REQUEST_LINE_MORE)
            return is;
        if (++r->length == REQUEST_LINE_MAX)
            return r->path ? REQUEST_LINE_YES : REQUEST_LINE_NO;
    }
    return REQUEST_LINE_MORE;
}

bool request_line_whole(const struct request_line *r)
{
    return r->at == REQUEST_END;
}
