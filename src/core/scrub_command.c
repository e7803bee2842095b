/* scrub_command: secrets told by their place and not by a name beside them: arguments of programs, of commands of
 * protocols. Part of scrub. */
#include "core/scrub_impl.h"

enum argument {
    ARG_NEXT,     /* -p x, "-p", "x" */
    ARG_ATTACHED, /* -px */
    ARG_EITHER,
    ARG_LOGIN,   /* -u user:x, also attached */
    ARG_PERCENT, /* -U user%x */
    ARG_PASS,    /* -passin pass:x */
};

static const struct program {
    const char *name, *option;
    enum argument argument;
    const char *verb; /* must stand between them */
} programs[] = {
    {"mysql", "-p", ARG_ATTACHED, NULL},
    {"mysqldump", "-p", ARG_ATTACHED, NULL},
    {"mysqladmin", "-p", ARG_ATTACHED, NULL},
    {"mysqlimport", "-p", ARG_ATTACHED, NULL},
    {"mysqlcheck", "-p", ARG_ATTACHED, NULL},
    {"mysqlbinlog", "-p", ARG_ATTACHED, NULL},
    {"mariadb", "-p", ARG_ATTACHED, NULL},
    {"mariadb-dump", "-p", ARG_ATTACHED, NULL},
    {"mariadb-admin", "-p", ARG_ATTACHED, NULL},
    {"xtrabackup", "-p", ARG_ATTACHED, NULL},
    {"mydumper", "-p", ARG_EITHER, NULL},
    {"curl", "-u", ARG_LOGIN, NULL},
    {"curl", "--user", ARG_LOGIN, NULL},
    {"curl", "-U", ARG_LOGIN, NULL},
    {"curl", "--proxy-user", ARG_LOGIN, NULL},
    {"wget", "--http-passwd", ARG_NEXT, NULL},
    {"http", "-a", ARG_LOGIN, NULL},
    {"https", "-a", ARG_LOGIN, NULL},
    {"sshpass", "-p", ARG_EITHER, NULL},
    {"redis-cli", "-a", ARG_NEXT, NULL},
    {"valkey-cli", "-a", ARG_NEXT, NULL},
    {"mongo", "-p", ARG_EITHER, NULL},
    {"mongosh", "-p", ARG_EITHER, NULL},
    {"mongodump", "-p", ARG_EITHER, NULL},
    {"mongorestore", "-p", ARG_EITHER, NULL},
    {"mongoexport", "-p", ARG_EITHER, NULL},
    {"ldapsearch", "-w", ARG_EITHER, NULL},
    {"ldapmodify", "-w", ARG_EITHER, NULL},
    {"ldapadd", "-w", ARG_EITHER, NULL},
    {"ldapdelete", "-w", ARG_EITHER, NULL},
    {"ldapwhoami", "-w", ARG_EITHER, NULL},
    {"smbclient", "-U", ARG_PERCENT, NULL},
    {"rpcclient", "-U", ARG_PERCENT, NULL},
    {"docker", "-p", ARG_NEXT, "login"},
    {"podman", "-p", ARG_NEXT, "login"},
    {"helm", "-p", ARG_NEXT, "login"},
    {"az", "-p", ARG_NEXT, "login"},
    {"oc", "-p", ARG_NEXT, "login"},
    {"zip", "-P", ARG_EITHER, NULL},
    {"unzip", "-P", ARG_EITHER, NULL},
    {"7z", "-p", ARG_ATTACHED, NULL},
    {"7za", "-p", ARG_ATTACHED, NULL},
    {"rar", "-hp", ARG_ATTACHED, NULL},
    {"rar", "-p", ARG_ATTACHED, NULL},
    {"unrar", "-p", ARG_ATTACHED, NULL},
    {"sqlcmd", "-P", ARG_EITHER, NULL},
    {"bcp", "-P", ARG_EITHER, NULL},
    {"isql", "-P", ARG_EITHER, NULL},
    {"tsql", "-P", ARG_NEXT, NULL},
    {"mosquitto_pub", "-P", ARG_NEXT, NULL},
    {"mosquitto_sub", "-P", ARG_NEXT, NULL},
    {"snmpwalk", "-A", ARG_NEXT, NULL},
    {"snmpwalk", "-X", ARG_NEXT, NULL},
    {"snmpget", "-A", ARG_NEXT, NULL},
    {"snmpget", "-X", ARG_NEXT, NULL},
    {"snmpwalk", "-c", ARG_NEXT, NULL},
    {"snmpget", "-c", ARG_NEXT, NULL},
    {"useradd", "-p", ARG_NEXT, NULL},
    {"usermod", "-p", ARG_NEXT, NULL},
    {"ipmitool", "-P", ARG_NEXT, NULL},
    {"xfreerdp", "-p", ARG_NEXT, NULL},
    {"rdesktop", "-p", ARG_NEXT, NULL},
    {"openssl", "-passin", ARG_PASS, NULL},
    {"openssl", "-passout", ARG_PASS, NULL},
    {"openssl", "-pass", ARG_PASS, NULL},
    {"openssl", "-k", ARG_NEXT, NULL},
    {"lftp", "-u", ARG_LOGIN, NULL},
    {"influx", "-t", ARG_NEXT, NULL},
    {"vault", "-p", ARG_NEXT, "login"},
    {"cqlsh", "-p", ARG_EITHER, NULL},
};

enum { N_PROGRAMS = sizeof programs / sizeof *programs, COMMAND_MAX = 1024, PIPED_MAX = 256, LOOK_MAX = 512 };

void programs_init(struct scrub *s)
{
    _Static_assert((int)N_PROGRAMS <= (int)PROGRAMS_MAX, "numbers fit");
    for (unsigned i = N_PROGRAMS; i-- > 0;) { /* so that the first in the table is the first that is looked at */
        unsigned char *first = &s->program_first[two_bytes(programs[i].name)];
        s->program_next[i] = *first;
        *first = (unsigned char)(i + 1);
    }
}

void program_seen(struct scrub_walk *w, size_t start, size_t end)
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

static void argument_range(const struct scrub_walk *w, size_t at, size_t *from, size_t *end)
{
    struct quote q = value_quote_at(w->t, at);
    size_t behind;
    *from = at + q.n;
    *end = q.n ? value_quoted_end(w->t, *from, q, &behind) : value_bare_end(w, at, 0, false);
}

/* Where the secret begins in an argument [from, end): behind the sign of a login, behind "pass:". end: there is none.
 */
static size_t secret_start(struct slice t, size_t from, size_t end, enum argument argument)
{
    char split = argument == ARG_LOGIN ? ':' : argument == ARG_PERCENT ? '%' : 0;
    struct slice v = slice_sub(t, from, end);
    if (argument == ARG_PASS)
        return slice_starts(v, SLICE("pass:")) ? from + 5 : end;
    const char *sign = split ? slice_chr(v, split) : NULL;
    if (sign)
        return (size_t)(sign - t.p) + 1;
    return split ? end : from;
}

static bool take_argument(struct scrub_walk *w, const struct program *p, size_t at)
{
    size_t from, end;
    argument_range(w, at, &from, &end);
    from = secret_start(w->t, from, end, p->argument);
    struct slice v = slice_sub(w->t, from, end);
    if (!v.n || v.p[0] == '-' || !value_is_worth(w, v, false))
        return false;
    scrub_walk_take(w, from, end);
    return true;
}

static bool option_of(struct scrub_walk *w, const struct program *p)
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

bool option_at(struct scrub_walk *w)
{
    if (!w->program || w->i >= w->program_until || !one_of(scrub_walk_before(w, w->i), " \"'\t"))
        return false;
    for (const struct program *p = w->program; p < programs + N_PROGRAMS && strcmp(p->name, w->program->name) == 0; p++)
        if ((!p->verb || slice_find(slice_sub(w->t, w->program_from, w->i), slice_str(p->verb)) >= 0) &&
            option_of(w, p))
            return true;
    return false;
}

/* --- commands of protocols --- */

/* Which arguments are secret: a001 LOGIN user X; AUTH X, AUTH user X; IDENTIFY X; OPER user X. */
static const struct verb {
    const char *name;
    unsigned least, most;
} verbs[] = {{"LOGIN", 2, 2}, {"AUTH", 1, 2}, {"IDENTIFY", 1, 2}, {"OPER", 2, 2}};

enum { VERB_VALUE_MIN = 6 };

static const struct verb *find_verb(struct slice word)
{
    for (unsigned i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (slice_is(word, verbs[i].name))
            return &verbs[i];
    return NULL;
}

/* A word of a log may be written like the command, so what is not in quotes must look made. */
static bool is_protocol_secret(const struct scrub_walk *w, const struct verb *verb, struct slice v, bool quoted)
{
    if (value_is_mark(v))
        return false;
    return quoted && verb->least > 1 ? !value_is_statement(w, v) : looks_random(v, VERB_VALUE_MIN);
}

/* The next argument of a command of a protocol, [from, end), behind `at`. False: there is none, or the quote there
 * closes what is around. */
static bool protocol_argument(const struct scrub_walk *w, size_t at, bool quoted, size_t *from, size_t *end)
{
    size_t next = next_argument(w->t, at);
    if (next == at || next >= w->t.n || (value_quote_at(w->t, at).n && !quoted))
        return false;
    struct scrub_walk look = *w;
    look.t = slice_sub(w->t, 0, next + LOOK_MAX);
    argument_range(&look, next, from, end);
    return true;
}

static bool take_protocol_arguments(struct scrub_walk *w, const struct verb *verb, size_t at, bool quoted)
{
    bool taken = false;
    size_t from, end;
    for (unsigned n = 1; n <= verb->most && protocol_argument(w, at, quoted, &from, &end); n++) {
        struct slice v = slice_sub(w->t, from, end);
        if (v.n == 0 || names_roles(&w->s->names, value_first_word(v)) & WORD_STATE)
            break; /* AUTH failed for bob */
        quoted = value_quote_at(w->t, next_argument(w->t, at)).n > 0;
        if (n >= verb->least && is_protocol_secret(w, verb, v, quoted)) {
            scrub_walk_take(w, from, end);
            taken = true;
        }
        at = end;
    }
    return taken;
}

/* --- echo X | passwd --- */

static const struct reader {
    const char *name, *option; /* the option, where there is one, must follow */
    char split;
} readers[] = {{"passwd", NULL, 0},
               {"chpasswd", NULL, ':'},
               {"smbpasswd", NULL, 0},
               {"sudo", "-S", 0},
               {"su ", NULL, 0},
               {"cryptsetup", NULL, 0},
               {"docker", "--password-stdin", 0},
               {"podman", "--password-stdin", 0},
               {"helm", "--password-stdin", 0},
               {"nerdctl", "--password-stdin", 0},
               {"gpg", "--passphrase-fd", 0},
               {"kinit", NULL, 0},
               {"gh", "--with-token", 0},
               {"pass ", "insert", 0},
               {"openssl", "stdin", 0}};

static const struct reader *find_reader(struct slice command)
{
    for (unsigned i = 0; i < sizeof readers / sizeof *readers; i++)
        if (slice_starts(command, slice_str(readers[i].name)) &&
            (!readers[i].option || slice_find(command, slice_str(readers[i].option)) >= 0))
            return &readers[i];
    return NULL;
}

/* The options of echo and the format of printf. */
static size_t skip_options(struct slice t, size_t i)
{
    while (i < t.n && (t.p[i] == ' ' || t.p[i] == '-')) {
        bool option = t.p[i] == '-';
        i++;
        while (option && i < t.n && ascii_alpha(t.p[i]))
            i++;
    }
    struct quote q = value_quote_at(t, i);
    if (i + q.n < t.n && t.p[i + q.n] == '%') {
        const char *space = slice_chr(slice_sub(t, i, i + 16), ' ');
        return space ? (size_t)(space - t.p) + 1 : i;
    }
    return i;
}

/* The command behind the pipe that stands before i, without sudo, unless that reads a password itself. */
static struct slice piped_command(struct slice t, size_t i)
{
    while (i < t.n && t.p[i] == ' ')
        i++;
    struct slice command = slice_sub(t, i, i + PIPED_MAX);
    bool sudo = slice_starts(command, SLICE("sudo ")) && slice_find(slice_sub(command, 0, 12), SLICE("-S")) < 0;
    return sudo ? slice_from(command, 5) : command;
}

static bool is_piped_secret(const struct scrub_walk *w, struct slice v)
{
    return v.n >= 4 && !value_is_mark(v) && !value_is_placeholder(v) && !value_is_own_name(w, v);
}

static bool take_piped(struct scrub_walk *w, size_t end)
{
    struct slice line = slice_sub(w->t, end, end + PIPED_MAX);
    ptrdiff_t pipe = slice_find(line, SLICE("|"));
    if (pipe < 0 || memchr(line.p, '\n', (size_t)pipe))
        return false;
    size_t behind = end + (size_t)pipe + 1, at = skip_options(w->t, end), from, stop;
    const struct reader *reader = find_reader(piped_command(w->t, behind));
    if (!reader || at >= behind)
        return false;
    argument_range(w, at, &from, &stop);
    if (reader->split) {
        const char *split = slice_chr(slice_sub(w->t, from, stop), reader->split);
        from = split ? (size_t)(split - w->t.p) + 1 : stop;
    }
    if (!is_piped_secret(w, slice_sub(w->t, from, stop)))
        return false;
    scrub_walk_take(w, from, stop);
    return true;
}

bool verb_at(struct scrub_walk *w, size_t start, size_t end)
{
    struct slice word = slice_sub(w->t, start, end);
    if (word.p[0] == 'e' || word.p[0] == 'p')
        return (slice_is(word, "echo") || slice_is(word, "printf")) && take_piped(w, end);
    const struct verb *verb = find_verb(word);
    return verb && take_protocol_arguments(w, verb, end, one_of(scrub_walk_before(w, start), "\"'"));
}

/* --- .pgpass --- */

/* One field up to the next ':'; i when there is none. */
static size_t pgpass_field(struct slice t, size_t i)
{
    size_t at = i;
    while (at < t.n && at - i < 64 && (value_is_name_byte(t.p[at]) || t.p[at] == '*'))
        at++;
    return at > i && at < t.n && t.p[at] == ':' ? at + 1 : i;
}

static bool has_letter(struct slice v)
{
    for (size_t i = 0; i < v.n; i++)
        if (ascii_alpha(v.p[i]) || v.p[i] == '*')
            return true;
    return false;
}

/* A group of an address: of IPv6, of a network card. */
static bool is_hex_group(struct slice v)
{
    for (size_t i = 0; i < v.n; i++)
        if (!ascii_hex(v.p[i]))
            return false;
    return v.n <= 4;
}

/* Times have digits alone. */
static bool are_pgpass_names(struct slice database, struct slice user)
{
    return has_letter(database) && has_letter(user) && !(is_hex_group(database) && is_hex_group(user));
}

/* Where the database's name begins behind ":port:" at i, of which a host's last byte is before; 0 when there is none.
 */
static size_t pgpass_database(struct slice t, size_t i, char before)
{
    size_t port = i + 1, end = port;
    while (end < t.n && end - port < 6 && (ascii_digit(t.p[end]) || t.p[end] == '*'))
        end++;
    if (end == port || end >= t.n || t.p[end] != ':' || !(value_is_name_byte(before) || before == '*'))
        return 0;
    return end + 1;
}

bool pgpass_at(struct scrub_walk *w)
{
    struct slice t = w->t;
    size_t database = pgpass_database(t, w->i, scrub_walk_before(w, w->i));
    size_t user = database ? pgpass_field(t, database) : database,
           value = user > database ? pgpass_field(t, user) : user;
    if (value == user || !are_pgpass_names(slice_sub(t, database, user - 1), slice_sub(t, user, value - 1)))
        return false;
    struct scrub_walk look = *w;
    look.t = slice_sub(t, 0, value + LOOK_MAX);
    size_t end = value_bare_end(&look, value, 0, false);
    struct slice v = slice_sub(t, value, end);
    if (slice_chr(v, ':') || !looks_random(v, 6))
        return false;
    scrub_walk_take(w, value, end);
    return true;
}
