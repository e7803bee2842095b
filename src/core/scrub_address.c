/* scrub_address: mail addresses, internet addresses, and who logs in in a URL. Part of scrub. */
#include "core/scrub_impl.h"

enum { MAIL_LOCAL_MAX = 64, MAIL_DOMAIN_MAX = 253, USER_INFO_MAX = 512, LOGIN_MAX = 128 };

/* --- mail --- */

static bool is_local_byte(char c)
{
    return ascii_alnum(c) || one_of(c, ".!#$*+^_~-") || (unsigned char)c >= 0x80;
}

static bool is_domain_byte(char c)
{
    return ascii_alnum(c) || c == '-' || c == '.' || (unsigned char)c >= 0x80;
}

/* What looks like a mail's domain and is none: systemd's units, pictures in two sizes, packages' files, and what F#
 * calls a function in a function, load@12-1.Invoke. */
static bool is_other_domain(struct slice domain, struct slice top)
{
    static const char *const tops[] = {
        "service", "socket", "timer", "target", "slice", "scope", "mount", "automount", "device",   "path",
        "swap",    "png",    "jpg",   "jpeg",   "webp",  "gif",   "svg",   "js",        "ts",       "css",
        "tgz",     "gz",     "sock",  "json",   "yaml",  "lock",  "dll",   "invoke",    "movenext", "generatenext"};
    for (unsigned i = 0; i < sizeof tops / sizeof *tops; i++)
        if (slice_ieq(top, slice_str(tops[i])))
            return true;
    return ascii_digit(domain.p[0]) && domain.n > 2 && domain.p[1] == 'x' && domain.p[2] == '.';
}

static const char *last_dot(struct slice s)
{
    while (s.n && s.p[s.n - 1] != '.')
        s.n--;
    return s.n ? s.p + s.n - 1 : NULL;
}

/* Letters, of any language, two at the least. */
static bool is_top_level(struct slice top)
{
    if (slice_istarts(top, SLICE("xn--")))
        return true;
    for (size_t i = 0; i < top.n; i++)
        if (!ascii_alpha(top.p[i]) && (unsigned char)top.p[i] < 0x80)
            return false;
    return top.n >= 2;
}

static bool is_mail_domain(struct slice domain)
{
    const char *dot = last_dot(domain);
    if (!dot || !ascii_alnum(domain.p[0]))
        return false;
    struct slice top = slice_from(domain, (size_t)(dot - domain.p) + 1);
    return is_top_level(top) && !is_other_domain(domain, top);
}

static size_t mail_domain_end(struct slice t, size_t from)
{
    size_t i = from;
    while (i < t.n && i - from < MAIL_DOMAIN_MAX && is_domain_byte(t.p[i]))
        i++;
    while (i > from && one_of(t.p[i - 1], ".-"))
        i--;
    return is_mail_domain(slice_sub(t, from, i)) ? i : from;
}

/* Where the mailbox begins of which the sign is at i: no further back than what was taken, with a letter or a digit. */
static size_t mail_start(const struct scrub_walk *w)
{
    size_t from = w->i;
    while (from > w->done && w->i - from < MAIL_LOCAL_MAX && is_local_byte(w->t.p[from - 1]))
        from--;
    while (from < w->i && !ascii_alnum(w->t.p[from]) && (unsigned char)w->t.p[from] < 0x80)
        from++;
    return from;
}

bool mail_at(struct scrub_walk *w)
{
    struct unit sign = unit_at(w->t, w->i);
    size_t from = mail_start(w), end = mail_domain_end(w->t, w->i + sign.n);
    struct slice local = slice_sub(w->t, from, w->i);
    if (!local.n || end == w->i + sign.n || slice_is(local, "git") || slice_is(local, "hg"))
        return false;
    scrub_walk_take(w, from, end);
    return true;
}

/* --- URLs --- */

/* A login in a URL, as far as it has been read. */
struct login {
    size_t at, colon; /* its last '@', its first ':'; 0: none */
    bool port;        /* what follows the colon may be a port */
};

/* A password may hold a slash, a port may not. */
static bool ends_login(const struct login *l, char c, size_t i)
{
    bool in_password = l->colon && !l->at;
    switch (c) {
    case '"':
    case '\'':
    case '<':
    case '>':
    case '`':
    case '\\':
        return true;
    case '?':
    case '#':
        return !in_password;
    case '/':
        return !in_password || (l->port && i > l->colon + 1);
    default:
        return ascii_space(c);
    }
}

/* Where the user info ends: at the last '@' before what ends the authority. */
static size_t user_info_end(struct slice t, size_t from, size_t *colon)
{
    struct login l = {.port = true};
    for (size_t i = from; i < t.n && i - from < USER_INFO_MAX; i++) {
        char c = t.p[i];
        if (c == '@') {
            l.at = i;
            continue;
        }
        if (ends_login(&l, c, i))
            break;
        if (c == ':' && !l.colon)
            l.colon = i;
        else if (l.colon && !ascii_digit(c))
            l.port = false;
    }
    *colon = l.colon > l.at ? 0 : l.colon;
    return l.at;
}

/* A name that is a key: https://KEY@host. */
static bool is_key_user(struct slice user)
{
    return user.n >= 16 && looks_random(user, 16);
}

/* At ':' of "://", plain or escaped. */
static size_t authority_at(struct slice t, size_t i)
{
    unsigned slashes = 0;
    struct unit u = unit_at(t, i);
    for (i += u.n; slashes < 2; i += u.n) {
        u = unit_at(t, i);
        if (u.c == '\\' && u.n == 1)
            continue;
        if (u.c != '/')
            return 0;
        slashes++;
    }
    return i;
}

static bool take_user_info(struct scrub_walk *w, size_t from, size_t at, size_t colon)
{
    struct slice pass = colon ? slice_sub(w->t, colon + 1, at) : SLICE_NONE;
    struct slice user = slice_sub(w->t, from, colon ? colon : at);
    if (is_key_user(user))
        scrub_walk_take(w, from, from + user.n);
    if (pass.n && value_is_worth(w, pass, false) && !value_is_mark(pass))
        scrub_walk_take(w, colon + 1, at);
    if (!user.n && !pass.n)
        return false;
    w->i = at + 1;
    return true;
}

/* mailto:bob@example.com has no password. */
static bool is_mail_word(struct slice word)
{
    static const char *const words[] = {"mailto",  "mail",   "email",     "to",   "from",  "cc",
                                        "bcc",     "sender", "recipient", "user", "login", "rcpt",
                                        "account", "smtp",   "sip",       "xmpp", "acct"};
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
        if (slice_ieq(word, slice_str(words[i])))
            return true;
    return false;
}

/* The '@' behind a login that begins at i, at `until` or before, and before any space or one of these bytes; 0 when
 * there is none. */
static size_t login_end(struct slice t, size_t i, size_t until, const char *others)
{
    while (i < t.n && i < until && t.p[i] != '@' && !ascii_space(t.p[i]) && !one_of(t.p[i], others))
        i++;
    return i < t.n && t.p[i] == '@' ? i : 0;
}

/* What follows the '@' of a login without a scheme: a host that the word before the colon does not make one of a mail.
 */
static bool is_login_host(const struct scrub_walk *w, struct slice host)
{
    if (!host.n || !(ascii_alnum(host.p[0]) || host.p[0] == '[') || slice_starts(host, SLICE("sha256:")))
        return false;
    return slice_starts(host, SLICE("tcp(")) || !is_mail_word(slice_sub(w->t, w->recent[0].start, w->recent[0].end));
}

/* user:password@tcp(host), user:password@10.0.0.1:5432, without a scheme. */
static bool login_at(struct scrub_walk *w)
{
    size_t from = w->i + 1, i = w->name_end == w->i ? login_end(w->t, from, w->i + LOGIN_MAX, "/\"'<>,;=()[]{}\\") : 0;
    if (i <= from || !is_login_host(w, slice_from(w->t, i + 1)))
        return false;
    if (!value_is_worth(w, slice_sub(w->t, from, i), false))
        return false;
    scrub_walk_take(w, from, i);
    w->i = i + 1;
    return true;
}

/* thin:user/password@host of Oracle's. */
static bool oracle_at(struct scrub_walk *w)
{
    size_t from = w->i + 1;
    if (w->i < 4 || w->i - w->done < 4 || memcmp(w->t.p + w->i - 4, "thin", 4) != 0)
        return false;
    size_t i = login_end(w->t, from, from + LOGIN_MAX, "");
    const char *slash = i ? slice_chr(slice_sub(w->t, from, i), '/') : NULL;
    if (!slash)
        return false;
    size_t pass = (size_t)(slash - w->t.p) + 1;
    if (!value_is_worth(w, slice_sub(w->t, pass, i), false))
        return false;
    scrub_walk_take(w, pass, i);
    w->i = i + 1;
    return true;
}

bool user_info_at(struct scrub_walk *w)
{
    size_t from = authority_at(w->t, w->i), colon;
    if (!from)
        return oracle_at(w) || login_at(w);
    size_t at = user_info_end(w->t, from, &colon);
    if (!at || !take_user_info(w, from, at, colon)) {
        w->i = from;
        w->name_end = 0;
    }
    return true;
}

/* --- internet addresses --- */

/* A number of at most 255 at i; its end, or i. */
static size_t octet_end(struct slice t, size_t i)
{
    size_t end = i;
    unsigned v = 0;
    for (; end < t.n && end - i < 4 && ascii_digit(t.p[end]); end++)
        v = v * 10 + (unsigned)(t.p[end] - '0');
    return end - i > 3 || v > 255 ? i : end;
}

static bool ipv4_goes_on(struct slice t, size_t i)
{
    if (i >= t.n)
        return false;
    return ascii_alnum(t.p[i]) || t.p[i] == '_' || (t.p[i] == '.' && i + 1 < t.n && ascii_digit(t.p[i + 1]));
}

static size_t ipv4_end(struct slice t, size_t from)
{
    size_t i = from;
    for (unsigned part = 0; part < 4; part++) {
        if (part > 0 && (i >= t.n || t.p[i++] != '.'))
            return from;
        size_t end = octet_end(t, i);
        if (end == i)
            return from;
        i = end;
    }
    return ipv4_goes_on(t, i) ? from : i;
}

/* What of an IPv6 address has been read. */
struct ipv6 {
    struct slice t;
    size_t i, end;
    unsigned groups, digits;
    bool gap;
};

enum ipv6_step { IPV6_MORE, IPV6_END, IPV6_NONE };

/* ':' or "::", behind a group or at the front. */
static enum ipv6_step ipv6_separator(struct ipv6 *a, bool behind_group)
{
    const char *p = a->t.p + a->i;
    if (a->i + 1 >= a->t.n || p[0] != ':')
        return IPV6_END;
    if (p[1] == ':') {
        if (a->gap)
            return IPV6_NONE;
        a->gap = true;
        a->i = a->end = a->i + 2;
        return IPV6_MORE;
    }
    if (!behind_group || !ascii_hex(p[1]))
        return IPV6_END;
    a->i++;
    return IPV6_MORE;
}

/* The last two groups as an IPv4 address. */
static enum ipv6_step ipv6_octets(struct ipv6 *a, size_t from)
{
    a->groups += 2;
    a->end = ipv4_end(a->t, from);
    return a->end == from ? IPV6_NONE : IPV6_END;
}

static enum ipv6_step ipv6_group(struct ipv6 *a)
{
    size_t from = a->i;
    for (; a->i < a->t.n && a->i - from < 5 && ascii_hex(a->t.p[a->i]); a->i++)
        a->digits += ascii_digit(a->t.p[a->i]);
    size_t n = a->i - from;
    if (n > 4)
        return IPV6_NONE;
    if (n && (a->groups || a->gap) && a->i < a->t.n && a->t.p[a->i] == '.')
        return ipv6_octets(a, from);
    a->groups += n > 0;
    a->end = a->i;
    return ipv6_separator(a, n > 0);
}

/* A group and a colon, as every one begins: most words are told by that. */
static bool may_be_ipv6(struct slice t, size_t i)
{
    size_t n = 0;
    while (i + n < t.n && n < 5 && ascii_hex(t.p[i + n]))
        n++;
    return n < 5 && i + n < t.n && t.p[i + n] == ':';
}

static bool names_go_on(struct slice t, size_t i)
{
    return i < t.n && (ascii_alnum(t.p[i]) || t.p[i] == '_');
}

/* RFC 4291, 2.2: eight groups, or fewer with one "::". Without a digit it is a name: Dead::Beef. */
static size_t ipv6_end(struct slice t, size_t from)
{
    struct ipv6 a = {.t = t, .i = from, .end = from};
    enum ipv6_step step = may_be_ipv6(t, from) ? IPV6_MORE : IPV6_NONE;
    while (step == IPV6_MORE && a.i < t.n && a.i - from < SCRUB_ADDRESS_MAX)
        step = ipv6_group(&a);
    bool whole = a.gap ? a.groups >= 1 && a.groups <= 8 : a.groups == 8;
    return step == IPV6_NONE || !a.digits || !whole || names_go_on(t, a.end) ? from : a.end;
}

static bool is_known_client(const struct scrub_walk *w, struct slice address)
{
    for (unsigned i = 0; i < w->s->n_clients; i++)
        if (slice_eq(address, slice_of(w->s->clients[i].text, w->s->clients[i].n)))
            return true;
    return false;
}

/* Only signs between the word and the address. */
static bool stands_behind(const struct scrub_walk *w, const struct recent_word *r, size_t at)
{
    if (!r->end || at - r->end > 4)
        return false;
    for (size_t i = r->end; i < at; i++)
        if (!one_of(w->t.p[i], " [(<\"'=:{"))
            return false;
    return true;
}

/* "from 192.0.2.1", "from unknown[192.0.2.1]", and no server before it. Ruby's connect(2) is one, for its address. */
static bool comes_from(const struct scrub_walk *w, size_t at)
{
    unsigned k = 0;
    if (slice_ends(slice_sub(w->t, w->done, at), SLICE("connect(2) for ")))
        return false;
    if (at > w->done && w->t.p[at - 1] == '[' && w->recent[0].end + 1 == at)
        k = 1;
    else if (!stands_behind(w, &w->recent[0], at))
        return false;
    if (!(w->recent[k].roles & WORD_FROM) || (k && w->recent[0].start - w->recent[1].end > 1))
        return false;
    for (unsigned i = k + 1; i < SCRUB_RECENT; i++)
        if (w->recent[i].roles & WORD_SERVER)
            return false;
    return true;
}

/* The first word of an access line: "192.0.2.1 - - [", "192.0.2.1:5123 [". */
static bool leads_access_line(const struct scrub_walk *w, size_t end)
{
    struct slice rest = slice_from(w->t, end);
    if (w->i != 0 && w->t.p[w->i - 1] != '\n')
        return false;
    if (rest.n && rest.p[0] == ':')
        while (rest.n && rest.p[0] != ' ')
            rest = slice_from(rest, 1);
    return slice_starts(rest, SLICE(" - ")) || slice_starts(rest, SLICE(" ["));
}

/* 'bob'@'192.0.2.1' of MySQL. */
static bool is_account_host(const struct scrub_walk *w)
{
    return w->i >= 3 && w->i - w->done >= 3 && memcmp(w->t.p + w->i - 3, "'@'", 3) == 0;
}

static bool is_clients(const struct scrub_walk *w, struct slice address, size_t end)
{
    struct slice rest = slice_from(w->t, end);
    if (w->s->opt->scrub.send_ip || w->i < w->keep_until)
        return false;
    if (w->i < w->client_until || is_known_client(w, address) || leads_access_line(w, end) || comes_from(w, w->i))
        return true;
    return is_account_host(w) || (slice_starts(rest, SLICE(" port ")) && rest.n > 6 && ascii_digit(rest.p[6]));
}

bool address_at(struct scrub_walk *w)
{
    size_t end = ipv4_end(w->t, w->i);
    char before = scrub_walk_before(w, w->i);
    if (end == w->i)
        end = ipv6_end(w->t, w->i);
    if (end == w->i || before == '.' || before == '_' || (before == ':' && w->t.p[w->i] == ':'))
        return false;
    struct slice address = slice_sub(w->t, w->i, end);
    if (!w->s->opt->scrub.ips && !is_clients(w, address, end))
        return false;
    scrub_walk_take(w, w->i, end);
    return true;
}

bool address_whole(struct slice text)
{
    text = slice_trim(text);
    if (text.n && text.p[0] == '[')
        text = slice_from(text, 1);
    return text.n && (ipv4_end(text, 0) > 0 || ipv6_end(text, 0) > 0);
}
