/* scrub_command: secrets told by their place and not by a name beside them: arguments of known programs, columns of SQL. Part of scrub. */
#include "core/scrub_impl.h"

enum argument {
    ARG_NEXT,     /* -p x, "-p", "x" */
    ARG_ATTACHED, /* -px */
    ARG_EITHER,
    ARG_LOGIN,    /* -u user:x, also attached */
    ARG_PERCENT,  /* -U user%x */
    ARG_PASS,     /* -passin pass:x */
};

static const struct program {
    const char *name, *option;
    enum argument argument;
    const char *verb; /* must stand between them */
} programs[] = {
    {"mysql", "-p", ARG_ATTACHED, NULL}, {"mysqldump", "-p", ARG_ATTACHED, NULL}, {"mysqladmin", "-p", ARG_ATTACHED, NULL}, {"mysqlimport", "-p", ARG_ATTACHED, NULL},
    {"mysqlcheck", "-p", ARG_ATTACHED, NULL}, {"mysqlbinlog", "-p", ARG_ATTACHED, NULL}, {"mariadb", "-p", ARG_ATTACHED, NULL}, {"mariadb-dump", "-p", ARG_ATTACHED, NULL},
    {"mariadb-admin", "-p", ARG_ATTACHED, NULL}, {"xtrabackup", "-p", ARG_ATTACHED, NULL}, {"mydumper", "-p", ARG_EITHER, NULL}, {"curl", "-u", ARG_LOGIN, NULL}, {"curl", "--user", ARG_LOGIN, NULL},
    {"curl", "-U", ARG_LOGIN, NULL}, {"curl", "--proxy-user", ARG_LOGIN, NULL}, {"wget", "--http-passwd", ARG_NEXT, NULL}, {"http", "-a", ARG_LOGIN, NULL}, {"https", "-a", ARG_LOGIN, NULL},
    {"sshpass", "-p", ARG_EITHER, NULL}, {"redis-cli", "-a", ARG_NEXT, NULL}, {"valkey-cli", "-a", ARG_NEXT, NULL}, {"mongo", "-p", ARG_EITHER, NULL}, {"mongosh", "-p", ARG_EITHER, NULL},
    {"mongodump", "-p", ARG_EITHER, NULL}, {"mongorestore", "-p", ARG_EITHER, NULL}, {"mongoexport", "-p", ARG_EITHER, NULL}, {"ldapsearch", "-w", ARG_EITHER, NULL},
    {"ldapmodify", "-w", ARG_EITHER, NULL}, {"ldapadd", "-w", ARG_EITHER, NULL}, {"ldapdelete", "-w", ARG_EITHER, NULL}, {"ldapwhoami", "-w", ARG_EITHER, NULL},
    {"smbclient", "-U", ARG_PERCENT, NULL}, {"rpcclient", "-U", ARG_PERCENT, NULL}, {"docker", "-p", ARG_NEXT, "login"}, {"podman", "-p", ARG_NEXT, "login"}, {"helm", "-p", ARG_NEXT, "login"},
    {"az", "-p", ARG_NEXT, "login"}, {"oc", "-p", ARG_NEXT, "login"}, {"zip", "-P", ARG_EITHER, NULL}, {"unzip", "-P", ARG_EITHER, NULL}, {"7z", "-p", ARG_ATTACHED, NULL}, {"7za", "-p", ARG_ATTACHED, NULL},
    {"rar", "-hp", ARG_ATTACHED, NULL}, {"rar", "-p", ARG_ATTACHED, NULL}, {"unrar", "-p", ARG_ATTACHED, NULL}, {"sqlcmd", "-P", ARG_EITHER, NULL}, {"bcp", "-P", ARG_EITHER, NULL},
    {"isql", "-P", ARG_EITHER, NULL}, {"tsql", "-P", ARG_NEXT, NULL}, {"mosquitto_pub", "-P", ARG_NEXT, NULL}, {"mosquitto_sub", "-P", ARG_NEXT, NULL}, {"snmpwalk", "-A", ARG_NEXT, NULL},
    {"snmpwalk", "-X", ARG_NEXT, NULL}, {"snmpget", "-A", ARG_NEXT, NULL}, {"snmpget", "-X", ARG_NEXT, NULL}, {"snmpwalk", "-c", ARG_NEXT, NULL}, {"snmpget", "-c", ARG_NEXT, NULL},
    {"useradd", "-p", ARG_NEXT, NULL}, {"usermod", "-p", ARG_NEXT, NULL}, {"ipmitool", "-P", ARG_NEXT, NULL}, {"xfreerdp", "-p", ARG_NEXT, NULL}, {"rdesktop", "-p", ARG_NEXT, NULL},
    {"openssl", "-passin", ARG_PASS, NULL}, {"openssl", "-passout", ARG_PASS, NULL}, {"openssl", "-pass", ARG_PASS, NULL}, {"openssl", "-k", ARG_NEXT, NULL},
    {"lftp", "-u", ARG_LOGIN, NULL}, {"influx", "-t", ARG_NEXT, NULL}, {"vault", "-p", ARG_NEXT, "login"}, {"cqlsh", "-p", ARG_EITHER, NULL},
};

enum { N_PROGRAMS = sizeof programs / sizeof *programs, COMMAND_MAX = 1024, COLUMNS_MAX = 64, COLUMN_LIST_MAX = 4096 };

void programs_init(struct scrub *s)
{
    _Static_assert((int)N_PROGRAMS <= (int)PROGRAMS_MAX, "numbers fit");
    for (unsigned i = N_PROGRAMS; i-- > 0;) { /* so that the first in the table is the first that is looked at */
        unsigned char *first = &s->program_first[two_bytes(programs[i].name)];
        s->program_next[i] = *first;
        *first = (unsigned char)(i + 1);
    }
}

void program_seen(struct walk *w, size_t start, size_t end)
{
    struct slice name = slice_sub(w->t, start, end);
    unsigned n = name.n < 2 ? 0 : w->s->program_first[two_bytes(name.p)];
    if (!n || (end < w->t.n && !one_of(w->t.p[end], " \"',\\\t")))
        return;
    for (; n; n = w->s->program_next[n - 1])
        if (slice_is(name, programs[n - 1].name)) {
            w->program = &programs[n - 1];
            w->program_from = end;
            w->program_until = end + COMMAND_MAX;
            return;
        }
}

/* Behind an option: spaces, or what lies between two elements of a list. */
static size_t next_argument(struct slice t, size_t i)
{
    size_t from = i;
    struct quote q = value_quote_at(t, i);
    i += q.n;
    if (q.n && i < t.n && t.p[i] == ',')
        i++;
    while (i < t.n && i - from < 64 && one_of(t.p[i], " \t"))
        i++;
    return i;
}

static void argument_range(const struct walk *w, size_t at, size_t *from, size_t *end)
{
    struct quote q = value_quote_at(w->t, at);
    size_t behind;
    *from = at + q.n;
    *end = q.n ? value_quoted_end(w->t, *from, q, &behind) : value_bare_end(w, at, 0, false);
}

static bool take_argument(struct walk *w, const struct program *p, size_t at)
{
    size_t from, end;
    argument_range(w, at, &from, &end);
    char split = p->argument == ARG_LOGIN ? ':' : p->argument == ARG_PERCENT ? '%' : 0;
    if (p->argument == ARG_PASS && !slice_starts(slice_sub(w->t, from, end), SLICE("pass:")))
        return false;
    from += p->argument == ARG_PASS ? 5 : 0;
    if (split) {
        const char *sign = slice_chr(slice_sub(w->t, from, end), split);
        if (!sign)
            return false;
        from = (size_t)(sign - w->t.p) + 1;
    }
    struct slice v = slice_sub(w->t, from, end);
    if (!v.n || v.p[0] == '-' || !value_is_worth(w, v, false))
        return false;
    walk_take(w, from, end);
    return true;
}

static bool option_of(struct walk *w, const struct program *p)
{
    size_t i = w->i + strlen(p->option);
    if (!slice_starts(slice_from(w->t, w->i), slice_str(p->option)) || i >= w->t.n)
        return false;
    size_t next = next_argument(w->t, i);
    if (next > i)
        return p->argument != ARG_ATTACHED && next < w->t.n && take_argument(w, p, next);
    if (w->t.p[i] == '=')
        return take_argument(w, p, i + 1);
    return p->argument != ARG_NEXT && p->option[1] != '-' && take_argument(w, p, i);
}

bool option_at(struct walk *w)
{
    if (!w->program || w->i >= w->program_until || !one_of(walk_before(w, w->i), " \"'\t"))
        return false;
    for (const struct program *p = w->program; p < programs + N_PROGRAMS && strcmp(p->name, w->program->name) == 0; p++)
        if ((!p->verb || slice_find(slice_sub(w->t, w->program_from, w->i), slice_str(p->verb)) >= 0) && option_of(w, p))
            return true;
    return false;
}

/* --- columns --- */

static size_t spaces_end(struct slice t, size_t i)
{
    while (i < t.n && ascii_space(t.p[i]))
        i++;
    return i;
}

/* The names in "(a, b, c)" at i: which of them are secret; returns the place behind, i when it is no such list. */
static size_t read_columns(const struct walk *w, size_t i, uint64_t *secret)
{
    size_t from = i + 1;
    if (i >= w->t.n || w->t.p[i] != '(')
        return i;
    *secret = 0;
    for (size_t at = from, column = 0; at < w->t.n && at - i < COLUMN_LIST_MAX; at++) {
        char c = w->t.p[at];
        if (c != ',' && c != ')')
            continue;
        enum name_kind kind = names_field(&w->s->names, slice_sub(w->t, from, at)).kind;
        if (column < COLUMNS_MAX && kind != NAME_NONE && kind < NAME_ADDRESS && kind != NAME_QUERY)
            *secret |= UINT64_C(1) << column;
        column++;
        from = at + 1;
        if (c == ')')
            return at + 1;
    }
    return i;
}

/* One value of a row: to the next ',' or ')' outside of quotes and brackets. */
static size_t value_end(struct slice t, size_t i)
{
    unsigned depth = 0;
    while (i < t.n) {
        struct quote q = value_quote_at(t, i);
        if (q.n) {
            value_quoted_end(t, i + q.n, q, &i);
            continue;
        }
        char c = t.p[i];
        if (!depth && (c == ',' || c == ')'))
            return i;
        depth += c == '(';
        depth -= c == ')';
        i++;
    }
    return i;
}

static void take_value(struct walk *w, size_t from, size_t end)
{
    from = spaces_end(w->t, from);
    while (end > from && ascii_space(w->t.p[end - 1]))
        end--;
    struct quote q = value_quote_at(w->t, from);
    if (q.n) {
        size_t behind;
        from += q.n;
        end = value_quoted_end(w->t, from, q, &behind);
    }
    if (end > from && value_is_worth(w, slice_sub(w->t, from, end), false))
        walk_take(w, from, end);
}

/* The rows "(…), (…)" at i; returns the place behind. */
static size_t take_rows(struct walk *w, size_t i, uint64_t secret)
{
    while (i < w->t.n && w->t.p[i] == '(') {
        size_t at = i + 1;
        for (unsigned column = 0; at < w->t.n; column++) {
            size_t end = value_end(w->t, at);
            if (column < COLUMNS_MAX && secret >> column & 1)
                take_value(w, at, end);
            else
                walk_part(w, at > w->done ? at : w->done, end);
            at = end + 1;
            if (end >= w->t.n || w->t.p[end] == ')')
                break;
        }
        i = spaces_end(w->t, at < w->t.n ? at : w->t.n);
        if (i < w->t.n && w->t.p[i] == ',')
            i = spaces_end(w->t, i + 1);
    }
    return i;
}

/* INSERT INTO t (a, password) VALUES (1, 'x'); DETAIL: Key (email, token)=(a, b) already exists. */
bool columns_at(struct walk *w, size_t end)
{
    size_t i = end, stop = end + 256 < w->t.n ? end + 256 : w->t.n;
    uint64_t secret;
    while (i < stop && w->t.p[i] != '(' && !one_of(w->t.p[i], ";\n)"))
        i++;
    size_t behind = i < stop ? read_columns(w, i, &secret) : i;
    if (behind == i || !secret || w->in_rows)
        return false;
    i = spaces_end(w->t, behind);
    struct slice rest = slice_from(w->t, i);
    if (slice_istarts(rest, SLICE("VALUES")))
        i = spaces_end(w->t, i + 6);
    else if (slice_starts(rest, SLICE("=")))
        i++;
    else
        return false;
    w->in_rows = true;
    w->i = take_rows(w, i, secret);
    w->in_rows = false;
    return true;
}
