#include "parsers/text_layout.h"

#include "parsers/text_columns.h"
#include "parsers/text_level.h"
#include "parsers/text_parts.h"
#include "parsers/text_postgresql.h"

enum { SERVICE_MAX = 160 };

static bool is_blank(char c)
{
    return c == ' ';
}

/* --- a letter behind a time --- */

static bool is_in_component(char c)
{
    return ascii_capital(c) || c == '_' || c == '-';
}

/* "STORAGE  [conn7] text" of mongod to 4.2: component and thread. */
static bool mongod(struct slice *s, struct record *r)
{
    enum { COMPONENT_MAX = 10 };
    struct slice rest = *s, thread;
    struct slice component = slice_sub(rest, 0, slice_span(slice_sub(rest, 0, COMPONENT_MAX), is_in_component));
    slice_skip(&rest, component.n);
    bool apart = skip_spaces(&rest);
    size_t n = pair_at(rest, '[', ']', &thread);
    if (!component.n || !apart || !n || !slice_trim(slice_from(rest, n)).n || rest.p[n] != ' ')
        return false; /* it leaves a line empty before its last words, and has said the fault before that */
    if (!slice_is(component, "-"))
        r->logger = component;
    r->thread = thread;
    *s = slice_from(rest, n + 1);
    return true;
}

/* "tensorflow/x.cc:271] text" */
static bool source_place(struct slice *s, struct record *r)
{
    struct slice place = word_at(*s), line = place, file = slice_split(&line, ':');
    if (!slice_ends(line, SLICE("]")) || !all_digits(slice_sub(line, 0, line.n - 1)) || !slice_chr(file, '.'))
        return false;
    r->logger = file;
    slice_skip(s, place.n);
    skip_spaces(s);
    return true;
}

/* "C [rpc-clnt.c:161:ping] ", "A [MSGID: 106004] [": letters with which sentences begin, too. */
static bool gluster_critical(struct slice s)
{
    struct slice inside = SLICE_NONE;
    size_t n = starts(s, "C [") || starts(s, "A [") ? pair_at(slice_from(s, 2), '[', ']', &inside) : 0;
    return n && (starts(inside, "MSGID: ") || slice_find(inside, SLICE(".c:")) > 0);
}

/* "E " of mongod, TensorFlow and GlusterFS, "E! " of Telegraf, "D2 " with mongod's number. */
static bool letter(struct slice *s, struct record *r)
{
    if (gluster_critical(*s)) {
        r->level = LEVEL_FATAL;
        slice_skip(s, 2);
        return true;
    }
    if (s->n < 4 || !slice_chr(SLICE("EWIDF"), *s->p))
        return false;
    struct slice rest = slice_from(*s, 1);
    bool telegraf = *rest.p == '!', number = *s->p == 'D' && *rest.p >= '1' && *rest.p <= '5';
    slice_skip(&rest, telegraf || number);
    if (!skip_spaces(&rest) || !(mongod(&rest, r) || starts(rest, "[") || source_place(&rest, r)))
        return false;
    r->level = level_from_word(slice_sub(*s, 0, 1));
    *s = rest;
    return true;
}

/* "ServletWrappe E   text" of WebSphere behind the thread: component and the kind of line, of which O and R are what
 * was printed. */
static bool websphere(struct slice *s, struct record *r)
{
    static const struct slice letters = {"FEWAICORD123", 12};
    static const enum level levels[] = {LEVEL_FATAL, LEVEL_ERROR, LEVEL_WARNING, LEVEL_INFO,  LEVEL_INFO,  LEVEL_INFO,
                                        LEVEL_NONE,  LEVEL_NONE,  LEVEL_DEBUG,   LEVEL_DEBUG, LEVEL_DEBUG, LEVEL_DEBUG};
    struct slice rest = *s;
    skip_spaces(&rest);
    struct slice name = word_at(rest);
    slice_skip(&rest, name.n);
    bool kind = name.n && skip_spaces(&rest) && rest.n > 1 && rest.p[1] == ' ';
    const char *letter = kind ? slice_chr(letters, *rest.p) : NULL;
    if (!letter)
        return false;
    r->level = levels[letter - letters.p];
    r->logger = name;
    slice_skip(&rest, 1);
    skip_spaces(&rest);
    *s = rest;
    return true;
}

/* " 0 log_channel(cluster) log [ERR] : text": the level of Ceph's own log of the cluster. */
static bool cluster_log(struct slice *s, struct record *r)
{
    enum { FRONT = 80 };
    ptrdiff_t at = slice_find(slice_sub(*s, 0, FRONT), SLICE(" log_channel("));
    struct slice rest = slice_from(*s, at < 0 ? s->n : (size_t)at + 1), name = slice_split(&rest, ' '), inside;
    size_t n = starts(rest, "log [") ? pair_at(slice_from(rest, 4), '[', ']', &inside) : 0;
    if (!n || !starts(slice_from(rest, 4 + n), " : "))
        return false;
    r->level = level_from_word(inside);
    r->logger = name;
    *s = slice_from(rest, 4 + n + 3);
    return true;
}

/* A thread in hexadecimal: WebSphere's, or Ceph's "7f2a8318f700 -1 text", of whose levels only -1 says something. */
static bool behind_thread(struct slice *s, struct record *r)
{
    enum { SHORT = 8, LONG = 16 };
    size_t n = slice_span(slice_sub(*s, 0, LONG + 1), ascii_hex);
    struct slice rest = slice_from(*s, n), thread = slice_sub(*s, 0, n);
    if (n < SHORT || n > LONG || !starts(rest, " "))
        return false;
    if (starts(rest, " -1 ")) {
        r->level = LEVEL_ERROR;
        slice_skip(&rest, 4);
    } else if (n > SHORT && cluster_log(&rest, r)) {
        /* it has said all */
    } else if (n != SHORT || !websphere(&rest, r)) {
        return false;
    }
    r->thread = thread;
    *s = rest;
    return true;
}

/* --- who speaks, and a level behind it --- */

static bool is_in_service(char c)
{
    return ascii_small(c) || ascii_digit(c) || c == '-' || c == '_';
}

/* Dovecot's words, as it writes them. */
static enum level service_level(struct slice *s)
{
    static const struct {
        struct slice word;
        enum level level;
    } words[] = {{{"Error: ", 7}, LEVEL_ERROR},     {{"Fatal: ", 7}, LEVEL_FATAL}, {{"Panic: ", 7}, LEVEL_FATAL},
                 {{"Warning: ", 9}, LEVEL_WARNING}, {{"Info: ", 6}, LEVEL_INFO},   {{"Debug: ", 7}, LEVEL_DEBUG}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (slice_starts(*s, words[i].word)) {
            slice_skip(s, words[i].word.n);
            return words[i].level;
        }
    return LEVEL_NONE;
}

static bool is_in_name(char c)
{
    return is_in_service(c) || ascii_capital(c);
}

static bool is_in_host(char c)
{
    return is_in_name(c) || c == '.';
}

/* "imap(ann)<7><session>: Error: text" of Dovecot, also "auth: Error: text". */
static bool service(struct slice *s, bool stamped, struct record *r)
{
    struct slice front = slice_sub(*s, 0, SERVICE_MAX), inside;
    if (!front.n || !(ascii_small(*front.p) || (stamped && ascii_capital(*front.p)))) /* "InnoDB: Error: " */
        return false;
    size_t name = slice_span(front, stamped ? is_in_name : is_in_service), n = name;
    n += pair_at(slice_from(front, n), '(', ')', &inside);
    for (size_t more; (more = pair_at(slice_from(front, n), '<', '>', &inside));)
        n += more;
    struct slice rest = slice_from(*s, n + 2);
    if (!starts(slice_from(*s, n), ": "))
        return false;
    enum level level = service_level(&rest);
    if (level == LEVEL_NONE)
        return false;
    r->level = level;
    r->logger = slice_sub(*s, 0, name);
    *s = rest;
    return true;
}

/* "web-1 proftpd[7] web-1 (192.0.2.7[192.0.2.7]): text" of ProFTPD's own log: its server behind the process, and for
 * whom. */
static bool proftpd(struct slice *s, struct record *r)
{
    struct slice rest = *s, pid, inside, host = word_at(rest);
    slice_skip(&rest, host.n);
    if (!host.n || !starts(rest, " proftpd["))
        return false;
    slice_skip(&rest, strlen(" proftpd"));
    size_t n = pair_at(rest, '[', ']', &pid);
    slice_skip(&rest, n + 1);
    struct slice server = slice_sub(rest, 0, slice_span(slice_sub(rest, 0, NAME_MAX), is_in_host));
    slice_skip(&rest, server.n);
    if (starts(rest, " ("))
        slice_skip(&rest, 1 + pair_at(slice_from(rest, 1), '(', ')', &inside));
    if (!n || !server.n || !starts(rest, ": "))
        return false;
    r->logger = SLICE("proftpd");
    r->procid = pid;
    *s = slice_from(rest, 2);
    return true;
}

/* "fail2ban.server [7]: ERROR text", the name in a column, "web-1 proftpd[7]: fatal: text": who speaks, behind a host
 * or not, and the level behind that. */
static bool program(struct slice *s, struct record *r)
{
    enum { FRONT = 120 };
    struct slice name = word_at(*s), rest = slice_from(*s, name.n), pid;
    const char *bracket = slice_chr(slice_sub(*s, 0, FRONT), '[');
    if (!bracket || bracket == s->p || !skip_spaces(&rest) || !rest.n) /* asked for every line without a level */
        return false;
    bool host = *rest.p != '[';
    if (host) {
        name = slice_sub(rest, 0, slice_span(slice_sub(rest, 0, NAME_MAX), is_in_name));
        slice_skip(&rest, name.n);
    }
    size_t taken, n = pair_at(rest, '[', ']', &pid);
    if (!name.n || !n || !all_digits(pid) || !starts(slice_from(rest, n), ": "))
        return false;
    slice_skip(&rest, n + 1);
    skip_spaces(&rest);
    enum level level = text_level_at(rest, true, &taken);
    /* "web-1 app[7]: ERROR text" behind a time is syslog's, of which the host is known elsewhere. */
    if (level == LEVEL_NONE || !taken || (host && ascii_capital(*rest.p)))
        return false;
    r->level = level;
    r->logger = name;
    r->procid = pid;
    slice_skip(&rest, taken);
    slice_skip(&rest, starts(rest, ":") ? 1 : 0);
    skip_spaces(&rest);
    *s = rest;
    return true;
}

/* "error" or, of ESXi 8 with the PRI behind it, "Er(163)", and the blank behind it. */
static enum level esxi_level(struct slice *s)
{
    static const struct slice words[8] = {{"Em", 2}, {"Al", 2}, {"Cr", 2}, {"Er", 2},
                                          {"Wa", 2}, {"No", 2}, {"In", 2}, {"Db", 2}};
    struct slice inside, word = slice_sub(*s, 0, slice_span(slice_sub(*s, 0, 8), ascii_alpha));
    size_t number = pair_at(slice_from(*s, word.n), '(', ')', &inside);
    int severity = -1;
    for (int i = 0; number && i < 8; i++)
        severity = slice_eq(word, words[i]) ? i : severity;
    slice_skip(s, word.n + number + 1);
    if (number)
        return level_from_severity(severity);
    return word.n > 3 && slice_span(word, ascii_small) == word.n ? level_from_word(word) : LEVEL_NONE;
}

/* "error hostd[7] text" of ESXi: the level, and who speaks. */
static bool esxi(struct slice *s, struct record *r)
{
    enum { FRONT = 64 };
    struct slice rest = *s, pid;
    if (!slice_chr(slice_sub(rest, 0, FRONT), '[')) /* asked for every line without a level */
        return false;
    enum level level = esxi_level(&rest);
    size_t name = level == LEVEL_NONE ? 0 : slice_span(slice_sub(rest, 0, NAME_MAX), is_in_service);
    size_t n = name ? pair_at(slice_from(rest, name), '[', ']', &pid) : 0;
    if (!n || !all_digits(pid))
        return false;
    r->level = level;
    r->logger = slice_sub(rest, 0, name);
    r->procid = pid;
    slice_skip(&rest, name + n);
    slice_skip(&rest, starts(rest, ":") ? 1 : 0);
    skip_spaces(&rest);
    *s = rest;
    return true;
}

/* "log4j:ERROR text" of log4j itself, before it has a layout. */
static bool log4j(struct slice *s, struct record *r)
{
    struct slice rest = slice_from(*s, 6), word = slice_split(&rest, ' ');
    if (!starts(*s, "log4j:") || !rest.p || word.n < 4)
        return false;
    enum level level = level_from_word(word);
    if (level == LEVEL_NONE)
        return false;
    r->level = level;
    r->logger = SLICE("log4j");
    *s = rest;
    return true;
}

static bool is_in_dotted(char c)
{
    return ascii_small(c) || ascii_digit(c) || c == '_' || c == '.';
}

static bool skip_one(struct slice *s, const char *mark)
{
    bool there = slice_starts(*s, slice_str(mark));
    slice_skip(s, there ? strlen(mark) : 0);
    return there;
}

/* "       [7]: " behind fail2ban's name. */
static void skip_process(struct slice *s)
{
    struct slice rest = *s, pid;
    skip_spaces(&rest);
    size_t n = pair_at(rest, '[', ']', &pid);
    if (n && all_digits(pid) && rest.n > n && rest.p[n] == ':')
        *s = slice_from(rest, n);
}

/* "shop.pay ERROR x", "shop.pay: ERROR: x", "shop.pay - ERROR - x", "shop.pay [7]: ERROR x": a name with dots in small
 * letters and a level in capitals, as Python's loggers are told to write them where the carrier has the time. */
static bool dotted(struct slice *s, struct record *r)
{
    struct slice rest = *s, name = slice_sub(rest, 0, slice_span(slice_sub(rest, 0, NAME_MAX), is_in_dotted));
    slice_skip(&rest, name.n);
    if (!name.n || !ascii_small(*name.p) || name.p[name.n - 1] == '.' || !slice_chr(name, '.'))
        return false;
    if (starts(rest, " "))
        skip_process(&rest);
    bool apart = skip_one(&rest, " - ") || skip_one(&rest, ": ") || skip_one(&rest, " ");
    struct slice word = slice_sub(rest, 0, slice_span(slice_sub(rest, 0, NAME_MAX), ascii_capital));
    enum level level = level_from_word(word);
    slice_skip(&rest, word.n);
    if (!apart || word.n < 4 || level == LEVEL_NONE ||
        !(skip_one(&rest, " - ") || skip_one(&rest, ": ") || skip_one(&rest, " ")))
        return false;
    skip_spaces(&rest);
    r->level = level;
    r->logger = name;
    *s = rest;
    return true;
}

/* --- SQL Server --- */

static bool is_its_source(struct slice word)
{
    static const char *const names[] = {"Server", "Logon", "Backup"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (slice_is(word, names[i]))
            return true;
    size_t digits = starts(word, "spid") ? slice_span(slice_from(word, 4), ascii_digit) : 0;
    return digits && (4 + digits == word.n || (5 + digits == word.n && word.p[word.n - 1] == 's'));
}

/* "Error: 18456, Severity: 14, State: 8.": to 10 it is no error, from 20 on the session ends. */
static enum level sql_server_level(struct slice s)
{
    enum { ERROR_FROM = 11, FATAL_FROM = 20 };
    uint64_t number, severity;
    struct slice rest = slice_from(s, strlen("Error: "));
    if (!starts(s, "Error: ") || !slice_u64(slice_split(&rest, ','), &number) || !starts(rest, " Severity: "))
        return LEVEL_NONE;
    slice_skip(&rest, strlen(" Severity: "));
    if (!slice_u64(slice_split(&rest, ','), &severity) || !starts(rest, " State: "))
        return LEVEL_NONE;
    return severity >= FATAL_FROM ? LEVEL_FATAL : severity >= ERROR_FROM ? LEVEL_ERROR : LEVEL_INFO;
}

/* "spid51      text" of its ERRORLOG: who speaks, in twelve columns. */
static bool sql_server(struct slice *s, struct record *r)
{
    enum { COLUMN = 12 };
    struct slice word = word_at(slice_sub(*s, 0, COLUMN)), blanks = slice_sub(*s, word.n, COLUMN);
    if (s->n <= COLUMN || slice_span(blanks, is_blank) < COLUMN - word.n || is_blank(s->p[COLUMN]) ||
        !is_its_source(word))
        return false;
    slice_skip(s, COLUMN);
    r->thread = word;
    r->level = sql_server_level(*s);
    return true;
}

/* ", Error                 CBS    text" of Windows' servicing logs: the level in a column of its own. */
static bool servicing(struct slice *s, struct record *r)
{
    struct slice rest = *s;
    if (!starts(rest, ", "))
        return false;
    slice_skip(&rest, 2);
    enum level level = level_from_word(slice_split(&rest, ' '));
    if (level == LEVEL_NONE || !starts(rest, " "))
        return false;
    skip_spaces(&rest);
    r->level = level;
    *s = rest;
    return true;
}

static bool is_in_uuid(char c)
{
    return ascii_hex(c) || c == '-';
}

/* "UUID<TAB>ERROR<TAB>text" of AWS' runtime for Node.js: the request and the level. */
static bool aws_runtime(struct slice *s, struct record *r)
{
    enum { UUID = 36 };
    if (s->n <= UUID || s->p[UUID] != '\t' || slice_span(*s, is_in_uuid) != UUID)
        return false;
    struct slice rest = *s, id = slice_split(&rest, '\t');
    enum level level = level_from_word(slice_split(&rest, '\t'));
    if (level == LEVEL_NONE || !rest.p)
        return false;
    r->request_id = id;
    r->level = level;
    *s = rest;
    return true;
}

bool text_layout(struct slice *s, bool stamped, struct record *r)
{
    if (stamped && (aws_runtime(s, r) || sql_server(s, r) || letter(s, r) || behind_thread(s, r) || esxi(s, r) ||
                    servicing(s, r) || proftpd(s, r) || program(s, r)))
        return true;
    if (text_columns(s, stamped, r))
        return true;
    return service(s, stamped, r) || log4j(s, r) || text_postgresql(s, r) || dotted(s, r);
}
