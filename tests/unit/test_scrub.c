/* scrub: measured by a corpus of secrets and look-alikes in several carriers, which asks for what is gone and what
 * stayed. */
#include <stdio.h>
#include <time.h>

#include "base/sbuf.h"
#include "core/scrub.h"
#include "unit.h"

enum { SECRETS_MAX = 8, LINE_MAX_BYTES = 4096 };

static const struct options standard = {.scrub = {.defaults = true, .emails = true}};

/* --- the corpus --- */

struct form {
    char text[LINE_MAX_BYTES];
    size_t n;
    struct slice secrets[SECRETS_MAX];
    unsigned n_secrets;
    bool harmless;
};

static unsigned long seed = 20261129;

static unsigned next_random(unsigned below)
{
    seed = seed * 6364136223846793005ul + 1442695040888963407ul;
    return (unsigned)(seed >> 33) % below;
}

static const char *alphabet_of(char c)
{
    switch (c) {
    case 'h':
        return "0123456789abcdef";
    case 'u':
        return "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    case 'd':
        return "0123456789";
    case 'b':
        return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    case 'l':
        return "abcdefghijklmnopqrstuvwxyz0123456789";
    default:
        return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    }
}

/* ~w20 and the like, made anew. */
static void add_made(struct form *f, struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != '~' || i + 2 >= s.n || !strchr("whudbl", s.p[i + 1]) || !ascii_digit(s.p[i + 2])) {
            f->text[f->n++] = s.p[i];
            continue;
        }
        const char *alphabet = alphabet_of(s.p[++i]);
        unsigned count = 0;
        for (; i + 1 < s.n && ascii_digit(s.p[i + 1]); i++)
            count = count * 10 + (unsigned)(s.p[i + 1] - '0');
        while (count--)
            f->text[f->n++] = alphabet[next_random((unsigned)strlen(alphabet))];
    }
}

static void read_form(struct form *f, struct slice line)
{
    *f = (struct form){.harmless = line.p[0] == '-'};
    for (line = slice_from(line, 2); line.n;) {
        ptrdiff_t open = f->harmless ? -1 : slice_find(line, SLICE("{{"));
        struct slice before = open < 0 ? line : slice_sub(line, 0, (size_t)open);
        memcpy(f->text + f->n, before.p, before.n);
        f->n += before.n;
        if (open < 0)
            return;
        line = slice_from(line, (size_t)open + 2);
        size_t close = (size_t)slice_find(line, SLICE("}}"));
        while (close + 2 < line.n && line.p[close + 2] == '}')
            close++;
        size_t from = f->n;
        add_made(f, slice_sub(line, 0, close));
        f->secrets[f->n_secrets++] = slice_of(f->text + from, f->n - from);
        line = slice_from(line, close + 2);
    }
}

/* --- carriers --- */

struct carrier {
    const char *name, *before, *after;
    bool escaped;      /* as a text in quotes */
    const char *field; /* NULL: it is a text; else the value of this field */
};

static const struct carrier carriers[] = {
    {"text", "", "", false, NULL},
    {"text in a line", "2026-11-29 10:00:00 ERROR app: ", "", false, NULL},
    {"field", "", "", false, "detail"},
    {"JSON value", "{\"level\":\"error\",\"detail\":\"", "\"}", true, NULL},
    {"JSON value, field", "{\"detail\":\"", "\"}", true, "body"},
    {"GELF field", "{\"version\":\"1.1\",\"short_message\":\"x\",\"_detail\":\"", "\",\"_n\":1}", true, NULL},
    {"syslog data", "<11>1 - h app - - [x@1 detail=\"", "\"] failed", true, NULL},
    {"logfmt", "level=error msg=\"", "\" n=1", true, NULL},
};
enum { N_CARRIERS = sizeof carriers / sizeof *carriers };

static void add_escaped(struct sbuf *out, struct slice s, bool escaped)
{
    for (size_t i = 0; i < s.n; i++) {
        if (escaped && (s.p[i] == '"' || s.p[i] == '\\'))
            sbuf_addc(out, '\\');
        sbuf_addc(out, s.p[i]);
    }
}

static void carry(struct sbuf *out, const struct carrier *c, struct slice text)
{
    sbuf_reset(out);
    sbuf_addf(out, "%s", c->before);
    add_escaped(out, text, c->escaped);
    sbuf_addf(out, "%s", c->after);
}

static struct slice scrub_carried(struct scrub *s, const struct carrier *c, struct slice text, struct arena *a)
{
    return c->field ? scrub_value(s, slice_str(c->field), text, a) : scrub_text(s, text, a);
}

/* All of it is gone, and of a long one each half, too. */
static bool is_gone(struct slice text, struct slice secret, const struct carrier *c)
{
    struct sbuf form;
    sbuf_init(&form, 2 * LINE_MAX_BYTES);
    add_escaped(&form, secret, c->escaped);
    struct slice whole = sbuf_slice(&form);
    bool gone = slice_find(text, whole) < 0;
    if (whole.n >= 12)
        gone = gone && slice_find(text, slice_sub(whole, 0, whole.n / 2)) < 0 &&
               slice_find(text, slice_from(whole, whole.n / 2)) < 0;
    sbuf_done(&form);
    return gone;
}

struct score {
    unsigned secrets, found, harmless, changed;
};

static void try_form(struct scrub *s, const struct form *f, const struct carrier *c, struct score *score)
{
    struct arena a = {0};
    struct sbuf text;
    bool found = true;
    sbuf_init(&text, 4 * LINE_MAX_BYTES);
    carry(&text, c, slice_of(f->text, f->n));
    struct slice got = scrub_carried(s, c, sbuf_slice(&text), &a);
    struct slice again = scrub_carried(s, c, got, &a);
    ck_assert_msg(slice_eq(got, again), "'%.*s' became '%.*s'", SLICE_ARG(got), SLICE_ARG(again));
    for (unsigned i = 0; i < f->n_secrets; i++)
        found = found && is_gone(got, f->secrets[i], c);
    bool changed = !slice_eq(got, sbuf_slice(&text));
    score->secrets += !f->harmless;
    score->found += !f->harmless && found;
    score->harmless += f->harmless;
    score->changed += f->harmless && changed;
    if (f->harmless ? changed : !found)
        printf("  %s in %s: %.*s\n", f->harmless ? "changed" : "missed", c->name, SLICE_ARG(got));
    arena_done(&a);
    sbuf_done(&text);
}

static void try_corpus(struct scrub *s, const struct carrier *c, struct score *score)
{
    const char *top = getenv("top_srcdir");
    char path[4096], line[LINE_MAX_BYTES / 2];
    snprintf(path, sizeof path, "%s/tests/unit/scrub_corpus.txt", top ? top : ".");
    FILE *in = fopen(path, "r");
    ck_assert_msg(in, "no %s", path);
    while (fgets(line, sizeof line, in)) {
        struct slice text = slice_sub(slice_str(line), 0, strcspn(line, "\n"));
        static struct form f;
        if (text.n < 3 || (text.p[0] != '+' && text.p[0] != '-') || text.p[1] != ' ')
            continue;
        read_form(&f, text);
        try_form(s, &f, c, score);
    }
    fclose(in);
}

START_TEST(corpus_is_found_and_look_alikes_stay)
{
    struct scrub *s = scrub_new(&standard);
    struct score scores[N_CARRIERS] = {0};
    for (unsigned i = 0; i < N_CARRIERS; i++)
        try_corpus(s, &carriers[i], &scores[i]);
    for (unsigned i = 0; i < N_CARRIERS; i++) {
        const struct score *k = &scores[i];
        printf("%-20s secrets %4u of %4u, recall %.3f; look-alikes changed %3u of %4u, %.1f %%\n", carriers[i].name,
               k->found, k->secrets, (double)k->found / k->secrets, k->changed, k->harmless,
               100.0 * k->changed / k->harmless);
    }
    fflush(stdout);
    for (unsigned i = 0; i < N_CARRIERS; i++) {
        ck_assert(scores[i].secrets >= 250 && scores[i].harmless >= 150);
        ck_assert(scores[i].found * 100 >= scores[i].secrets * 95);
        ck_assert(scores[i].changed * 100 <= scores[i].harmless * 3);
    }
    scrub_free(s);
}
END_TEST

/* --- single texts --- */

static void ck_scrub(struct scrub *s, struct arena *a, const char *in, const char *want)
{
    ck_slice(scrub_text(s, slice_str(in), a), want);
}

START_TEST(rest_of_the_text_stays)
{
    struct scrub *s = scrub_new(&standard);
    struct arena a = {0};
    ck_scrub(s, &a, "login password=hunter2 failed", "login password=[Filtered] failed");
    ck_scrub(s, &a, "{\"api_key\": \"abc\", \"n\": 1}", "{\"api_key\": \"[Filtered]\", \"n\": 1}");
    ck_scrub(s, &a, "{\"a\":{\"tokens\":[1],\"secret\":{\"x\":[1,{\"y\":2}]},\"n\":1}}",
             "{\"a\":{\"tokens\":[1],\"secret\":\"[Filtered]\",\"n\":1}}");
    ck_scrub(s, &a, "{\"password\":true,\"pin\":1234}", "{\"password\":\"[Filtered]\",\"pin\":\"[Filtered]\"}");
    ck_scrub(s, &a, "{\\\"pin\\\":1234,\\\"n\\\":1}", "{\\\"pin\\\":\\\"[Filtered]\\\",\\\"n\\\":1}");
    ck_scrub(s, &a, "Authorization: Bearer abcdefghijklmnop refused", "Authorization: [Filtered] refused");
    ck_scrub(s, &a, "postgres://app:s3cret@db/x", "postgres://app:[Filtered]@db/x");
    ck_scrub(s, &a, "password='it''s' and more", "password='[Filtered]' and more");
    ck_scrub(s, &a, "password=\"a\\\"b c\" and more", "password=\"[Filtered]\" and more");
    ck_scrub(s, &a, "INSERT INTO t (a, pin) VALUES (1, 1234), (2, '5678') ok",
             "INSERT INTO t (a, pin) VALUES (1, [Filtered]), (2, '[Filtered]') ok");
    ck_scrub(s, &a, "card 4111 1111 1111 1111 refused", "card [Filtered] refused");
    ck_scrub(s, &a, "order 4111 1111 1111 1111 refused", "order 4111 1111 1111 1111 refused");
    ck_scrub(s, &a, "card 4111 1111 1111 1112 refused", "card 4111 1111 1111 1112 refused"); /* no Luhn */
    ck_scrub(s, &a, "card 9111 1111 1111 1113 refused", "card 9111 1111 1111 1113 refused"); /* no issuer */
    ck_scrub(s, &a, "id x4111111111111111 and 4111111111111111y", "id x4111111111111111 and 4111111111111111y");
    ck_scrub(s, &a, "user \"bob\": password mismatch", "user \"bob\": password mismatch");
    ck_scrub(s, &a, "unexpected token: }", "unexpected token: }");
    ck_slice(scrub_query(s, SLICE("id=7&access_token=abc&x"), &a), "id=7&access_token=[Filtered]&x");
    ck_slice(scrub_query(s, SLICE("u=%2F%3Ftoken%3Dabc%26y&n=1"), &a), "u=%2F%3Ftoken%3D[Filtered]%26y&n=1");
    arena_done(&a);
    scrub_free(s);
}
END_TEST

START_TEST(fields_go_by_their_names)
{
    struct scrub *s = scrub_new(&standard);
    struct arena a = {0};
    ck_slice(scrub_value(s, SLICE("db.password"), SLICE("x"), &a), "[Filtered]");
    ck_slice(scrub_value(s, SLICE("x@1.apiKey"), SLICE("5"), &a), "[Filtered]");
    ck_slice(scrub_value(s, SLICE("password_file"), SLICE("/etc/x"), &a), "/etc/x");
    ck_slice(scrub_value(s, SLICE("author"), SLICE("bob"), &a), "bob");
    ck_slice(scrub_value(s, SLICE("session"), SLICE("opened"), &a), "opened");
    ck_slice(scrub_value(s, SLICE("session"), SLICE("a81fc09de2"), &a), "[Filtered]");
    ck_slice(scrub_value(s, SLICE("token"), SLICE(""), &a), "");
    ck_slice(scrub_value(s, SLICE("upstream"), SLICE("192.0.2.1:80"), &a), "192.0.2.1:80");
    ck_slice(scrub_value(s, SLICE("remote_addr"), SLICE("192.0.2.1"), &a), "[Filtered]");
    ck_slice(scrub_value(s, SLICE("rhost"), SLICE("dial-7.example.net"), &a), "[Filtered]");
    ck_assert(scrub_is_secret_name(s, SLICE("X-Api-Key")) && scrub_is_secret_name(s, SLICE("userPassword2")));
    ck_assert(!scrub_is_secret_name(s, SLICE("keyboard")) && !scrub_is_secret_name(s, SLICE("secretary")) &&
              !scrub_is_secret_name(s, SLICE("bypass")));
    arena_done(&a);
    scrub_free(s);
}
END_TEST

START_TEST(tables_keep_their_promises)
{
    struct diag d = {0};
    bool well = scrub_check(&d);
    err_print(&d, stdout);
    ck_assert(well && d.errors == 0);
    err_done(&d);
}
END_TEST

/* --- addresses --- */

static const struct {
    const char *text, *scrubbed;
} clients[] = {
    {"Failed password for root from 192.0.2.7 port 22 ssh2", "Failed password for root from [Filtered] port 22 ssh2"},
    {"Connection closed by 192.0.2.7 port 5123 [preauth]", "Connection closed by [Filtered] port 5123 [preauth]"},
    {"rhost=192.0.2.7 user=root", "rhost=[Filtered] user=root"},
    {"X-Forwarded-For: 192.0.2.7, 2001:db8::7", "X-Forwarded-For: [Filtered], [Filtered]"},
    {"{\"remote_addr\":\"192.0.2.7\",\"upstream_addr\":\"192.0.2.8:80\"}",
     "{\"remote_addr\":\"[Filtered]\",\"upstream_addr\":\"192.0.2.8:80\"}"},
    {"192.0.2.7 - - [29/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 500",
     "[Filtered] - - [29/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 500"},
    {"[client 192.0.2.7:5123] x", "[client [Filtered]:5123] x"},
    {"connect from unknown[192.0.2.7]", "connect from unknown[[Filtered]]"},
    {"Access denied for user 'x'@'192.0.2.7'", "Access denied for user 'x'@'[Filtered]'"},
    {"connect() failed, client: 192.0.2.7, server: x, upstream: \"http://192.0.2.8:80/\"",
     "connect() failed, client: [Filtered], server: x, upstream: \"http://192.0.2.8:80/\""},
    {"timeout reading from 192.0.2.8:5432", "timeout reading from 192.0.2.8:5432"},
    {"connect to 192.0.2.8:5432 failed", "connect to 192.0.2.8:5432 failed"},
    {"relay=mx.example.com[192.0.2.8]:25", "relay=mx.example.com[192.0.2.8]:25"},
};

START_TEST(clients_leave_by_no_way)
{
    const struct options sends = {.scrub = {.defaults = true, .send_ip = true}};
    struct scrub *s = scrub_new(&standard), *open = scrub_new(&sends);
    struct arena a = {0};
    for (unsigned i = 0; i < sizeof clients / sizeof *clients; i++) {
        ck_scrub(s, &a, clients[i].text, clients[i].scrubbed);
        ck_scrub(s, &a, clients[i].scrubbed, clients[i].scrubbed);
        ck_scrub(open, &a, clients[i].text, clients[i].text);
    }
    scrub_client(s, SLICE("192.0.2.9"));
    ck_scrub(s, &a, "banned 192.0.2.9 and not 192.0.2.90", "banned [Filtered] and not 192.0.2.90");
    scrub_client(s, SLICE_NONE);
    ck_scrub(s, &a, "banned 192.0.2.9", "banned 192.0.2.9");
    arena_done(&a);
    scrub_free(s);
    scrub_free(open);
}
END_TEST

START_TEST(ips_takes_every_address)
{
    const struct options opt = {.scrub = {.ips = true, .send_ip = true}};
    struct scrub *s = scrub_new(&opt);
    struct arena a = {0};
    ck_scrub(s, &a, "up http://192.0.2.8:80/ and [2001:db8::1]:443, ::1, ::ffff:192.0.2.1",
             "up http://[Filtered]:80/ and [[Filtered]]:443, [Filtered], [Filtered]");
    ck_scrub(s, &a, "at 10:00:00 std::string Dead::Beef 1.2.3.4.5 192.0.2.256",
             "at 10:00:00 std::string Dead::Beef 1.2.3.4.5 192.0.2.256");
    arena_done(&a);
    scrub_free(s);
}
END_TEST

START_TEST(own_patterns_alone)
{
    struct regex *re = regex_compile(SLICE("secret-[a-z0-9]+"), false, &(size_t){0}, (char[256]){0});
    const struct options opt = {.scrub = {.patterns = &re, .n_patterns = 1}};
    struct scrub *s = scrub_new(&opt);
    struct arena a = {0};
    ck_scrub(s, &a, "a secret-x1 b secret-y2", "a [Filtered] b [Filtered]");
    ck_scrub(s, &a, "password=shown bob@example.com", "password=shown bob@example.com"); /* defaults are off */
    arena_done(&a);
    scrub_free(s);
    regex_free(re);
}
END_TEST

/* --- work --- */

static const char *const pumps[] = {
    "password=",
    "password:",
    "\"password\":",
    "password=\"",
    "password='",
    "password={",
    "\"a\":[",
    "\\\"",
    "\\",
    "%25",
    "%3D",
    "&#x",
    "&quot;",
    "a@",
    "a@b.",
    "@",
    "://",
    "://a:",
    "://a:b",
    ":",
    "a:",
    "-----BEGIN PRIVATE KEY",
    "-----BEGIN ",
    "4111 ",
    "4",
    "1:",
    "::",
    "f:",
    "INSERT (",
    "INSERT INTO t (a,",
    "INSERT INTO t (pin) VALUES (",
    "Key (pin)=(",
    "<password>",
    "<password ",
    "&lt;password&gt;",
    "--password ",
    "-p",
    "mysql -p",
    "curl -u ",
    "[Filtered]",
    "api ",
    "key ",
    "a.",
    "a-",
    "_",
    "aB",
    "ghp_",
    "eyJ",
    "AKIA",
    "$2b$",
    "GB82 ",
    "Cookie: ",
    "Authorization: Digest a=",
    "name=\"password\" ",
    "password: |\n ",
    "client: ",
    "from ",
    "(",
    "[",
    "{",
    "\"",
    "'",
    "`",
    " ",
    "\n",
    "passphrase: a ",
    "s:8:\"password\";",
    "password => (",
    "x=(",
    "token",
    "\xc3\xa9",
    "thin:a/",
    "bot1:",
    "password=a&b=",
    "password[",
    "password is ",
    "auth=",
    "eyJ1-",
    "eyJ1-.",
    "auth=\"",
    "auth='",
    "session=x",
    "cookie=",
    "Cookie: x",
    "token: token",
    "sk-",
    "sk-ant-",
    "key-",
    "?key=",
    "&code=",
    "rhost=",
    "client=\"",
    "forwarded: ",
    "INSERT INTO t (pin,a) VALUES (1,",
    "mysql -p'",
    "[\"password\",\"",
    "password=[",
    "password=(",
    "passphrase: is ",
    "<password>a",
    "bearer ",
    "\\\\\\u0041",
    "&amp;",
    "hooks.slack.com/services/",
    "xoxd-",
    "echo ",
    "echo a | passwd ",
    "echo 'a | ",
    "printf '%s' '",
    "LOGIN a ",
    "LOGIN \"a b",
    "AUTH \"\\\" ",
    "AUTH \xe2\x80\x9c\xe2\x80\xb9",
    "a:1:b:c:",
    "*:*:a:",
    "password=\xe2\x80\x9c",
    "\xe2\x80\x98x\xe2\x80\x99y",
    "(password . ",
    "password for ",
    "password for =",
    "password....",
    "tokens=[a1b2c3d4, ",
    "tokens=[\"",
    "cookies: [\"a=",
    "password: ['is ",
    "password=\"is a ",
    "password \\n ",
    "EAA",
    "MTEa.",
};

static double seconds_for(struct scrub *s, const char *unit, size_t bytes)
{
    struct sbuf text;
    struct arena a = {0};
    struct timespec from, to;
    sbuf_init(&text, bytes + 64);
    while (text.n < bytes)
        sbuf_addf(&text, "%s", unit);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
    scrub_text(s, sbuf_slice(&text), &a);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
    arena_done(&a);
    sbuf_done(&text);
    return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

/* Sixteen times the text may take 16 times as long; a square would take 256. */
START_TEST(work_is_linear)
{
    struct scrub *s = scrub_new(&standard);
    for (unsigned i = 0; i < sizeof pumps / sizeof *pumps; i++) {
        double small = seconds_for(s, pumps[i], 16 << 10), big = seconds_for(s, pumps[i], 256 << 10);
        ck_assert_msg(big < 64 * small + 0.02, "\"%s\": %.4f s, then %.4f s", pumps[i], small, big);
    }
    scrub_free(s);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("scrub");
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, corpus_is_found_and_look_alikes_stay);
    tcase_add_test(t, rest_of_the_text_stays);
    tcase_add_test(t, fields_go_by_their_names);
    tcase_add_test(t, tables_keep_their_promises);
    tcase_add_test(t, clients_leave_by_no_way);
    tcase_add_test(t, ips_takes_every_address);
    tcase_add_test(t, own_patterns_alone);
    tcase_add_test(t, work_is_linear);
    suite_add_tcase(s, t);
    return unit_run(s);
}
