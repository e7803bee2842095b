#include "parsers/text_parts.h"

/* ValueError, java.io.IOException: the type of what went wrong; AH00124, ORA-00600: a message's number. Not
 * loggers. */
static bool names_a_fault(struct slice name)
{
    bool digit = false, lower = false;
    for (size_t i = 0; i < name.n; i++) {
        digit = digit || ascii_digit(name.p[i]);
        lower = lower || ascii_small(name.p[i]);
    }
    return (digit && !lower) || slice_ends(name, SLICE("Error")) || slice_ends(name, SLICE("Exception")) ||
           slice_ends(name, SLICE("Warning"));
}

static bool is_dotted(struct slice name)
{
    return slice_chr(name, '.') || slice_chr(name, ':') || slice_chr(name, '_') || slice_chr(name, '/');
}

static bool is_name(struct slice name)
{
    static const bool in_names[256] = {
        ['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true, ['.'] = true, ['_'] = true,
        ['-'] = true,         ['$'] = true,         [':'] = true,         ['/'] = true, ['#'] = true};
    bool ok = name.n && (ascii_alpha(*name.p) || *name.p == '_');
    for (size_t i = 0; i < name.n; i++)
        ok &= in_names[(unsigned char)name.p[i]];
    return ok;
}

/* org.apache.catalina.core.StandardService.initInternal: the class and method that the JDK's own logging
 * prints. The class is the logger. */
static struct slice class_and_method(struct slice name)
{
    ptrdiff_t method = slice_rfind(name, SLICE("."));
    struct slice class = slice_sub(name, 0, method > 0 ? (size_t)method : 0);
    ptrdiff_t dot = slice_rfind(class, SLICE("."));
    bool fits = dot > 0 && (size_t)dot + 1 < class.n && class.p[dot + 1] >= 'A' && class.p[dot + 1] <= 'Z' &&
                (size_t)method + 1 < name.n &&
                ((name.p[method + 1] >= 'a' && name.p[method + 1] <= 'z') || name.p[method + 1] == '<');
    return fits ? class : SLICE_NONE;
}

/* "- ", "-- " of logback or "| ". */
static bool skip_mark(struct slice *s)
{
    size_t n = starts(*s, "-- ") ? 3 : starts(*s, "- ") || starts(*s, "| ") ? 2 : 0;
    slice_skip(s, n);
    return n > 0;
}

static bool may_be_in_name(char c)
{
    return !ascii_space(c) && c != '"' && c != '[' && c != '(';
}

/* The word at the front where it may be a logger's name, up to white space. */
static struct slice name_at(struct slice s)
{
    size_t n = slice_span(slice_sub(s, 0, NAME_MAX), may_be_in_name);
    bool fits = n && n < NAME_MAX && n < s.n && ascii_space(s.p[n]) && (ascii_alpha(*s.p) || *s.p == '_');
    return fits ? slice_sub(s, 0, n) : SLICE_NONE;
}

/* What ends a name: " : " or, where it is surely one, " - ", also with a thread before it. */
static bool take_end(struct slice *s, bool sure)
{
    struct slice inside, rest = slice_from(*s, pair_at(*s, '[', ']', &inside));
    if (sure && rest.p != s->p && starts(rest, " - ")) {
        *s = slice_from(rest, 3);
        return true;
    }
    if (starts(*s, ": ")) {
        slice_skip(s, 2);
        return true;
    }
    return sure && skip_mark(s);
}

/* A logger's name and what ends it: ": ", " : ", or, where the name or a thread before it shows it is one, "
 * - ", " [main] - " or " [". */
static bool logger_from(struct slice *s, bool thread, struct record *r)
{
    struct slice name = name_at(*s), behind = slice_from(*s, name.n);
    if (r->logger.n || !name.n)
        return false;
    bool colon = name.p[name.n - 1] == ':', sure = thread || is_dotted(name);
    name.n -= colon;
    skip_spaces(&behind);
    bool ended = colon || take_end(&behind, sure) || (is_dotted(name) && starts(behind, "["));
    if (!ended || names_a_fault(name))
        return false;
    r->logger = name;
    *s = behind;
    return true;
}

static bool is_in_class(char c)
{
    return ascii_alnum(c) || c == '_' || c == '$' || c == '.';
}

/* "LearnerHandler-/10.0.0.1:52:LearnerHandler@562": log4j's %t:%C{1}@%L. The class, when there is one. */
static struct slice class_behind_thread(struct slice inside)
{
    ptrdiff_t at = slice_chr(inside, '@') ? slice_rfind(inside, SLICE("@")) : -1, colon;
    if (at < 1 || !all_digits(slice_from(inside, (size_t)at + 1)))
        return SLICE_NONE;
    struct slice name = slice_sub(inside, 0, (size_t)at);
    colon = slice_rfind(name, SLICE(":"));
    name = slice_from(name, (size_t)(colon + 1));
    return name.n && ascii_alpha(name.p[0]) && slice_span(name, is_in_class) == name.n ? name : SLICE_NONE;
}

/* "root:message" of Python's default format. */
static void python_logger(struct slice *s, struct record *r)
{
    size_t n = 0;
    while (n < s->n && n < NAME_MAX && (ascii_alnum(s->p[n]) || s->p[n] == '_' || s->p[n] == '.'))
        n++;
    if (n == 0 || n >= s->n || s->p[n] != ':' || starts(slice_from(*s, n), "://"))
        return;
    r->logger = slice_sub(*s, 0, n);
    slice_skip(s, n + 1);
}

/* Ruby: "ERROR -- prog: message" */
static void ruby_program(struct slice *s, struct record *r)
{
    if (!slice_chr(*s, ':'))
        return;
    r->logger = slice_trim(slice_split(s, ':'));
    skip_spaces(s);
}

/* NLog: "|Shop.Pay|message" behind the level. */
static void piped(struct slice *s, struct record *r)
{
    struct slice rest = slice_from(*s, 1), name = slice_split(&rest, '|');
    if (rest.p && name.n < NAME_MAX && is_name(name)) {
        r->logger = name;
        *s = rest;
    } else {
        slice_skip(s, 1);
    }
}

/* "pay/charge.go:42" and the tab behind it. */
static bool skip_place(struct slice *s)
{
    struct slice rest = *s, place = slice_split(&rest, '\t');
    ptrdiff_t colon = slice_rfind(place, SLICE(":"));
    if (!rest.p || colon <= 0 || !is_name(place) || !all_digits(slice_from(place, (size_t)colon + 1)))
        return false;
    *s = rest;
    return true;
}

/* Jenkins: "\th.n.DiskSpaceMonitor#markOffline: message", the class and the method. */
static void class_and_hash(struct slice *s, struct record *r)
{
    struct slice name = word_at(*s), class = slice_sub(name, 0, name.n - 1), method = class;
    if (!slice_ends(name, SLICE(":")) || !is_name(class) || !slice_chr(slice_split(&method, '#'), '.') || !method.n)
        return;
    r->logger = slice_sub(class, 0, class.n - method.n - 1);
    slice_skip(s, name.n);
    skip_spaces(s);
}

/* zap on a console: "\tshop.pay\tpay/charge.go:42\tmessage", where the logger may be missing. */
static void tabbed(struct slice *s, struct record *r)
{
    slice_skip(s, 1);
    struct slice rest = *s, name = slice_split(&rest, '\t');
    if (skip_place(s))
        return;
    if (!is_name(name) || !skip_place(&rest)) {
        class_and_hash(s, r);
        return;
    }
    r->logger = name;
    *s = rest;
}

/* Spring: "7 --- [app] [main] o.a.c.c.C.[.[/] : message" behind the level. */
static bool spring(struct slice *s, struct record *r)
{
    struct slice rest = *s, inside;
    size_t digits = 0;
    while (digits < rest.n && ascii_digit(rest.p[digits]))
        digits++;
    if (!digits || !starts(slice_from(rest, digits), " --- "))
        return false;
    r->procid = slice_sub(rest, 0, digits);
    slice_skip(&rest, digits + 5);
    for (int i = 0; i < 2; i++) {
        size_t n = pair_at(rest, '[', ']', &inside);
        if (n)
            r->thread = slice_trim(inside); /* the last of them */
        slice_skip(&rest, n);
        skip_spaces(&rest);
    }
    struct slice name = word_at(rest), behind = slice_from(rest, name.n);
    skip_spaces(&behind);
    if (name.n && starts(behind, ": ")) {
        r->logger = name;
        rest = slice_from(behind, 2);
    }
    *s = rest;
    return true;
}

/* JBoss: "[org.x.Y] (thread) message" */
static bool jboss(struct slice *s, struct record *r)
{
    struct slice rest = *s, name, thread;
    size_t n = pair_at(rest, '[', ']', &name);
    if (!n || !is_name(name) || !slice_chr(name, '.'))
        return false;
    slice_skip(&rest, n);
    skip_spaces(&rest);
    n = pair_at(rest, '(', ')', &thread);
    if (!n || !starts(slice_from(rest, n), " "))
        return false;
    r->logger = name;
    r->thread = thread;
    *s = slice_from(rest, n + 1);
    return true;
}

/* pino-pretty: "(7 on web-1): message"; HAProxy: "(7) : message", which it is known by and keeps. */
static bool process_in_parentheses(struct slice *s, struct record *r)
{
    struct slice inside = SLICE_NONE;
    size_t n = pair_at(*s, '(', ')', &inside);
    struct slice rest = slice_from(*s, n), pid = n ? slice_split(&inside, ' ') : SLICE_NONE;
    bool pino = starts(rest, ": ");
    if (!all_digits(pid) || !(pino || starts(rest, " : ")))
        return false;
    r->procid = pid;
    if (pino)
        *s = slice_from(rest, 2);
    return true;
}

/* "[main] (Pay.java:42) - message" and the JDK's "[main] org.x.Y.method message". */
static bool behind_thread(struct slice *s, struct record *r)
{
    struct slice rest = *s, inside;
    slice_skip(&rest, pair_at(rest, '(', ')', &inside));
    if (rest.p != s->p) {
        skip_spaces(&rest);
        if (!skip_mark(&rest))
            return false;
        *s = rest;
        return true;
    }
    if (skip_mark(&rest) || starts(rest, ": ")) {
        slice_skip(&rest, starts(rest, ": ") ? 2 : 0);
        *s = rest;
        return true;
    }
    struct slice name = word_at(rest), behind = slice_from(rest, name.n), class = class_and_method(name);
    skip_spaces(&behind);
    if (!class.n || !behind.n || strchr("-:[", *behind.p))
        return false;
    r->logger = class;
    *s = behind;
    return true;
}

/* Elasticsearch, Envoy: "[o.e.Bootstrap  ] message", with no space before it. */
static bool name_in_brackets(struct slice *s, struct record *r)
{
    struct slice inside, rest = *s;
    slice_skip(&rest, pair_at(rest, '[', ']', &inside));
    if (rest.p == s->p || !starts(rest, " ") || !is_name(slice_trim(inside)))
        return false;
    r->logger = slice_trim(inside);
    *s = rest;
    skip_spaces(s);
    return true;
}

static bool is_in_tag(char c)
{
    return ascii_alnum(c) || c == '_' || c == '-' || c == '.' || c == '/';
}

/* "o.a.s.s.HttpSolrCall message": a class with its packages, which no sentence begins with. */
static void class_at(struct slice *s, struct record *r)
{
    struct slice name = word_at(*s);
    ptrdiff_t dot = slice_rfind(name, SLICE("."));
    bool class =
        dot > 0 && (size_t)dot + 2 < name.n && ascii_capital(name.p[dot + 1]) && name.n < s->n && is_name(name);
    if (!class || names_a_fault(name))
        return;
    r->logger = name;
    slice_skip(s, name.n);
}

/* The logger behind a thread: "[homeassistant.core] ", Solr's "[c:core s:shard1] o.a.s.s.HttpSolrCall ". */
static void logger_behind_thread(struct slice *s, struct record *r)
{
    struct slice inside = SLICE_NONE, rest = slice_from(*s, pair_at(*s, '[', ']', &inside));
    bool logger = is_name(inside) && slice_chr(inside, '.');
    if (logger)
        r->logger = inside;
    if (logger || slice_chr(inside, ':'))
        *s = rest;
    skip_spaces(s);
    if (!logger)
        class_at(s, r);
    skip_spaces(s);
}

/* "(main) message" in a line with a time. */
static bool thread_in_parentheses(struct slice *s, struct record *r)
{
    struct slice rest = *s, thread;
    size_t n = r->time_us == RECORD_NO_TIME ? 0 : pair_at(rest, '(', ')', &thread);
    slice_skip(&rest, n);
    if (!n || slice_chr(thread, ' ') || all_digits(thread) || !starts(rest, " "))
        return false;
    r->thread = thread;
    skip_spaces(&rest);
    logger_behind_thread(&rest, r);
    *s = rest;
    return true;
}

/* Asterisk: "[7][C-0001]: place: message", with no space before it: process and call. */
static bool process_and_call(struct slice *s, struct record *r)
{
    struct slice pid, call, rest = *s;
    slice_skip(&rest, pair_at(rest, '[', ']', &pid));
    if (rest.p == s->p || !all_digits(pid))
        return false;
    slice_skip(&rest, pair_at(rest, '[', ']', &call));
    if (!starts(rest, ": "))
        return false;
    r->procid = pid;
    *s = slice_from(rest, 2);
    return true;
}

/* Calico: "[7] felix/health.go 188: message", with no space before it. */
static bool process_and_place(struct slice *s, struct record *r)
{
    struct slice pid, rest = *s;
    slice_skip(&rest, pair_at(rest, '[', ']', &pid));
    if (rest.p == s->p || !all_digits(pid) || !starts(rest, " "))
        return false;
    slice_skip(&rest, 1);
    struct slice file = slice_split(&rest, ' ');
    size_t line = slice_span(rest, ascii_digit);
    if (!slice_ends(file, SLICE(".go")) || !line || !starts(slice_from(rest, line), ": "))
        return false;
    r->procid = pid;
    r->logger = file;
    *s = slice_from(rest, line + 2);
    return true;
}

/* "postfix/smtpd[7]: message" of Postfix in containers, as a syslog's daemon would write it: who speaks. */
static bool tagged(struct slice *s, struct record *r)
{
    struct slice pid, rest = slice_sub(*s, 0, NAME_MAX);
    if (!slice_chr(rest, '[')) /* asked for every line */
        return false;
    struct slice tag = slice_sub(rest, 0, slice_span(rest, is_in_tag));
    rest = *s;
    slice_skip(&rest, tag.n);
    slice_skip(&rest, tag.n ? pair_at(rest, '[', ']', &pid) : 0);
    if (!tag.n || rest.p == s->p + tag.n || !all_digits(pid) || !starts(rest, ": "))
        return false;
    if (r->untrusted)
        r->logger = tag;
    else if (!r->app.n)
        r->app = tag;
    r->procid = pid;
    *s = slice_from(rest, 2);
    return true;
}

/* tracing of Rust: "request{id=7}:job{n=1}: shop::pay: message" has the spans before the logger. */
static void skip_spans(struct slice *s)
{
    for (;;) {
        struct slice rest = *s, inside;
        while (rest.n && (ascii_alnum(*rest.p) || *rest.p == '_' || *rest.p == '-'))
            slice_skip(&rest, 1);
        size_t n = pair_at(rest, '{', '}', &inside);
        if (rest.p == s->p || !n || !starts(slice_from(rest, n), ":"))
            return;
        *s = slice_from(rest, n + 1);
        skip_spaces(s);
    }
}

/* Odoo: "7 ERROR database odoo.http: message" */
static bool odoo(struct slice *s, struct record *r)
{
    struct slice database = word_at(*s), rest = slice_from(*s, database.n + 1), name = word_at(rest);
    if (r->logger.n || slice_chr(database, ':') || name.n < 2 || name.p[name.n - 1] != ':' || !slice_chr(name, '.') ||
        !logger_from(&rest, false, r))
        return false;
    *s = rest;
    return true;
}

/* What the byte behind the level tells of the layout. True: there is no more to be taken. */
static bool behind_mark(struct slice *s, struct record *r)
{
    switch (s->n ? *s->p : ' ') {
    case '[':
        return process_and_call(s, r) || process_and_place(s, r) || name_in_brackets(s, r);
    case ':':
        slice_skip(s, 1);
        if (!skip_spaces(s))
            python_logger(s, r);
        return true;
    case '|':
        piped(s, r);
        return true;
    case '\t':
        tabbed(s, r);
        return true;
    default:
        if (!starts(*s, " -- "))
            return false;
        slice_skip(s, 4);
        ruby_program(s, r);
        return true;
    }
}

/* Layouts that are known by what follows. */
static bool known_layout(struct slice *s, struct record *r)
{
    return spring(s, r) || jboss(s, r) || process_in_parentheses(s, r) || thread_in_parentheses(s, r) || tagged(s, r) ||
           (r->procid.n && odoo(s, r));
}

/* "- ", "| ", ": " */
static void skip_marks(struct slice *s)
{
    skip_spaces(s);
    while (s->n > 1 && (*s->p == '-' || *s->p == '|' || *s->p == ':') && s->p[1] == ' ') {
        slice_skip(s, 1);
        skip_spaces(s);
    }
}

/* A thread in brackets, or none, and the logger's name. */
static void thread_and_name(struct slice *s, struct record *r)
{
    struct slice rest = *s, inside = SLICE_NONE;
    slice_skip(&rest, pair_at(rest, '[', ']', &inside));
    bool thread = rest.p != s->p;
    if (thread && !r->logger.n)
        r->logger = class_behind_thread(inside);
    skip_spaces(&rest);
    if (!thread && starts(rest, "in ")) /* Flask: "ERROR in app: message" */
        slice_skip(&rest, 3);
    if ((thread && behind_thread(&rest, r)) || logger_from(&rest, thread, r)) {
        *s = rest;
        r->thread = thread ? inside : r->thread;
    } else if (thread && !r->thread.n) {
        r->thread = inside; /* mostly; whatever it is, lines that have it belong together */
    }
}

void text_logger(struct slice *s, struct record *r)
{
    if (behind_mark(s, r))
        return;
    skip_marks(s);
    if (slice_chr(slice_sub(*s, 0, NAME_MAX), '{'))
        skip_spans(s);
    if (s->n && !known_layout(s, r))
        thread_and_name(s, r);
}
