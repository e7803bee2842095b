/* scrub_address: mail addresses, internet addresses, and who logs in in a URL. Part of scrub. */
#include "core/scrub_impl.h"

enum { MAIL_LOCAL_MAX = 64, MAIL_DOMAIN_MAX = 253, USER_INFO_MAX = 512 };

/* --- mail --- */

static bool is_local_byte(char c)
{
    return ascii_alnum(c) || one_of(c, ".!#$*+^_~-") || (unsigned char)c >= 0x80;
}

static bool is_domain_byte(char c)
{
    return ascii_alnum(c) || c == '-' || c == '.' || (unsigned char)c >= 0x80;
}

/* What looks like a mail's domain and is none: systemd's units, pictures in two sizes, packages' files. */
static bool is_other_domain(struct slice domain, struct slice top)
{
    static const char *const tops[] = {"service", "socket", "timer", "target", "slice", "scope", "mount", "automount", "device", "path", "swap", "png",
                                       "jpg", "jpeg", "webp", "gif", "svg", "js", "ts", "css", "tgz", "gz", "sock", "json", "yaml", "lock", "dll"};
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

static size_t mail_domain_end(struct slice t, size_t from)
{
    size_t i = from;
    while (i < t.n && i - from < MAIL_DOMAIN_MAX && is_domain_byte(t.p[i]))
        i++;
    while (i > from && one_of(t.p[i - 1], ".-"))
        i--;
    struct slice domain = slice_sub(t, from, i);
    const char *dot = domain.n ? last_dot(domain) : NULL;
    if (!dot || !ascii_alnum(domain.p[0]))
        return from;
    struct slice top = slice_from(domain, (size_t)(dot - domain.p) + 1);
    for (size_t k = 0; k < top.n; k++)
        if (!ascii_alpha(top.p[k]) && (unsigned char)top.p[k] < 0x80 && !slice_istarts(top, SLICE("xn--")))
            return from;
    return top.n < 2 || is_other_domain(domain, top) ? from : i;
}

bool mail_at(struct walk *w)
{
    struct unit sign = unit_at(w->t, w->i);
    size_t from = w->i, end = mail_domain_end(w->t, w->i + sign.n);
    while (from > w->done && w->i - from < MAIL_LOCAL_MAX && is_local_byte(w->t.p[from - 1]))
        from--;
    while (from < w->i && !ascii_alnum(w->t.p[from]) && (unsigned char)w->t.p[from] < 0x80)
        from++;
    struct slice local = slice_sub(w->t, from, w->i);
    if (!local.n || end == w->i + sign.n || slice_is(local, "git") || slice_is(local, "hg"))
        return false;
    walk_take(w, from, end);
    return true;
}

/* --- URLs --- */

/* Where the user info ends: at the last '@' before what ends the authority. A password may hold a slash, a port may not. */
static size_t user_info_end(struct slice t, size_t from, size_t *colon)
{
    size_t at = 0;
    bool port = true;
    *colon = 0;
    for (size_t i = from; i < t.n && i - from < USER_INFO_MAX; i++) {
        char c = t.p[i];
        if (c == '@') {
            at = i;
            continue;
        }
        if (ascii_space(c) || one_of(c, "\"'<>`\\") || (one_of(c, "?#") && (at || !*colon)))
            break;
        if (c == '/' && (at || !*colon || (port && i > *colon + 1)))
            break;
        if (c == ':' && !*colon)
            *colon = i;
        else if (*colon && !ascii_digit(c))
            port = false;
    }
    if (*colon > at)
        *colon = 0;
    return at;
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

static bool take_user_info(struct walk *w, size_t from, size_t at, size_t colon)
{
    struct slice pass = colon ? slice_sub(w->t, colon + 1, at) : SLICE_NONE;
    struct slice user = slice_sub(w->t, from, colon ? colon : at);
    bool taken = false;
    if (is_key_user(user)) {
        walk_take(w, from, from + user.n);
        taken = true;
    }
    if (pass.n && value_is_worth(w, pass, false) && !slice_starts(pass, SLICE(SCRUB_MARK))) {
        walk_take(w, colon + 1, at);
        taken = true;
    }
    if (taken || user.n || pass.n)
        w->i = at + 1;
    return taken || user.n || pass.n;
}

/* mailto:bob@example.com has no password. */
static bool is_mail_word(struct slice word)
{
    static const char *const words[] = {"mailto", "mail", "email", "to", "from", "cc", "bcc", "sender", "recipient", "user", "login", "rcpt", "account", "smtp", "sip", "xmpp", "acct"};
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
        if (slice_ieq(word, slice_str(words[i])))
            return true;
    return false;
}

/* user:password@tcp(host), user:password@10.0.0.1:5432, without a scheme. */
static bool login_at(struct walk *w)
{
    size_t i = w->i + 1;
    while (i < w->t.n && i - w->i < 128 && !ascii_space(w->t.p[i]) && !one_of(w->t.p[i], "/\"'<>@,;=()[]{}\\"))
        i++;
    if (i >= w->t.n || w->t.p[i] != '@' || i == w->i + 1 || w->name_end != w->i)
        return false;
    struct slice host = slice_from(w->t, i + 1);
    if (is_mail_word(slice_sub(w->t, w->recent[0].start, w->recent[0].end)) && !slice_starts(host, SLICE("tcp(")))
        return false;
    if (!host.n || !(ascii_alnum(host.p[0]) || host.p[0] == '[') || slice_starts(host, SLICE("sha256:")))
        return false;
    struct slice pass = slice_sub(w->t, w->i + 1, i);
    if (!value_is_worth(w, pass, false))
        return false;
    walk_take(w, w->i + 1, i);
    w->i = i + 1;
    return true;
}

/* thin:user/password@host of Oracle's. */
static bool oracle_at(struct walk *w)
{
    size_t from = w->i + 1, slash = 0, i = from;
    if (w->i < 4 || w->i - w->done < 4 || memcmp(w->t.p + w->i - 4, "thin", 4) != 0)
        return false;
    for (; i < w->t.n && !ascii_space(w->t.p[i]) && w->t.p[i] != '@' && i - from < 128; i++)
        if (w->t.p[i] == '/' && !slash)
            slash = i;
    if (i >= w->t.n || w->t.p[i] != '@' || !slash || !value_is_worth(w, slice_sub(w->t, slash + 1, i), false))
        return false;
    walk_take(w, slash + 1, i);
    w->i = i + 1;
    return true;
}

bool user_info_at(struct walk *w)
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

static size_t ipv4_end(struct slice t, size_t i)
{
    size_t from = i;
    for (unsigned part = 0; part < 4; part++) {
        unsigned v = 0, n = 0;
        for (; i < t.n && n < 4 && ascii_digit(t.p[i]); i++, n++)
            v = v * 10 + (unsigned)(t.p[i] - '0');
        if (!n || n > 3 || v > 255)
            return from;
        if (part < 3 && (i >= t.n || t.p[i++] != '.'))
            return from;
    }
    bool more = i < t.n && (ascii_alnum(t.p[i]) || t.p[i] == '_' || (t.p[i] == '.' && i + 1 < t.n && ascii_digit(t.p[i + 1])));
    return more ? from : i;
}

/* RFC 4291, 2.2: eight groups, or fewer with one "::". Without a digit it is a name: Dead::Beef. */
static size_t ipv6_end(struct slice t, size_t i)
{
    size_t from = i, end = i;
    unsigned groups = 0, gap = 0, digits = 0;
    while (i < t.n && i - from < SCRUB_ADDRESS_MAX) {
        unsigned n = 0;
        for (; i < t.n && n < 5 && ascii_hex(t.p[i]); i++, n++)
            digits += ascii_digit(t.p[i]);
        if (n > 4)
            return from;
        if (i < t.n && t.p[i] == '.' && n && (groups >= 1 || gap)) {
            size_t v4 = ipv4_end(t, i - n);
            if (v4 == i - n)
                return from;
            groups += 2;
            end = v4;
            break;
        }
        groups += n > 0;
        end = i;
        if (i + 1 < t.n && t.p[i] == ':' && t.p[i + 1] == ':') {
            if (gap++)
                return from;
            i += 2;
            end = i;
        } else if (n && i + 1 < t.n && t.p[i] == ':' && ascii_hex(t.p[i + 1])) {
            i++;
        } else {
            break;
        }
    }
    bool more = end < t.n && (ascii_alnum(t.p[end]) || t.p[end] == '_');
    return more || !digits || !(groups == 8 || (gap && groups && groups < 8)) ? from : end;
}

static bool is_known_client(const struct walk *w, struct slice address)
{
    for (unsigned i = 0; i < w->s->n_clients; i++)
        if (slice_eq(address, slice_of(w->s->clients[i].text, w->s->clients[i].n)))
            return true;
    return false;
}

/* Only signs between the word and the address. */
static bool stands_behind(const struct walk *w, const struct recent_word *r, size_t at)
{
    if (!r->end || at - r->end > 4)
        return false;
    for (size_t i = r->end; i < at; i++)
        if (!one_of(w->t.p[i], " [(<\"'=:{"))
            return false;
    return true;
}

/* "from 192.0.2.1", "from unknown[192.0.2.1]", and no server before it. */
static bool comes_from(const struct walk *w, size_t at)
{
    unsigned k = 0;
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
static bool leads_access_line(const struct walk *w, size_t end)
{
    struct slice rest = slice_from(w->t, end);
    if (w->i != 0 && w->t.p[w->i - 1] != '\n')
        return false;
    if (rest.n && rest.p[0] == ':')
        while (rest.n && rest.p[0] != ' ')
            rest = slice_from(rest, 1);
    return slice_starts(rest, SLICE(" - ")) || slice_starts(rest, SLICE(" ["));
}

static bool is_clients(const struct walk *w, struct slice address, size_t end)
{
    struct slice rest = slice_from(w->t, end);
    if (w->s->opt->scrub.send_ip || w->i < w->keep_until)
        return false;
    if (w->i < w->client_until || is_known_client(w, address) || leads_access_line(w, end) || comes_from(w, w->i))
        return true;
    bool port = slice_starts(rest, SLICE(" port ")) && rest.n > 6 && ascii_digit(rest.p[6]);
    bool login = w->i >= 3 && w->i - w->done >= 3 && memcmp(w->t.p + w->i - 3, "'@'", 3) == 0;
    return port || login;
}

bool address_at(struct walk *w)
{
    size_t end = ipv4_end(w->t, w->i);
    char before = walk_before(w, w->i);
    if (end == w->i)
        end = ipv6_end(w->t, w->i);
    if (end == w->i || before == '.' || before == '_' || (before == ':' && w->t.p[w->i] == ':'))
        return false;
    struct slice address = slice_sub(w->t, w->i, end);
    if (!w->s->opt->scrub.ips && !is_clients(w, address, end))
        return false;
    walk_take(w, w->i, end);
    return true;
}

bool address_whole(struct slice text)
{
    text = slice_trim(text);
    if (text.n && text.p[0] == '[')
        text = slice_from(text, 1);
    return text.n && (ipv4_end(text, 0) > 0 || ipv6_end(text, 0) > 0);
}
