#include "parsers/text_postgresql.h"

#include "parsers/text_parts.h"

enum { PREFIX_MAX = 320, LOOKS_MAX = 4 };

/* Other languages write it in UTF-8. */
static bool is_in_severity(char c)
{
    return ascii_capital(c) || ascii_digit(c) || (unsigned char)c >= 0x80;
}

/* Its severities in English, then as its own translations have them; the number of DEBUG is looked for apart. */
static const struct severity {
    const char *word;
    enum level level;
} severities[] = {
    {"PANIC", LEVEL_FATAL},
    {"FATAL", LEVEL_FATAL},
    {"ERROR", LEVEL_ERROR},
    {"WARNING", LEVEL_WARNING},
    {"LOG", LEVEL_INFO},
    {"NOTICE", LEVEL_INFO},
    {"INFO", LEVEL_INFO},
    {"DEBUG", LEVEL_DEBUG},
    /* German, Swedish */
    {"PANIK", LEVEL_FATAL},
    {"FEHLER", LEVEL_ERROR},
    {"WARNUNG", LEVEL_WARNING},
    {"HINWEIS", LEVEL_INFO},
    {"FATALT", LEVEL_FATAL},
    {"FEL", LEVEL_ERROR},
    {"VARNING", LEVEL_WARNING},
    {"NOTIS", LEVEL_INFO},
    {"LOGG", LEVEL_INFO},
    /* French, Spanish, Italian, Portuguese */
    {"ERREUR", LEVEL_ERROR},
    {"ATTENTION", LEVEL_WARNING},
    {"ADVERTENCIA", LEVEL_WARNING},
    {"PANICO", LEVEL_FATAL},
    {"FATALE", LEVEL_FATAL},
    {"ERRORE", LEVEL_ERROR},
    {"ATTENZIONE", LEVEL_WARNING},
    {"NOTIFICA", LEVEL_INFO},
    {"PÂNICO", LEVEL_FATAL},
    {"ERRO", LEVEL_ERROR},
    {"AVISO", LEVEL_WARNING},
    {"NOTA", LEVEL_INFO},
    {"DEPURAÇÃO", LEVEL_DEBUG},
    /* Russian, Ukrainian */
    {"ПАНИКА", LEVEL_FATAL},
    {"ВАЖНО", LEVEL_FATAL},
    {"ОШИБКА", LEVEL_ERROR},
    {"ПРЕДУПРЕЖДЕНИЕ", LEVEL_WARNING},
    {"ЗАМЕЧАНИЕ", LEVEL_INFO},
    {"ИНФОРМАЦИЯ", LEVEL_INFO},
    {"СООБЩЕНИЕ", LEVEL_INFO},
    {"ОТЛАДКА", LEVEL_DEBUG},
    {"ПАНІКА", LEVEL_FATAL},
    {"ФАТАЛЬНО", LEVEL_FATAL},
    {"ПОМИЛКА", LEVEL_ERROR},
    {"ПОПЕРЕДЖЕННЯ", LEVEL_WARNING},
    {"ПОВІДОМЛЕННЯ", LEVEL_INFO},
    {"ІНФОРМАЦІЯ", LEVEL_INFO},
    {"ЗАПИСУВАННЯ", LEVEL_INFO},
    {"НАЛАГОДЖЕННЯ", LEVEL_DEBUG},
    /* Chinese, Korean, Japanese to 10, Georgian */
    {"比致命错误还过分的错误", LEVEL_FATAL},
    {"致命错误", LEVEL_FATAL},
    {"错误", LEVEL_ERROR},
    {"警告", LEVEL_WARNING},
    {"注意", LEVEL_INFO},
    {"信息", LEVEL_INFO},
    {"日志", LEVEL_INFO},
    {"调试", LEVEL_DEBUG},
    {"손상", LEVEL_FATAL},
    {"치명적오류", LEVEL_FATAL},
    {"오류", LEVEL_ERROR},
    {"경고", LEVEL_WARNING},
    {"알림", LEVEL_INFO},
    {"정보", LEVEL_INFO},
    {"로그", LEVEL_INFO},
    {"디버그", LEVEL_DEBUG},
    {"パニック", LEVEL_FATAL},
    {"致命的エラー", LEVEL_FATAL},
    {"エラー", LEVEL_ERROR},
    {"პანიკა", LEVEL_FATAL},
    {"ფატალური", LEVEL_FATAL},
    {"შეცდომა", LEVEL_ERROR},
    {"გაფრთხილება", LEVEL_WARNING},
    {"ინფორმაცია", LEVEL_INFO},
    {"ჟურნალი", LEVEL_INFO},
    {"გამართვა", LEVEL_DEBUG},
};

static enum level severity_of(struct slice word)
{
    if (slice_starts(word, SLICE("DEBUG")) && word.n == 6 && ascii_digit(word.p[5]))
        return LEVEL_DEBUG;
    for (size_t i = 0; i < sizeof severities / sizeof *severities; i++)
        if (slice_is(word, severities[i].word))
            return severities[i].level;
    return LEVEL_NONE;
}

/* What the words of a prefix have and those of a sentence have not; *names: a user and a database, or a pair. */
static bool is_in_prefix(struct slice word, bool *names)
{
    enum { SMALL = 1, SIGN = 2, NAME = 4, QUOTE = 8 };
    static const unsigned char kinds[256] = {
        ['a' ... 'z'] = SMALL, ['0' ... '9'] = SIGN, ['_'] = SIGN,   ['='] = NAME,
        ['@'] = NAME,          ['"'] = QUOTE,        ['\''] = QUOTE, ['\\'] = QUOTE};
    unsigned all = 0;
    for (size_t i = 0; i < word.n; i++)
        all |= kinds[(unsigned char)word.p[i]];
    bool bracketed = word.n && *word.p == '[' && word.p[word.n - 1] == ']';
    *names = *names || all & NAME;
    return !(all & QUOTE) && (!(all & SMALL) || all & SIGN || bracketed || *names);
}

/* What log_line_prefix makes: numbers, capitals, signs, and behind "user@database" or a pair also the words of an
 * application's name. In any other line the server's words may be a client's. */
static bool is_prefix(struct slice before)
{
    bool names = false;
    while (before.n)
        if (!is_in_prefix(slice_split(&before, ' '), &names))
            return false;
    return true;
}

/* The process in brackets, "[7]" or "[7-1]", that a prefix has. */
static struct slice process_in(struct slice prefix)
{
    struct slice pid = SLICE_NONE;
    for (const char *p; (p = slice_chr(prefix, '['));) {
        slice_skip(&prefix, (size_t)(p - prefix.p) + 1);
        pid = slice_sub(prefix, 0, slice_span(prefix, ascii_digit));
        char next = pid.n < prefix.n ? prefix.p[pid.n] : ' ';
        if (pid.n && (next == ']' || next == '-'))
            return pid;
    }
    return SLICE_NONE;
}

/* The severity that ends at the colon there, as the server writes one behind any log_line_prefix; *begin: where. */
static enum level severity_before(struct slice s, size_t colon, size_t *begin)
{
    size_t from = colon;
    while (from && is_in_severity(s.p[from - 1]))
        from--;
    *begin = from;
    enum level level = severity_of(slice_sub(s, from, colon));
    bool apart = !from || (!ascii_alnum(s.p[from - 1]) && s.p[from - 1] != '.' && s.p[from - 1] != '_');
    return level != LEVEL_NONE && apart && is_prefix(slice_sub(s, 0, from)) ? level : LEVEL_NONE;
}

/* "ANYTHING ERROR:  text": two blanks follow in no other program's line. */
bool text_postgresql(struct slice *s, struct record *r)
{
    struct slice front = slice_sub(*s, 0, PREFIX_MAX);
    size_t at = 0;
    for (int i = 0; i < LOOKS_MAX; i++) {
        ptrdiff_t found = slice_find(slice_from(front, at), SLICE(":  "));
        if (found < 0)
            return false;
        size_t colon = at + (size_t)found, begin;
        enum level level = severity_before(front, colon, &begin);
        at = colon + 3;
        if (level == LEVEL_NONE || at >= s->n || s->p[at] == ' ')
            continue;
        r->level = level;
        if (!r->procid.n)
            r->procid = process_in(slice_sub(front, 0, begin));
        slice_skip(s, at);
        return true;
    }
    return false;
}

/* --- who asked --- */

static bool is_between(char c)
{
    return c == ' ' || c == ',' || c == ':' || c == '[' || c == ']' || c == '<' || c == '>' || c == '(' || c == ')';
}

static bool is_in_name(char c)
{
    return ascii_alnum(c) || c == '_' || c == '-' || c == '.' || (unsigned char)c >= 0x80;
}

static bool is_name(struct slice s)
{
    return s.n && slice_span(s, is_in_name) == s.n;
}

static void put_once(struct record *r, const char *name, struct slice value)
{
    if (is_name(value) && !record_value(r, name).n)
        record_add(r, slice_str(name), value, FIELD_STRING);
}

/* "user@database", or one of the pairs that pgBadger asks for. */
static void take_name(struct slice word, struct record *r)
{
    struct slice rest = word, user = slice_split(&rest, '@');
    if (is_name(user) && is_name(rest)) {
        put_once(r, "db.user", user);
        put_once(r, "db.name", rest);
        return;
    }
    rest = word;
    struct slice key = slice_split(&rest, '=');
    if (slice_is(key, "user") || slice_is(key, "u"))
        put_once(r, "db.user", rest);
    else if (slice_is(key, "db") || slice_is(key, "d") || slice_is(key, "database"))
        put_once(r, "db.name", rest);
}

void text_postgresql_who(struct slice prefix, struct record *r)
{
    prefix = slice_sub(prefix, 0, PREFIX_MAX);
    if (r->level < LEVEL_WARNING || !slice_ends(prefix, SLICE(":  ")))
        return;
    while (prefix.n) {
        size_t n = 0;
        while (n < prefix.n && !is_between(prefix.p[n]))
            n++;
        take_name(slice_sub(prefix, 0, n), r);
        slice_skip(&prefix, n + (n < prefix.n));
    }
}

/* --- csvlog --- */

/* Its columns behind the time, as far as they are wanted. */
enum {
    CSV_USER,
    CSV_DATABASE,
    CSV_PID,
    CSV_FROM,
    CSV_SESSION,
    CSV_SEVERITY = 10,
    CSV_STATE,
    CSV_MESSAGE,
    CSV_DETAIL,
    CSV_HINT,
    CSV_QUERY,
    CSV_CONTEXT = 17,
    CSV_STATEMENT,
    CSV_APPLICATION = 21,
    CSV_COLUMNS,
    CSV_NEEDED = CSV_MESSAGE + 1
};

/* Two quotes inside stand for one. */
static struct slice csv_unescaped(struct arena *a, struct slice inside)
{
    if (slice_find(inside, SLICE("\"\"")) < 0)
        return inside;
    char *p = arena_alloc(a, inside.n);
    size_t n = 0;
    for (size_t i = 0; i < inside.n; i++) {
        p[n++] = inside.p[i];
        i += inside.p[i] == '"';
    }
    return slice_of(p, n);
}

/* The column at the front, behind its comma. One whose quote does not end was cut. */
static struct slice csv_column(struct arena *a, struct slice *s)
{
    if (!starts(*s, "\""))
        return slice_split(s, ',');
    size_t end = 1;
    while (end < s->n && (s->p[end] != '"' || (end + 1 < s->n && s->p[end + 1] == '"')))
        end += s->p[end] == '"' ? 2 : 1;
    struct slice inside = slice_sub(*s, 1, end);
    slice_skip(s, end + 1 < s->n ? end + 1 : s->n);
    slice_skip(s, starts(*s, ","));
    return csv_unescaped(a, inside);
}

/* "5ec9e4c1.848f" */
static bool is_session(struct slice s)
{
    struct slice rest = s, begin = slice_split(&rest, '.');
    return begin.n && rest.n && slice_span(begin, ascii_hex) == begin.n && slice_span(rest, ascii_hex) == rest.n;
}

static __attribute__((noinline)) bool csv_record(struct arena *a, struct slice *s, struct record *r)
{
    static const struct {
        unsigned column;
        const char *name;
    } fields[] = {{CSV_USER, "db.user"},        {CSV_DATABASE, "db.name"},
                  {CSV_FROM, "client"},         {CSV_STATE, "state_code"},
                  {CSV_DETAIL, "detail"},       {CSV_HINT, "hint"},
                  {CSV_QUERY, "query"},         {CSV_CONTEXT, "context"},
                  {CSV_STATEMENT, "statement"}, {CSV_APPLICATION, "application_name"}};
    struct slice columns[CSV_COLUMNS] = {{0}}, rest = *s;
    unsigned n = 0;
    for (slice_skip(&rest, 1); n < CSV_COLUMNS && rest.n; n++) {
        columns[n] = csv_column(a, &rest);
        if (n == CSV_SESSION && (!is_session(columns[n]) || !all_digits(columns[CSV_PID])))
            return false;
    }
    enum level level = n >= CSV_NEEDED ? severity_of(columns[CSV_SEVERITY]) : LEVEL_NONE;
    if (level == LEVEL_NONE)
        return false;
    r->level = level;
    r->procid = columns[CSV_PID];
    *s = columns[CSV_MESSAGE];
    for (size_t i = 0; level >= LEVEL_WARNING && i < sizeof fields / sizeof *fields; i++)
        if (columns[fields[i].column].n)
            record_add(r, slice_str(fields[i].name), columns[fields[i].column], FIELD_STRING);
    return true;
}

/* Asked for every line of text. */
bool text_postgresql_csv_begins(struct slice line)
{
    static const char form[] = "dddd-dd-dd dd:dd:dd.ddd ";
    enum { ZONE_MAX = 40 };
    if (line.n <= sizeof form || line.p[4] != '-' || line.p[10] != ' ' || line.p[19] != '.')
        return false;
    for (size_t i = 0; i < sizeof form - 1; i++)
        if (form[i] == 'd' ? !ascii_digit(line.p[i]) : line.p[i] != form[i])
            return false;
    struct slice rest = slice_from(slice_sub(line, 0, sizeof form + ZONE_MAX), sizeof form - 1);
    slice_split(&rest, ',');
    return starts(rest, "\"") || starts(rest, ",");
}

/* Asked for every line with a time. */
bool text_postgresql_csv(struct arena *a, struct slice *s, struct record *r)
{
    return (starts(*s, ",\"") || starts(*s, ",,")) && csv_record(a, s, r);
}
