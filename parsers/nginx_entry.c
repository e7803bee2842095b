#include "parsers/nginx_entry.h"

#include "parsers/nginx_context.h"
#include "parsers/nginx_head.h"

/* How far behind the beginning of an entry it is looked for its end. */
enum { LINES_MAX = 64, BYTES_MAX = 64 << 10, DECODED_MAX = 4096 };

/* ---- what is known of an entry: the rows of the table ---- */

enum kind {
    KIND_ENDED, /* the next head is one */
    KIND_ODD,
    KIND_EVEN,
    KIND_TAIL,
};

/* The names in front of the quoted values of a tail. */
static const struct slice labels[] = {{", host: ", 8},      {", referrer: ", 12},   {", request: ", 11},
                                      {", upstream: ", 12}, {", subrequest: ", 14}, {", login: ", 9}};

/* A label ends before p, up to which there are n bytes. */
static __attribute__((noinline)) bool is_labelled(const char *p, size_t n)
{
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
        if (slice_ends(slice_of(p - n, n), labels[i]))
            return true;
    return false;
}

/* Ends with a value of a tail. Asked for every entry: mostly it looks at its last value only, which mostly is the host.
 */
static inline bool ends_like_tail(struct slice s)
{
    if (s.n < 10 || s.p[s.n - 1] != '"')
        return false;
    const char *quote = memrchr(s.p + 8, '"', s.n - 9);
    return quote && (memcmp(quote - 8, ", host: ", 8) == 0 || is_labelled(quote, (size_t)(quote - s.p)));
}

/* A subrequest's path is a decoded one, and stands in the tail. */
static bool has_subrequest(struct slice s)
{
    return slice_find(s, SLICE(", subrequest: \"")) >= 0;
}

/* Client bytes stand behind a quote; the first one here is that of a value of the tail, or there is none. */
static bool is_sealed(struct slice s)
{
    const char *quote = slice_chr(s, '"');
    return !quote || (is_labelled(quote, (size_t)(quote - s.p)) && !has_subrequest(s));
}

static size_t count_quotes(struct slice s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == '"';
    return n;
}

/* What follows `pid#tid: ` of an entry with a head. */
static struct slice text_of(struct slice entry)
{
    ptrdiff_t at = slice_find(entry, SLICE("#"));
    struct slice s = slice_from(entry, at < 0 ? entry.n : (size_t)at);
    at = slice_find(s, SLICE(":"));
    s = slice_from(s, at < 0 ? s.n : (size_t)at + 1);
    return slice_from(s, s.n && *s.p == ' ');
}

/* Without `*N `, or nothing when it has none. */
static struct slice behind_connection(struct slice text)
{
    size_t n = 1;
    if (!text.n || *text.p != '*')
        return SLICE_NONE;
    while (n < text.n && ascii_digit(text.p[n]))
        n++;
    return n > 1 && n < text.n && text.p[n] == ' ' ? slice_from(text, n + 1) : SLICE_NONE;
}

static bool is_debug(struct slice entry)
{
    enum { AT = 20 }; /* behind "yyyy/mm/dd hh:mm:ss " */
    return slice_starts(slice_from(entry, AT), SLICE("[debug] "));
}

static enum kind kind_of(struct slice entry)
{
    struct nginx_context c;
    if (nginx_entry_full(entry.n) || *entry.p == 'n' || is_debug(entry) || is_sealed(entry))
        return KIND_ENDED;
    if (ends_like_tail(entry) || (nginx_context(text_of(entry), false, &c) && c.end == text_of(entry).n))
        return KIND_TAIL;
    if (count_quotes(entry) % 2)
        return KIND_ODD;
    return behind_connection(text_of(entry)).p ? KIND_EVEN : KIND_ENDED;
}

/* ---- a path as nginx opens it ---- */

/* The byte at s.p[0], one that is percent-encoded decoded; *used: how many bytes of s it takes. */
static char decoded_byte(struct slice s, size_t *used)
{
    *used = s.n > 2 && s.p[0] == '%' && ascii_hex_value(s.p[1]) >= 0 && ascii_hex_value(s.p[2]) >= 0 ? 3 : 1;
    return *used == 3 ? (char)(ascii_hex_value(s.p[1]) * 16 + ascii_hex_value(s.p[2])) : s.p[0];
}

/* Of `METHOD target HTTP/x.y`, the target up to its query, without scheme and host. */
static struct slice path_of(struct slice request)
{
    slice_split(&request, ' ');
    size_t n = 0;
    while (n < request.n && request.p[n] != ' ' && request.p[n] != '?' && request.p[n] != '#')
        n++;
    struct slice path = slice_sub(request, 0, n);
    ptrdiff_t scheme = path.n && *path.p != '/' ? slice_find(path, SLICE("://")) : -1;
    if (scheme < 0)
        return path;
    path = slice_from(path, (size_t)scheme + 3);
    const char *slash = slice_chr(path, '/');
    return slice_from(path, slash ? (size_t)(slash - path.p) : path.n);
}

/* A segment `.` or `..` at the end of out[0, n) is taken away; returns the new length. */
static size_t without_dots(const char *out, size_t n)
{
    struct slice s = slice_of(out, n);
    if (slice_ends(s, SLICE("/.")))
        return n - 1;
    if (!slice_ends(s, SLICE("/..")))
        return n;
    const char *slash = n > 3 ? memrchr(out, '/', n - 3) : NULL;
    return slash ? (size_t)(slash - out) + 1 : 1;
}

/* As ngx_http_parse_complex_uri: decoded, slashes merged if merge_slashes is on, `.` and `..` resolved. */
static struct slice decoded_path(struct slice request, bool merge, char out[DECODED_MAX])
{
    struct slice path = path_of(request);
    size_t n = 0;
    for (size_t i = 0, used; i < path.n && n < DECODED_MAX; i += used) {
        char c = decoded_byte(slice_from(path, i), &used);
        if (c == '/')
            n = without_dots(out, n);
        if (c != '/' || !merge || !n || out[n - 1] != '/')
            out[n++] = c;
    }
    return slice_of(out, without_dots(out, n));
}

/* Behind the first percent-encoded LF, CR or, with quote, `"`; nothing when there is none. */
static struct slice behind_encoded(struct slice s, bool quote)
{
    for (const char *at; (at = slice_chr(s, '%'));) {
        size_t used;
        s = slice_from(s, (size_t)(at - s.p));
        char c = decoded_byte(s, &used);
        s = slice_from(s, used);
        if (used > 1 && (quote ? c == '"' : c == '\n' || c == '\r'))
            return s;
    }
    return SLICE_NONE;
}

static bool has_break(struct slice s)
{
    return behind_encoded(s, false).p;
}

static bool has_quote(struct slice s)
{
    return slice_chr(s, '"') || behind_encoded(s, true).p;
}

/* A line break, and behind it what a head can begin with. Nothing that nginx would take out can stand between them:
 * that begins with a slash and leaves one. */
static bool has_head(struct slice s)
{
    while ((s = behind_encoded(s, false)).n) {
        size_t used;
        char c = decoded_byte(s, &used);
        if (ascii_digit(c) || c == 'n')
            return true;
    }
    return false;
}

bool nginx_entry_forges(struct slice request)
{
    return slice_chr(request, '%') && has_head(path_of(request));
}

/* Takes the last line off the end of s; *more: there was a line break before it. */
static struct slice take_last_line(struct slice *s, bool *more)
{
    const char *lf = s->n ? memrchr(s->p, '\n', s->n) : NULL;
    struct slice line = slice_from(*s, lf ? (size_t)(lf - s->p) + 1 : 0);
    *s = slice_sub(*s, 0, lf ? (size_t)(lf - s->p) : 0);
    *more = lf;
    return line;
}

/* The piece has a head with a text, too, and a connection if the line has one. */
static bool heads_agree(struct slice line, struct slice piece)
{
    struct slice text = text_of(line), text_of_piece = text_of(piece);
    if (!nginx_head(piece) || !text_of_piece.n)
        return false;
    return !text.n || *text.p != '*' || behind_connection(text_of_piece).p;
}

/* What stands behind the last slash of a path or the last line break in it. */
static struct slice behind_folder(struct slice path)
{
    for (size_t i = path.n; i > 0; i--)
        if (path.p[i - 1] == '/' || path.p[i - 1] == '\n')
            return slice_from(path, i);
    return path;
}

/*
 * The path holds line breaks, and the lines behind the entry are what stands between them: each whole, the last as the
 * beginning of its line. The entry ends with what stands before, as far as its last slash, since nginx may have put
 * another folder there. A line whose own connection was not guessed right is another entry.
 */
static bool is_these_lines(struct slice entry, struct slice lines, struct slice path)
{
    bool last = true, more, more_path;
    do {
        struct slice line = take_last_line(&lines, &more), piece = take_last_line(&path, &more_path);
        if (!more_path || !(last ? slice_starts(line, piece) : slice_eq(line, piece)))
            return false;
        if (nginx_head(line) && !heads_agree(line, piece))
            return false;
        last = false;
    } while (lines.n);
    return slice_ends(entry, behind_folder(path));
}

/* ---- the lines behind it ---- */

struct walk {
    const struct frame_doubt *d;
    struct frame_walk *at; /* quotes: in the entry and the lines before this one; answered: a tail has come that is not
                              this entry's; heads: one of the lines looks like a head */
    enum kind kind;
    bool has_tail; /* begun in the entry, by a subrequest */
};

/* How much of what is ahead may belong to the entry. */
static size_t reach(const struct walk *w)
{
    size_t most = w->kind == KIND_ODD && !w->at->answered ? BYTES_MAX : NGINX_ENTRY_MAX_OPENRESTY,
           used = w->d->entry.n + 1;
    return used < most ? most - used : 0;
}

/* What a request in this line, which ends at ahead[to], says. */
static bool request_tells(const struct walk *w, struct slice request, size_t to)
{
    char buffer[DECODED_MAX];
    struct slice lines = slice_sub(w->d->ahead, 0, to), entry = w->d->entry;
    if (w->kind != KIND_TAIL) /* in a stream of several programs it may be any line that the client has made */
        return w->at->heads ? has_head(request) : has_break(path_of(request));
    return is_these_lines(entry, lines, decoded_path(request, true, buffer)) ||
           is_these_lines(entry, lines, decoded_path(request, false, buffer));
}

/* Tails may be a client's own, in front of nginx's as part of the path and behind it in the referrer: each is asked. */
static bool tails_tell(const struct walk *w, struct slice text, size_t to)
{
    static const struct slice label = {", request: \"", 12};
    for (int tries = 0; tries < CONTEXT_TRIES && has_break(text); tries++) {
        ptrdiff_t at = slice_find(text, label);
        if (at < 0)
            break;
        text = slice_from(text, (size_t)at + label.n);
        if (request_tells(w, text, to))
            return true;
    }
    return false;
}

/* The first tail behind an entry with an odd number of quotes leaves them even. */
static bool quotes_close(struct walk *w, struct slice text, size_t before)
{
    struct nginx_context c;
    if (w->kind != KIND_ODD || w->at->answered || !nginx_context(text, false, &c) || c.end != text.n)
        return false;
    w->at->answered = true;
    return (before + count_quotes(slice_sub(text, 0, c.at))) % 2 == 0 && !has_quote(c.part[CONTEXT_REQUEST]);
}

/* The entry goes on up to the end of this line, ahead[from, to). */
static bool closes(struct walk *w, size_t from, size_t to)
{
    struct slice entry = w->d->entry, line = slice_sub(w->d->ahead, from, to), text = line;
    if (w->has_tail)
        text = slice_of(entry.p, entry.n + 1 + to);
    /* The quote that the subrequest left open is closed in the entry's last line; others need not be looked at, each
     * with all before it. */
    bool may_end = !w->has_tail || slice_chr(line, '"');
    if (!may_end)
        return nginx_entry_full(text.n);
    if (tails_tell(w, text, to) || quotes_close(w, text, text.p == line.p ? w->at->quotes : 0))
        return true;
    w->at->quotes += w->kind == KIND_ODD ? count_quotes(line) : 0;
    return nginx_entry_full(entry.n + 1 + to) && !(w->kind == KIND_TAIL && ends_like_tail(line));
}

/* No line behind the entry belongs to it, as far as there are bytes. */
static struct frame_told nothing_closed(const struct walk *w)
{
    size_t from = w->at->from, n = w->d->ahead.n;
    if (w->at->lines < LINES_MAX && from >= n && !w->d->last)
        return (struct frame_told){FRAME_UNTOLD, 0};
    return (struct frame_told){FRAME_HEAD, from < n ? from : n};
}

/* Goes on behind the lines that an earlier question has walked over. */
static struct frame_told walk_lines(struct walk *w)
{
    struct slice ahead = w->d->ahead;
    struct frame_walk *at = w->at;
    if (!at->lines)
        at->quotes = w->kind == KIND_ODD ? count_quotes(w->d->entry) : 0;
    w->has_tail = has_subrequest(w->d->entry);
    for (; at->lines < LINES_MAX && at->from < ahead.n; at->lines++) {
        const char *lf = slice_chr(slice_from(ahead, at->from), '\n');
        size_t to = lf ? (size_t)(lf - ahead.p) : ahead.n;
        if (to > reach(w))
            break;
        if (!lf && !w->d->last)
            return (struct frame_told){FRAME_UNTOLD, 0};
        at->heads = at->heads || nginx_head(slice_sub(ahead, at->from, to));
        if (to > at->from && closes(w, at->from, to))
            return (struct frame_told){FRAME_INSIDE, to};
        at->from = to + 1;
    }
    return nothing_closed(w);
}

/* ---- the fast way for entries with a tail, which most are ---- */

/* No %0A or %0D stands in ahead before `to`. What has been looked at, d->seen, is not looked at again, and it is looked
 * as far as there are bytes. */
static __attribute__((noinline)) bool is_clean(struct frame_doubt *d, size_t to)
{
    size_t end = d->ahead.n > 2 ? d->ahead.n - 2 : 0;
    while (d->seen < to && d->seen < end) {
        const char *at = memchr(d->ahead.p + d->seen, '%', end - d->seen);
        d->seen = at ? (size_t)(at - d->ahead.p) : end;
        if (at && at[1] == '0' && (ascii_lower(at[2]) == 'a' || ascii_lower(at[2]) == 'd'))
            return d->seen >= to;
        d->seen += at != NULL;
    }
    return true;
}

/* A line ends there, where that of an entry that was cut would. */
static inline bool may_be_full(const struct frame_doubt *d, size_t size)
{
    size_t at = size - d->entry.n - 1;
    return d->entry.n < size && (at < d->ahead.n ? d->ahead.p[at] == '\n' : at == d->ahead.n);
}

/* True when it is settled by the bytes at hand that the line is a head. Asked for every entry. */
static inline bool is_plain(struct frame_doubt *d)
{
    enum { REACH = NGINX_ENTRY_MAX_OPENRESTY };
    size_t used = d->entry.n + 1, to = used < REACH ? REACH - used : 0;
    if (d->ahead.n < to + 3 || !ends_like_tail(d->entry))
        return false;
    return (d->seen >= to || is_clean(d, to)) && !may_be_full(d, NGINX_ENTRY_MAX) &&
           !may_be_full(d, NGINX_ENTRY_MAX_OPENRESTY);
}

static __attribute__((noinline)) struct frame_told look(struct frame_doubt *d)
{
    struct walk w = {.d = d, .at = &d->walk, .kind = kind_of(d->entry)};
    if (w.kind == KIND_ENDED)
        return (struct frame_told){FRAME_HEAD, 0};
    struct frame_told t = walk_lines(&w);
    if (w.kind != KIND_ODD && t.what == FRAME_HEAD)
        t.n = 0; /* true entries stand behind such ones, and each may be forged itself */
    return t;
}

static struct frame_told nginx_entry_told(struct frame_doubt *d)
{
    return !d->entry.n || is_plain(d) ? (struct frame_told){FRAME_HEAD, 0} : look(d);
}

/* As is_plain, where all bytes in reach are here and hold no line break of a request. */
static bool nginx_entry_looks_plain(struct slice entry)
{
    return ends_like_tail(entry) && entry.p[NGINX_ENTRY_MAX] != '\n' && entry.p[NGINX_ENTRY_MAX_OPENRESTY] != '\n';
}

/* ---- in a stream of several programs ---- */

/* nginx's own words stand where a tail would: OpenResty's code that no request has called, and what a worker that ends
 * says of connections. */
static bool has_no_tail(struct slice text)
{
    enum { CONTEXT_NEAR = 64 };
    struct slice end = slice_from(text, text.n > CONTEXT_NEAR ? text.n - CONTEXT_NEAR : 0);
    ptrdiff_t at = slice_rfind(end, SLICE(", context: "));
    return (at >= 0 && !slice_chr(slice_from(end, (size_t)at + 11), ' ')) ||
           slice_starts(behind_connection(text), SLICE("open socket #"));
}

static bool is_below_notice(struct slice entry)
{
    enum { AT = 20 }; /* behind "yyyy/mm/dd hh:mm:ss " */
    struct slice level = slice_from(entry, AT);
    return slice_starts(level, SLICE("[info] ")) || slice_starts(level, SLICE("[debug] "));
}

static bool ends_in_colon(struct slice s)
{
    return s.n && s.p[s.n - 1] == ':';
}

/* A head of HTTP, as debug logs have it: nginx's own lines have no CR. */
static bool ends_in_cr(struct slice s)
{
    return s.n && s.p[s.n - 1] == '\r';
}

/* The tail, whatever it ends with. It is in the last line: only when there is something of it all is read again. */
static bool has_tail(struct slice entry)
{
    struct nginx_context c;
    const char *lf = memrchr(entry.p, '\n', entry.n);
    struct slice last = slice_from(entry, lf ? (size_t)(lf - entry.p) + 1 : 0);
    return ends_like_tail(entry) ||
           (slice_find(last, SLICE(", client: ")) >= 0 && nginx_context(text_of(entry), false, &c));
}

bool nginx_entry_goes_on(struct slice entry, struct slice line)
{
    struct slice text = text_of(entry);
    if (nginx_entry_full(entry.n) || entry.n + 1 + line.n > NGINX_ENTRY_MAX_OPENRESTY || has_tail(entry))
        return false;
    if (behind_connection(text).p && !is_below_notice(entry) && !has_no_tail(text))
        return true;
    return line.n && (ascii_space(*line.p) || ends_in_colon(entry) || ends_in_cr(entry) ||
                      (ascii_small(*line.p) && ends_in_colon(line)));
}

/* Behind the client what stands in open quotes is what that client has sent. */
static bool nginx_entry_keeps_nuls(struct slice begin)
{
    return begin.n <= NGINX_ENTRY_MAX_OPENRESTY && slice_find(begin, SLICE(", client: ")) >= 0 &&
           count_quotes(begin) % 2;
}

const struct frame_rule nginx_entry_rule = {nginx_entry_told, nginx_entry_looks_plain, NGINX_ENTRY_MAX_OPENRESTY,
                                            nginx_entry_keeps_nuls};

bool nginx_entry_torn(struct slice entry)
{
    return entry.n && kind_of(entry) == KIND_ODD && behind_connection(text_of(entry)).p;
}
