/*
 * text: lines of programs that follow no format, with time and level in front where loggers put them.
 *
 * Never refuses. Takes off what it understands: <N> of sd-daemon(3), a time, process and thread, the level,
 * the logger's name; the message is what follows. What is not understood stays in the message, and a line
 * without a time that begins with white space (a frame of a stack trace) is kept as it is. "Error: x" stays
 * whole too: it may be an exception's type and value.
 */
#include "parsers/parsers.h"

#include "base/utf8.h"
#include "parsers/field_names.h"
#include "parsers/level_said.h"
#include "parsers/nested.h"
#include "parsers/text_cluster.h"
#include "parsers/text_collector.h"
#include "parsers/text_console.h"
#include "parsers/text_event.h"
#include "parsers/text_fields.h"
#include "parsers/text_head.h"
#include "parsers/text_layout.h"
#include "parsers/text_level.h"
#include "parsers/text_parts.h"
#include "parsers/text_postgresql.h"

enum { TOKENS_MAX = 6 };

/* "core:error", also Minecraft's "thread/ERROR" and Twisted's "module#error". */
static enum level level_behind_module(struct slice text, struct record *r)
{
    char mark = slice_chr(text, ':') ? ':' : slice_chr(text, '/') ? '/' : '#';
    if (!slice_chr(text, mark))
        return LEVEL_NONE;
    struct slice module = slice_split(&text, mark);
    enum level level = level_from_word(text);
    if (level != LEVEL_NONE)
        r->logger = module;
    return level;
}

/* "7-1": of PostgreSQL's lines, each has another. */
static bool is_line_number(struct slice inside)
{
    struct slice part = inside, number = slice_split(&part, '-');
    return part.n && all_digits(number) && all_digits(part);
}

/* Level, process or module in one pair of brackets: [error], [core:error], [7], [pid 7:tid 8]. */
static enum level level_in(struct slice inside, struct record *r)
{
    struct slice text = slice_trim(inside);
    enum level level = level_from_word(text);
    if (level != LEVEL_NONE && (text.n > 1 || text_level_spelling(text) == SPELT_UPPER))
        return level;
    level = text_level_in_words(text);
    if (level != LEVEL_NONE)
        return level;
    if (slice_is(text, "!")) /* stunnel, and tools that mark what they say so */
        return LEVEL_ERROR;
    if (slice_is(text, "System")) /* MySQL: the server starts or stops */
        return LEVEL_INFO;
    struct slice session = text, pid = slice_split(&session, '-'); /* PostgreSQL: [7-1], process and line */
    if (all_digits(pid) && (!session.p || all_digits(session))) {
        r->procid = session.p && r->procid.n ? r->procid : pid; /* "[7]: [1-1]": of the process, the first line */
    } else if (starts(text, "pid ")) {
        pid = slice_from(text, 4);
        r->procid = slice_split(&pid, ':');
    } else {
        return level_behind_module(text, r);
    }
    return LEVEL_NONE;
}

static bool is_in_channel(char c)
{
    return ascii_alnum(c) || c == '_' || c == '.' || c == '-';
}

/* "channel.LEVEL:" of Monolog, at the front. */
static enum level channel_level(struct slice s, struct record *r, size_t *taken)
{
    size_t n = slice_span(slice_sub(s, 0, NAME_MAX), is_in_channel);
    struct slice name = slice_sub(s, 0, n);
    const char *dot = n && n < s.n && s.p[n] == ':' ? memrchr(name.p, '.', n) : NULL;
    if (!dot || dot == s.p)
        return LEVEL_NONE;
    struct slice word = slice_from(name, (size_t)(dot - s.p) + 1);
    enum level level = text_level_spelling(word) == SPELT_UPPER ? level_from_word(word) : LEVEL_NONE;
    if (level != LEVEL_NONE)
        r->logger = slice_sub(s, 0, (size_t)(dot - s.p));
    *taken = n;
    return level;
}

/* A capital and small letters, as sentences begin. */
static bool is_sentence_word(struct slice word)
{
    return ascii_capital(*word.p) && slice_span(slice_from(word, 1), ascii_small) == word.n - 1;
}

/* Sidekiq's thread, job and batch, to version 5: "TID-x2oow". */
static bool is_sidekiq_id(struct slice name)
{
    return name.n > 4 && name.p[3] == '-' && name.p[2] == 'D' && name.p[1] == 'I' && strchr("TJB", *name.p);
}

static bool may_be_logger(struct slice name)
{
    return (ascii_alpha(*name.p) || *name.p == '_') && !is_sentence_word(name) && !slice_chr(name, '=') &&
           !is_sidekiq_id(name);
}

/* "shop.pay WARNING " of Python's cookbook: a name, not the first word of a sentence, and a level in
 * capitals. */
static bool name_before_level(struct slice name, struct slice behind)
{
    size_t taken;
    skip_spaces(&behind);
    struct slice word = slice_sub(behind, 0, text_level_word(behind));
    enum text_spelling spelling = text_level_spelling(word);
    char last = name.p[name.n - 1];
    struct slice end = slice_from(behind, word.n);
    slice_skip(&end, slice_is(word, "fatal") && starts(end, " error") ? strlen(" error") : 0); /* Unbound */
    if ((last == ':' || last == ']') && spelling == SPELT_LOWER && (starts(end, ": ") || starts(end, " : ")))
        return word.n > 2 && level_from_word(word) != LEVEL_NONE;
    if (slice_is(word, "ALERT") && text_level_spelling(name) == SPELT_UPPER) /* Nagios: SERVICE ALERT, of any state */
        return false;
    return word.n > 3 && spelling == SPELT_UPPER && may_be_logger(name) &&
           text_level_at(behind, true, &taken) != LEVEL_NONE;
}

/* request_id=abc, as Elixir writes what it knows beside the message. */
static bool take_pair(struct slice pair, struct record *r)
{
    struct slice value = pair, name = slice_split(&value, '=');
    unsigned rank;
    if (!value.n || !name.n || !ascii_alpha(*name.p) || slice_chr(value, '"') || slice_chr(value, '='))
        return false;
    record_put(r, name, value, FIELD_STRING);
    enum role role = field_names_role(name, &rank);
    if (role == ROLE_REQUEST || role == ROLE_TRACE)
        field_names_take(r, role, value);
    return true;
}

/* A process's number, or what Sidekiq says of it. */
static bool take_process(struct slice name, struct record *r)
{
    if (all_digits(name))
        r->procid = name;
    else if (starts(name, "pid=") && all_digits(slice_from(name, 4)))
        r->procid = slice_from(name, 4);
    else if (starts(name, "class="))
        r->logger = slice_from(name, 6);
    else if (is_sidekiq_id(name))
        record_put(r,
                   *name.p == 'T'   ? SLICE("tid")
                   : *name.p == 'J' ? SLICE("jid")
                                    : SLICE("bid"),
                   slice_from(name, 4), FIELD_STRING);
    else
        return false;
    return true;
}

static bool is_in_column(char c)
{
    return ascii_alnum(c) || c == '_' || c == '.' || c == '-' || c == '(' || c == ')';
}

/* A logger's name, told by what is behind it. */
static bool take_logger(struct slice name, struct slice behind, struct record *r)
{
    bool ended = behind.n > 2 && (((behind.p[1] == '-' || behind.p[1] == '|') && behind.p[2] == ' ') ||
                                  (behind.p[1] == 'J' && starts(behind, " JID-")));
    if (!ended && !name_before_level(name, behind))
        return false;
    char last = name.p[name.n - 1];
    name = slice_sub(name, 0, name.n - (last == ':' || last == '|'));
    *(all_digits(name) ? &r->procid : &r->logger) = name;
    return true;
}

/* "bridge|ERR|text" of Open vSwitch, "shop.pay:ERROR:text": a column, and the level in the next one. The bytes of the
 * first; or 0. */
static size_t take_column(struct slice s, struct record *r)
{
    struct slice rest = slice_sub(s, 0, NAME_MAX), name = slice_sub(rest, 0, slice_span(rest, is_in_column));
    slice_skip(&rest, name.n);
    char mark = rest.n ? *rest.p : ' ';
    struct slice level = slice_from(rest, 1);
    level = slice_sub(level, 0, slice_span(level, ascii_capital));
    bool column =
        name.n && (mark == '|' || mark == ':') && level.n > 2 && level.n + 1 < rest.n && rest.p[level.n + 1] == mark;
    if (!column || level_from_word(level) == LEVEL_NONE)
        return 0;
    r->logger = name;
    return name.n + (mark == ':');
}

/* Gitea's place, FreeSWITCH's idle time, and the name of PM2's own lines. */
static bool is_other_word(struct slice name)
{
    return (slice_chr(name, ':') && slice_find(name, SLICE(".go:")) > 0) ||
           (name.p[name.n - 1] == '%' && ascii_digit(*name.p)) || slice_is(name, "PM2");
}

/* What may stand between time and level: a process id, user@database, "name - ", a name, pid=7 tid=a of
 * Sidekiq. */
static bool skip_name(struct slice *s, struct record *r)
{
    struct slice name = word_at(*s), behind = slice_from(*s, name.n);
    if (!name.n || !behind.n || name.n == NAME_MAX)
        return false;
    size_t column = slice_chr(name, '|') || slice_chr(name, ':') ? take_column(*s, r) : 0;
    slice_skip(s, column);
    if (column)
        return true;
    bool address = slice_chr(name, '@') && !slice_chr(name, '(');
    bool taken = take_process(name, r) || (!address && take_logger(name, behind, r)) || take_pair(name, r);
    if (!taken && !address && !is_other_word(name))
        return false;
    slice_skip(s, name.n);
    return true;
}

/* PostgreSQL says more about an error in lines of their own, which have its prefix but no level. */
static bool is_detail(struct slice s, bool stamped)
{
    static const char *const labels[] = {"STATEMENT:", "DETAIL:", "HINT:", "CONTEXT:", "QUERY:", "LOCATION:"};
    for (size_t i = 0; stamped && s.n && *s.p <= 'S' && i < sizeof labels / sizeof *labels; i++)
        if (slice_starts(s, slice_str(labels[i])))
            return true;
    return false;
}

/* "- ", ": ", or a column's "|", with the number of an event in a column of its own (NLog). */
static bool skip_mark(struct slice *s, bool stamped)
{
    bool column = stamped && s->n > 1 && *s->p == '|';
    bool arrow = stamped && starts(*s, "-> "); /* ClamAV */
    if (!column && !arrow && !starts(*s, "- ") && !starts(*s, ": "))
        return false;
    slice_skip(s, arrow ? 2 : 1);
    struct slice behind = *s, number = slice_split(&behind, '|');
    if (column && behind.p && all_digits(number))
        slice_skip(s, number.n);
    return true;
}

/* RouterOS: "system,error,critical message". */
static enum level topics_level(struct slice s, struct record *r, size_t *taken)
{
    enum level level = level_said_topics(s, taken);
    if (level != LEVEL_NONE)
        r->logger = slice_sub(s, 0, *taken);
    return level;
}

/* The level at the front, in brackets, as a word, behind a channel or among topics. *bracket: the length of brackets
   that stand there, with a level or without; *taken: as level_at has it. */
static enum level level_in_front(struct slice s, struct record *r, bool stamped, size_t *taken, size_t *bracket)
{
    struct slice inside;
    *taken = *bracket = pair_at(s, '[', ']', &inside);
    if (*bracket)
        return level_in(inside, r);
    if (stamped && (*taken = pair_at(s, '<', '>', &inside))) /* ClickHouse, WebLogic */
        return level_from_word(inside);
    if (stamped && starts(s, "*"))
        return text_level_in_stars(s, taken);
    enum level level = text_level_at(s, stamped, taken);
    if (level == LEVEL_NONE)
        level = channel_level(s, r, taken);
    return level == LEVEL_NONE ? topics_level(s, r, taken) : level;
}

/* Skips what stands before a level: brackets, or behind a time also {file.py:42} of Airflow, or a name. */
static bool skip_before_level(struct slice *s, size_t bracket, bool stamped, struct record *r)
{
    struct slice inside;
    size_t n = bracket + (stamped ? pair_at(*s, '{', '}', &inside) : 0);
    if (!n && stamped && starts(*s, "(") && slice_find(slice_sub(*s, 0, NAME_MAX), SLICE(".c.")) > 0) /* lighttpd */
        n = pair_at(*s, '(', ')', &inside);
    slice_skip(s, n);
    return n || (stamped && skip_name(s, r));
}

/* What is in a bracket at the front is mostly the thread; whatever it is, lines that have it belong together. */
static struct slice thread_of(struct slice s, size_t bracket, struct slice before)
{
    struct slice inside = bracket ? slice_sub(s, 1, bracket - 1) : SLICE_NONE;
    return bracket && !is_line_number(inside) ? inside : before;
}

/* Columns of colons, ":shop.pay:ERROR:text", begin with one. */
static void skip_first_colon(struct slice *s, bool stamped)
{
    slice_skip(s, stamped && s->n > 1 && *s->p == ':' && ascii_alpha(s->p[1]));
}

/*
 * Finds the level in what follows the time. On success *s is behind it; but pairs before a bare level say
 * what the message is about, as Sidekiq writes them, and stay in front of it.
 */
static enum level level_from(struct slice *s, struct record *r, bool stamped)
{
    struct slice rest = *s, thread = SLICE_NONE;
    bool pairs = false;
    skip_first_colon(&rest, stamped);
    for (int i = 0; i < TOKENS_MAX; i++) {
        size_t taken, bracket;
        skip_spaces(&rest);
        if (skip_mark(&rest, stamped))
            continue;
        if (is_detail(rest, stamped)) {
            *s = rest;
            r->thread = thread;
            return LEVEL_NONE;
        }
        enum level level = level_in_front(rest, r, stamped, &taken, &bracket);
        if (level != LEVEL_NONE) {
            if (taken && (bracket || !pairs))
                *s = slice_from(rest, taken);
            r->thread = thread;
            return level;
        }
        thread = thread_of(rest, bracket, thread);
        pairs = pairs || (!bracket && slice_chr(word_at(rest), '=')); /* Jenkins' "[id=7]" is its thread */
        if (!skip_before_level(&rest, bracket, stamped, r))
            break;
    }
    return LEVEL_NONE;
}

/* "client 10.0.0.1:5000" */
static void apache_client(struct slice inside, struct record *r)
{
    struct slice address = slice_from(inside, 7);
    ptrdiff_t port = slice_rfind(address, SLICE(":"));
    record_add(r, SLICE("client"), slice_sub(address, 0, port < 0 ? address.n : (size_t)port), FIELD_STRING);
}

/* "(70007)The timeout specified has expired: [client 10.0.0.1:5000] AH01102: message": the system's error stands before
 * the client, and both stay in the message. */
static void client_behind_errno(struct slice s, struct record *r)
{
    struct slice head = slice_sub(s, 0, BRACKETS_MAX), inside;
    ptrdiff_t at = starts(s, "(") ? slice_find(head, SLICE(": [client ")) : -1;
    if (at > 0 && pair_at(slice_from(s, (size_t)at + 2), '[', ']', &inside))
        apache_client(inside, r);
}

/* Apache's error log, behind module and level: "[pid 7:tid 8] [client 10.0.0.1:5000] AH00124: message". */
static void apache_groups(struct slice *s, struct record *r)
{
    struct slice rest = *s, inside;
    for (size_t n;; *s = rest) {
        skip_spaces(&rest);
        n = pair_at(rest, '[', ']', &inside);
        if (!n)
            client_behind_errno(rest, r);
        if (!n)
            return;
        if (starts(inside, "pid ")) {
            level_in(inside, r);
        } else if (starts(inside, "client ") || starts(inside, "remote ")) {
            apache_client(inside, r);
        } else {
            return;
        }
        slice_skip(&rest, n);
    }
}

/* The text without the escape sequences that colour it. */
static struct slice uncoloured(struct arena *arena, struct slice s)
{
    if (!slice_chr(s, '\x1b'))
        return s;
    char *p = arena_alloc(arena, s.n), *end = p;
    for (size_t i = 0; i < s.n;) {
        size_t len = s.p[i] == '\x1b' ? utf8_escape(slice_from(s, i)) : 0;
        if (!len)
            *end++ = s.p[i];
        i += len ? len : 1;
    }
    return slice_of(p, (size_t)(end - p));
}

/* " cart 7 140234567890176 text" behind level and time, Django's verbose: module, process and thread. */
static void django_place(struct slice *s, struct record *r)
{
    enum { THREAD_MIN = 8 };
    struct slice rest = *s;
    skip_spaces(&rest);
    struct slice module = slice_split(&rest, ' '), pid = slice_split(&rest, ' '), thread = slice_split(&rest, ' ');
    if (!rest.p || !may_be_logger(module) || !all_digits(pid) || !all_digits(thread) || thread.n < THREAD_MIN)
        return;
    r->logger = module;
    r->procid = pid;
    *s = rest;
}

/* "LEVEL time", also with the time in brackets. */
static void time_behind_level(struct parse_ctx *ctx, struct slice *s, struct record *r)
{
    struct slice rest = *s, inside;
    struct text_head head;
    slice_skip(&rest, starts(rest, ":") ? 1 : 0);
    bool apart = skip_spaces(&rest);
    slice_skip(&rest, starts(rest, "- ") ? 2 : 0);
    struct slice behind = slice_from(rest, pair_at(rest, '[', ']', &inside)); /* Cassandra: the thread */
    skip_spaces(&behind);
    if (!apart || !(text_head(ctx, &rest, &head) || (text_head(ctx, &behind, &head) && (rest = behind).p)))
        return;
    r->time_us = head.time_us;
    slice_skip(&rest, starts(rest, " --> ") ? 4 : 0);
    django_place(&rest, r);
    *s = rest;
}

/* PostgreSQL at Amazon: ":10.0.0.1(5000):user@db:[7]:ERROR:  text" behind the time. */
static void amazon_prefix(struct slice *s, struct record *r)
{
    struct slice head = slice_sub(*s, 0, BRACKETS_MAX), inside;
    ptrdiff_t at = starts(*s, ":") ? slice_find(head, SLICE(":[")) : -1;
    struct slice rest = slice_from(*s, (size_t)(at + 1));
    size_t n = at < 0 ? 0 : pair_at(rest, '[', ']', &inside);
    if (!n || !all_digits(inside) || !starts(slice_from(rest, n), ":"))
        return;
    r->procid = inside;
    *s = slice_from(rest, n + 1);
}

/* log4j's default: "125  [main] ERROR a.B  - text", milliseconds since the start. */
static void skip_relative_time(struct slice *s)
{
    struct slice rest = *s;
    while (rest.n && ascii_digit(*rest.p))
        slice_skip(&rest, 1);
    if (rest.p != s->p && skip_spaces(&rest) && starts(rest, "["))
        *s = rest;
}

/* Of a line in which there is no level where loggers put it; logger: what was known before that was looked for. */
static void layout_of(struct slice *s, struct record *r, bool stamped, struct slice logger)
{
    struct slice found = r->logger;
    r->logger = logger;
    if (is_detail(*s, stamped) || !text_layout(s, stamped, r))
        r->logger = found;
}

/* What follows the time: finds the level and leaves the message in *s. */
static void parse_rest(struct parse_ctx *ctx, struct slice *s, bool stamped, struct record *r)
{
    struct slice begin = *s, logger = r->logger;
    if (r->level == LEVEL_NONE || r->severity >= 0) {
        enum level level = text_level_php(*s);
        if (level == LEVEL_NONE)
            level = level_from(s, r, stamped);
        if (level == LEVEL_NONE) {
            layout_of(s, r, stamped, logger);
            return;
        }
        r->level = level;
    }
    if (s->p == begin.p)
        return;
    if (begin.p[0] == '[')
        apache_groups(s, r);
    if (!stamped)
        time_behind_level(ctx, s, r);
    text_logger(s, r);
}

/* <N> of sd-daemon(3). */
static void take_priority(struct slice *s, struct record *r)
{
    if (s->n <= 3 || s->p[0] != '<' || s->p[1] < '0' || s->p[1] > '7' || s->p[2] != '>')
        return;
    r->severity = s->p[1] - '0';
    r->level = level_from_severity(r->severity);
    slice_skip(s, 3);
}

/* The time in front, also behind the spaces with which Consul indents its lines. */
static bool take_head(struct parse_ctx *ctx, struct slice *s, struct text_head *head)
{
    if (text_head(ctx, s, head))
        return true;
    struct slice rest = *s;
    if (!s->n || *s->p != ' ')
        return false;
    skip_spaces(&rest);
    if (rest.n <= 20 || !ascii_digit(*rest.p) || !text_head(ctx, &rest, head))
        return false;
    *s = rest;
    return true;
}

/* "../../source3/smbd/server.c:1234(main)" behind Samba's time and level: the file is the logger. */
static bool samba_place(struct slice *s, unsigned indent, struct record *r)
{
    struct slice place = *s, behind = *s, file = slice_split(&behind, ':');
    slice_skip(&behind, slice_span(behind, ascii_digit));
    bool ok = slice_ends(file, SLICE(".c")) && starts(behind, "(") && slice_ends(slice_trim(behind), SLICE(")"));
    if (!ok || word_at(place).n < slice_trim(place).n)
        return false;
    r->logger = slice_from(file, (size_t)(slice_rfind(file, SLICE("/")) + 1));
    r->indent = (uint8_t)indent;
    slice_skip(s, s->n);
    return true;
}

/* The head that the program wrote, and its message. True: there is a time in it. */
static bool take_line(struct parse_ctx *ctx, struct slice *s, struct record *r)
{
    struct text_head head;
    bool stamped = take_head(ctx, s, &head);
    const char *begin = s->p;
    if (stamped) {
        r->level = head.indent ? head.level : r->level;
        r->time_us = head.time_us;
        r->procid = head.procid;
        r->logger = head.logger;
        bool colon = s->n > 2 && (s->p[0] == ':' || s->p[1] == ':'); /* few have one */
        enum level level = colon ? text_level_behind_time(s) : LEVEL_NONE;
        r->level = level != LEVEL_NONE ? level : r->level;
        skip_spaces(s);
        if (text_postgresql_csv(ctx->arena, s, r))
            return true;
        amazon_prefix(s, r);
    } else {
        skip_relative_time(s);
    }
    if (text_console(s, r) || (head.indent && samba_place(s, head.indent, r)))
        return stamped;
    if (head.paragraph)
        r->indent = RECORD_PARAGRAPH;
    if (head.level != LEVEL_NONE)
        r->level = head.level;
    else if (s->n && !ascii_space(s->p[0]))
        parse_rest(ctx, s, stamped, r);
    text_postgresql_who(slice_of(begin, (size_t)(s->p - begin)), r);
    return stamped;
}

/* What a program wrote: *s, behind what a collector has. */
static bool take_text(struct parse_ctx *ctx, struct slice *s, struct record *r)
{
    struct slice line = *s;
    bool stamped = take_line(ctx, s, r);
    /* A line in which nothing was found but a number keeps it. */
    if (!stamped && r->level == LEVEL_NONE)
        *s = line;
    return s->p != line.p;
}

/* An object of a logger behind a time, or behind what a collector has put there; an object alone is of another format.
 */
static bool take_json(struct parse_ctx *ctx, struct slice s, struct record *r)
{
    enum { HEAD_MAX = 128 };
    struct text_head head = {.level = LEVEL_NONE};
    int64_t time_us = r->time_us;
    if (!slice_chr(slice_sub(s, 0, HEAD_MAX), '{')) /* asked for every line */
        return false;
    if (text_head(ctx, &s, &head)) {
        skip_spaces(&s);
        slice_skip(&s, text_collector_tag(s));
        r->time_us = time_us != RECORD_NO_TIME ? time_us : head.time_us;
    }
    if (s.p != r->line.p && head.level == LEVEL_NONE && starts(s, "{\"") && nested_log_json(ctx, r, s))
        return true;
    r->time_us = time_us;
    return false;
}

static bool text_parse(struct parse_ctx *ctx, struct record *r)
{
    struct slice whole = text_collector_shown(ctx, uncoloured(ctx->arena, r->raw)), s = whole;
    r->line = whole;
    take_priority(&s, r);
    struct slice behind = s;
    bool all, cluster = text_cluster(ctx, &behind, r, &all), headed = cluster || s.p != whole.p;
    if (all)
        return true;
    int64_t time_us = cluster ? r->time_us : text_collector(ctx, &behind, r);
    if (time_us != RECORD_NO_TIME)
        r->time_us = r->carried_us = time_us;
    if ((behind.p != s.p && nested_marked(ctx, r, behind)) || text_event(ctx, r, behind) || take_json(ctx, behind, r))
        return true;
    s = behind;
    r->headed = take_text(ctx, &s, r) || headed || (!s.n && whole.n);
    if (r->level == LEVEL_NONE && s.n && !ascii_space(*s.p) && !is_detail(s, true))
        r->level = level_said(s);
    if (time_us != RECORD_NO_TIME)
        r->time_us = time_us;
    r->message = s.n ? s : whole;
    text_fields(ctx, r);
    return true;
}

/* By the time in front that a program writes before each line of text. */
static bool text_tells(struct slice line)
{
    const struct parse_ctx ctx = {.last_us = RECORD_NO_TIME};
    struct text_head head;
    return text_head(&ctx, &line, &head);
}

const struct format_traits format_text = {0};
const struct parser parser_text = {.nesting = PARSER_NESTED, .tells = text_tells, .parse = text_parse};
