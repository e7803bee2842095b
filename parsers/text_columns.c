#include "parsers/text_columns.h"

#include "parsers/text_level.h"
#include "parsers/text_parts.h"

enum { FRONT = 120, LEVEL_WORD_MIN = 4 };

/* "error" at the front, in small letters, and how long it is. */
static enum level lower_level(struct slice s, size_t *taken)
{
    size_t n = slice_span(slice_sub(s, 0, NAME_MAX), ascii_small);
    *taken = n;
    return n >= LEVEL_WORD_MIN ? level_from_word(slice_sub(s, 0, n)) : LEVEL_NONE;
}

/* A word and the blanks behind it. */
static struct slice take_word(struct slice *s)
{
    struct slice word = word_at(*s);
    slice_skip(s, word.n);
    skip_spaces(s);
    return word;
}

/* "[7] node-1 corosync error   [TOTEM ] text" of Corosync. */
static bool corosync(struct slice *s, struct record *r)
{
    struct slice rest = *s, pid = SLICE_NONE;
    size_t taken, n = pair_at(rest, '[', ']', &pid);
    slice_skip(&rest, n);
    if (!n || !all_digits(pid) || !skip_spaces(&rest))
        return false;
    take_word(&rest);
    struct slice name = take_word(&rest);
    enum level level = lower_level(rest, &taken);
    slice_skip(&rest, taken);
    if (level == LEVEL_NONE || !skip_spaces(&rest) || !starts(rest, "["))
        return false;
    r->level = level;
    r->logger = name;
    r->procid = pid;
    *s = rest;
    return true;
}

/* "node-1 pacemaker-fenced    [7] (function)     error: text" of Pacemaker. */
static bool pacemaker(struct slice *s, struct record *r)
{
    struct slice rest = *s, pid = SLICE_NONE, function;
    take_word(&rest);
    const char *bracket = slice_chr(slice_sub(rest, 0, FRONT), '[');
    if (!bracket || bracket == rest.p)
        return false;
    struct slice name = slice_trim(slice_of(rest.p, (size_t)(bracket - rest.p)));
    slice_skip(&rest, (size_t)(bracket - rest.p));
    size_t taken, n = pair_at(rest, '[', ']', &pid);
    slice_skip(&rest, n);
    if (!n || !all_digits(pid) || slice_chr(name, ' ') || !skip_spaces(&rest))
        return false;
    slice_skip(&rest, pair_at(rest, '(', ')', &function));
    skip_spaces(&rest);
    enum level level = lower_level(rest, &taken);
    if (level == LEVEL_NONE || !starts(slice_from(rest, taken), ": "))
        return false;
    r->level = level;
    r->logger = name;
    r->procid = pid;
    *s = slice_from(rest, taken + 2);
    return true;
}

/* "modulemanager	error	text" of Prosody. */
static bool tabs(struct slice *s, struct record *r)
{
    struct slice name = word_at(*s), rest = slice_from(*s, name.n);
    size_t taken;
    if (!name.n || !starts(rest, "\t"))
        return false;
    slice_skip(&rest, 1);
    enum level level = lower_level(rest, &taken);
    if (level == LEVEL_NONE || !starts(slice_from(rest, taken), "\t"))
        return false;
    r->level = level;
    r->logger = name;
    *s = slice_from(rest, taken + 1);
    return true;
}

/* "27(2781) ERROR: text" of Kamailio, "0: (940): ERROR: text" of coturn: a number, and the process in parentheses. */
static bool numbered(struct slice *s, struct record *r)
{
    struct slice rest = *s, pid = SLICE_NONE;
    slice_skip(&rest, slice_span(slice_sub(rest, 0, NAME_MAX), ascii_digit));
    slice_skip(&rest, starts(rest, ": ") ? 2 : 0);
    size_t taken, n = pair_at(rest, '(', ')', &pid);
    slice_skip(&rest, n);
    slice_skip(&rest, starts(rest, ": ") ? 1 : 0);
    if (!n || !all_digits(pid) || !skip_spaces(&rest))
        return false;
    enum level level = text_level_at(rest, false, &taken);
    if (level == LEVEL_NONE || !taken || !ascii_capital(*rest.p) || !starts(slice_from(rest, taken), ": "))
        return false;
    r->level = level;
    r->procid = pid;
    *s = slice_from(rest, taken + 2);
    return true;
}

/* "<error> [1795428000.1234] text" of NetworkManager and ModemManager, as the carrier of which the time is. */
static bool angled(struct slice *s, struct record *r)
{
    struct slice inside = SLICE_NONE, rest = *s, time = SLICE_NONE;
    slice_skip(&rest, pair_at(rest, '<', '>', &inside));
    size_t taken;
    enum level level = lower_level(inside, &taken);
    if (level == LEVEL_NONE || taken != inside.n || !skip_spaces(&rest))
        return false;
    size_t n = pair_at(rest, '[', ']', &time);
    if (!n || !ascii_digit(*time.p) || !slice_chr(time, '.'))
        return false;
    slice_skip(&rest, n);
    skip_spaces(&rest);
    r->level = level;
    *s = rest;
    return true;
}

/* "critical/config: text" of Icinga: the level, and who speaks. */
static bool facility(struct slice *s, struct record *r)
{
    size_t taken;
    enum level level = lower_level(*s, &taken);
    struct slice rest = slice_from(*s, taken), name = word_at(rest);
    slice_skip(&rest, name.n);
    if (level == LEVEL_NONE || name.n < 3 || *name.p != '/' || name.p[name.n - 1] != ':' || !skip_spaces(&rest))
        return false;
    r->level = level;
    r->logger = slice_sub(name, 1, name.n - 1);
    *s = rest;
    return true;
}

static bool is_in_tag(char c)
{
    return ascii_alnum(c) || c == '_' || c == '-';
}

/* "#719(normal) <x8hq1k>; lua; text" of Rspamd, which writes no level: process, worker, what is worked at, and module.
 */
static bool rspamd(struct slice *s, struct record *r)
{
    struct slice rest = slice_from(*s, 1), worker = SLICE_NONE, tag = SLICE_NONE;
    struct slice pid = slice_sub(rest, 0, slice_span(slice_sub(rest, 0, NAME_MAX), ascii_digit));
    slice_skip(&rest, pid.n);
    size_t n = pid.n ? pair_at(rest, '(', ')', &worker) : 0;
    slice_skip(&rest, n);
    if (!n || !worker.n || slice_span(worker, is_in_tag) != worker.n || !skip_spaces(&rest))
        return false;
    struct slice behind = slice_from(rest, pair_at(rest, '<', '>', &tag));
    struct slice module = starts(behind, "; ") ? slice_from(behind, 2) : rest, text = module;
    module = slice_sub(module, 0, slice_span(slice_sub(module, 0, NAME_MAX), is_in_tag));
    slice_skip(&text, module.n);
    bool named = module.n && starts(text, "; ");
    r->procid = pid;
    r->logger = named ? module : worker;
    *s = named ? slice_from(text, 2) : rest;
    return true;
}

/* "1702  2395 E WindowManager: text" of Android's logcat: process, thread, level and tag. */
static bool logcat(struct slice *s, struct record *r)
{
    struct slice rest = *s, pid = slice_sub(rest, 0, slice_span(slice_sub(rest, 0, NAME_MAX), ascii_digit));
    slice_skip(&rest, pid.n);
    if (!skip_spaces(&rest))
        return false;
    struct slice tid = slice_sub(rest, 0, slice_span(slice_sub(rest, 0, NAME_MAX), ascii_digit));
    slice_skip(&rest, tid.n);
    if (!tid.n || !skip_spaces(&rest) || rest.n < 4 || !slice_chr(SLICE("VDIWEFA"), *rest.p) || rest.p[1] != ' ')
        return false;
    ptrdiff_t colon = slice_find(slice_sub(rest, 0, NAME_MAX), SLICE(": "));
    if (colon < 2)
        return false;
    char letter = *rest.p;
    r->level = letter == 'V' ? LEVEL_DEBUG : letter == 'A' ? LEVEL_FATAL : level_from_word(slice_of(&letter, 1));
    r->procid = pid;
    r->thread = tid;
    r->logger = slice_trim(slice_sub(rest, 2, (size_t)colon));
    *s = slice_from(rest, (size_t)colon + 2);
    return true;
}

/* "chrome.exe - text" and, of one of 64 bits, "chrome.exe *64 - text": a program of Windows. */
static bool windows_program(struct slice *s, struct record *r)
{
    struct slice name = word_at(*s), rest = slice_from(*s, name.n);
    if (!slice_ends(name, SLICE(".exe")))
        return false;
    slice_skip(&rest, starts(rest, " *64") ? strlen(" *64") : 0);
    if (!starts(rest, " - "))
        return false;
    *(r->untrusted ? &r->logger : &r->app) = name;
    *s = slice_from(rest, strlen(" - "));
    return true;
}

static bool is_in_name(char c)
{
    return ascii_alnum(c) || c == '_' || c == '.' || c == '-' || c == '$';
}

/* A column at the front that is a name or a number, of which none has been met yet; its bytes with the mark, or 0. */
static size_t column_at(struct slice s, char mark, struct slice *name, struct slice *number)
{
    struct slice rest = slice_sub(s, 0, NAME_MAX), word = slice_split(&rest, mark);
    size_t n = word.n + 1;
    word = slice_trim(word);
    if (!rest.p || !word.n || slice_span(word, is_in_name) != word.n)
        return 0;
    struct slice *column = all_digits(word) ? number : ascii_alpha(*word.p) ? name : NULL;
    if (!column || column->n)
        return 0;
    *column = word;
    return n;
}

/* "|Step_LSC|30002312|text", "Step_LSC<TAB>30002312<TAB>text": who speaks and its process, in any order. With tabs,
 * which stand in texts too, both. */
static bool name_and_number(struct slice *s, struct record *r)
{
    struct slice name = SLICE_NONE, number = SLICE_NONE, rest = *s;
    char mark = *s->p == '|' ? '|' : '\t';
    slice_skip(&rest, mark == '|');
    for (size_t n; (n = column_at(rest, mark, &name, &number));)
        slice_skip(&rest, n);
    if (!name.n || (mark == '\t' && !number.n) || !slice_trim(rest).n)
        return false;
    r->logger = name;
    r->procid = number.n ? number : r->procid;
    skip_spaces(&rest);
    *s = rest;
    return true;
}

/* Asked for every line without a level: the first byte leaves most of them out. */
bool text_columns(struct slice *s, bool stamped, struct record *r)
{
    if (!s->n)
        return false;
    if (ascii_digit(*s->p))
        return (stamped && (logcat(s, r) || windows_program(s, r))) || numbered(s, r);
    if (*s->p == '<')
        return angled(s, r);
    if (!stamped)
        return false;
    if (*s->p == '#')
        return rspamd(s, r);
    if (*s->p == '[')
        return corosync(s, r);
    if (*s->p == '|')
        return name_and_number(s, r);
    return facility(s, r) || tabs(s, r) || pacemaker(s, r) || windows_program(s, r) || name_and_number(s, r);
}
