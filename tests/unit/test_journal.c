#include <fcntl.h>

#include "tests/unit/net.h"

#include "config.h"

#ifdef HAVE_SYSTEMD

#include <sys/wait.h>

#include "io/in_journal.h"
#include "text/json.h"

/* The writer of journal files that Debian's systemd-journal-remote brings; $CRUMBD_JOURNAL_REMOTE names
 * another. */
static const char *event_writer(void)
{
    static const char *const places[] = {"/lib/systemd/systemd-journal-remote",
                                         "/usr/lib/systemd/systemd-journal-remote"};
    const char *named = getenv("CRUMBD_JOURNAL_REMOTE");
    if (named)
        return named;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (access(places[i], X_OK) == 0)
            return places[i];
    return NULL;
}

static char folder[64];
static unsigned written;

/* Adds entries to the folder's journal: NAME=value lines for each, through the export format. */
static void write_entries(const char *const *entries, unsigned n)
{
    char *command = xasprintf("%s -o %s/crumbd%u.journal - >/dev/null 2>&1", event_writer(), folder, written / 1000000);
    FILE *f = popen(command, "w");
    ck_assert_ptr_nonnull(f);
    for (unsigned i = 0; i < n; i++, written++) {
        fprintf(f, "__REALTIME_TIMESTAMP=%llu\n", 1700000000000000ULL + written * 1000ULL);
        fprintf(f, "__MONOTONIC_TIMESTAMP=%llu\n", 1000000ULL + written * 1000ULL);
        fprintf(f, "_BOOT_ID=0123456789abcdef0123456789abcdef\n%s\n\n", entries[i]);
    }
    ck_assert_int_eq(pclose(f), 0);
    free(command);
}

static struct net *journal_new(const char *unit, bool from_start)
{
    struct net *t = net_new(INPUT_JOURNAL, INPUT_UDP);
    free(t->opt.text);
    t->opt.text = xstrdup(unit);
    t->opt.from_start = from_start;
    t->in = journal_open(t->base, &t->opt, &t->sink, folder, &t->diag);
    ck_assert_ptr_nonnull(t->in);
    return t;
}

/* A member of the i-th entry's JSON. */
#define entry_is(t, i, name, want)                                                                                     \
    do {                                                                                                               \
        struct arena a_ = {0};                                                                                         \
        ck_assert_uint_lt(i, (t)->n);                                                                                  \
        const struct json_node *tree_ = json_tree(&a_, slice_of((t)->msg[i].text, (t)->msg[i].n));                     \
        ck_assert_ptr_nonnull(tree_);                                                                                  \
        ck_assert_ptr_nonnull(json_get(tree_, name));                                                                  \
        ck_slice(json_get(tree_, name)->text, want);                                                                   \
        arena_done(&a_);                                                                                               \
    } while (0)

static const char *const first[] = {
    "MESSAGE=one\nPRIORITY=3\n_SYSTEMD_UNIT=web.service\nCODE_FILE=src/a.c\nCODE_LINE=7",
    "MESSAGE=two\nPRIORITY=6\n_SYSTEMD_UNIT=db.service",
    "MESSAGE=Failed to start web.\nPRIORITY=3\n_PID=1\n_SYSTEMD_UNIT=init.scope\nUNIT=web.service",
};
static const char *const second[] = {"MESSAGE=three\nPRIORITY=3\n_SYSTEMD_UNIT=web.service",
                                     "MESSAGE=four\nPRIORITY=3\n_SYSTEMD_UNIT=db.service"};

START_TEST(entries)
{
    write_entries(first, 3);
    struct net *t = journal_new("all", true);
    net_until(t, t->n == 3);
    entry_is(t, 0, "MESSAGE", "one");
    entry_is(t, 0, "PRIORITY", "3");
    entry_is(t, 0, "CODE_FILE", "src/a.c");
    entry_is(t, 0, "__REALTIME_TIMESTAMP", "1700000000000000");
    entry_is(t, 2, "UNIT", "web.service");
    ck_assert_uint_ne(t->msg[0].ring, t->msg[1].ring);
    net_until(t, t->in->type->drained(t->in));
    write_entries(second, 2);
    net_until(t, t->n == 5);
    entry_is(t, 3, "MESSAGE", "three");
    net_free(t);
}
END_TEST

static unsigned looks;

static void count_look(void *u, struct input *in, struct slice who)
{
    (void)u, (void)in, (void)who;
    looks++;
}

/* There is no journal, then one: what was written since then is read, unless a syslog file holds the same. */
START_TEST(awaited)
{
    char *aside = xasprintf("%s.aside", folder), *syslog = xasprintf("%s.syslog", folder);
    char *unless[] = {syslog, NULL};
    write_entries(first, 3); /* before */
    ck_assert_int_eq(rename(folder, aside), 0);
    struct net *t = net_new(INPUT_JOURNAL, INPUT_UDP);
    t->opt.awaited = true;
    t->opt.unless = unless;
    t->sink.turn = count_look;
    free(t->opt.text);
    t->opt.text = xstrdup("all");
    t->in = journal_open(t->base, &t->opt, &t->sink, folder, &t->diag);
    ck_assert_ptr_nonnull(t->in);
    journal_tune(t->in, 1, INT64_C(1700000000000000) + written * 1000);
    ck_assert(t->in->type->drained(t->in));
    ck_assert_int_eq(close(creat(syslog, 0600)), 0);
    ck_assert_int_eq(rename(aside, folder), 0);
    write_entries(second, 2);
    unsigned then = looks;
    net_until(t, looks > then + 5);
    ck_assert_uint_eq(t->n + t->in->files, 0);
    ck_assert_int_eq(unlink(syslog), 0);
    net_until(t, t->n == 2);
    entry_is(t, 0, "MESSAGE", "three");
    entry_is(t, 1, "MESSAGE", "four");
    ck_assert_uint_eq(t->in->files, 1);
    write_entries(first, 1);
    net_until(t, t->n == 3);
    entry_is(t, 2, "MESSAGE", "one");
    net_free(t);
    free(aside);
    free(syslog);
}
END_TEST

START_TEST(one_unit)
{
    write_entries(first, 3);
    struct net *t = journal_new("web", true);
    net_until(t, t->in->type->drained(t->in));
    ck_assert_uint_eq(t->n, 2);
    entry_is(t, 1, "MESSAGE", "Failed to start web.");
    net_free(t);
}
END_TEST

struct put {
    unsigned n;
    char *input, *blob; /* of the last */
};

static void put_row(void *u, const struct position *p)
{
    struct put *out = u;
    free(out->input);
    free(out->blob);
    *out = (struct put){.n = out->n + 1, .input = slice_dup(p->input), .blob = slice_dup(p->blob)};
    ck_assert_uint_eq(p->part.n, 0);
}

static void put_free(struct put *p)
{
    free(p->input);
    free(p->blob);
}

START_TEST(cursor)
{
    struct put put = {0}, later = {0};
    write_entries(first, 3);
    /* The first run begins at the end, and remembers that. */
    struct net *t = journal_new("all", false);
    net_until(t, t->in->type->drained(t->in));
    ck_assert_uint_eq(t->n, 0);
    in_journal.positions(t->in, put_row, &put);
    in_journal.positions(t->in, put_row, &put);
    ck_assert_uint_eq(put.n, 1);
    ck_assert(input_is(&t->opt, slice_str(put.input)));
    const struct position kept = {.input = slice_str(put.input), .blob = slice_str(put.blob)};
    net_free(t);

    write_entries(second, 2);
    t = journal_new("all", false);
    in_journal.restore(t->in, &kept, 1);
    net_until(t, t->in->type->drained(t->in));
    ck_assert_uint_eq(t->n, 2);
    entry_is(t, 0, "MESSAGE", "three");
    in_journal.positions(t->in, put_row, &later);
    ck_assert_uint_eq(later.n, 1);
    ck_assert_str_eq(later.input, put.input);
    ck_assert_str_ne(later.blob, put.blob);
    net_free(t);

    /* One that means nothing here: what comes after it is read, never nothing. */
    struct position lost = kept;
    lost.blob = SLICE(
        "cursor1 s=0123456789abcdef0123456789abcdef;i=1;b=0123456789abcdef0123456789abcde0;m=1;t=60a1c3e0d2000;x=1");
    t = journal_new("all", false);
    in_journal.restore(t->in, &lost, 1);
    net_until(t, t->in->type->drained(t->in));
    ck_assert_uint_eq(t->n, 5);
    net_free(t);
    lost.blob = SLICE("cursor1 nonsense");
    t = journal_new("all", false);
    in_journal.restore(t->in, &lost, 1);
    net_until(t, t->in->type->drained(t->in));
    ck_assert_uint_eq(t->n, 0);
    put_free(&put);
    put_free(&later);
    net_free(t);
}
END_TEST

START_TEST(bounds)
{
    char *entry[3];
    char *field = xmalloc(40001), *message = xmalloc(200001);
    memset(field, 'f', 40000);
    memset(message, 'm', 200000);
    field[40000] = message[200000] = '\0';
    entry[0] = xasprintf("MESSAGE=%s\nLONG=%s\nSHORT=x", message, field);
    entry[1] = xasprintf("MESSAGE=mine\n_PID=%d", getpid());
    entry[2] = xasprintf("MESSAGE=last");
    write_entries((const char *const *)entry, 3);
    struct net *t = journal_new("all", true);
    net_until(t, t->n == 2);
    entry_is(t, 0, "SHORT", "x");
    ck_assert_ptr_null(strstr(t->msg[0].text, "LONG"));
    ck_assert_uint_gt(t->msg[0].truncated_bytes, 0);
    ck_assert_uint_lt(t->msg[0].n, 70000);
    entry_is(t, 1, "MESSAGE", "last");
    net_free(t);
    for (int i = 0; i < 3; i++)
        free(entry[i]);
    free(field);
    free(message);
}
END_TEST

static void pausing_message(void *u, const struct message *m)
{
    struct net *t = u;
    net_message(u, m);
    t->in->type->pause(t->in, true);
}

START_TEST(pause_between_entries)
{
    struct put put = {0};
    write_entries(first, 3);
    struct net *t = net_new(INPUT_JOURNAL, INPUT_UDP);
    t->sink.message = pausing_message;
    free(t->opt.text);
    t->opt.text = xstrdup("all");
    t->opt.from_start = true;
    t->in = journal_open(t->base, &t->opt, &t->sink, folder, &t->diag);
    char *last = xstrdup("");
    for (size_t i = 1; i <= 3; i++) {
        net_until(t, t->n == i);
        for (int turn = 0; turn < 5; turn++)
            event_base_loop(t->base, EVLOOP_NONBLOCK);
        ck_assert_uint_eq(t->n, i);
        in_journal.positions(t->in, put_row, &put);
        ck_assert_uint_eq(put.n, i);
        ck_assert_str_ne(put.blob, last);
        free(last);
        last = xstrdup(put.blob);
        t->in->type->pause(t->in, false);
    }
    put_free(&put);
    free(last);
    net_free(t);
}
END_TEST

static void setup(void)
{
    strcpy(folder, "/tmp/crumbd-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void teardown(void)
{
    char *command = xasprintf("rm -rf '%s'", folder);
    ck_assert_int_eq(system(command), 0);
    free(command);
}

int main(void)
{
    if (!event_writer()) {
        puts("SKIP journal: systemd-journal-remote writes the files and is not there (Debian: apt-get install "
             "systemd-journal-remote)");
        return 77;
    }
    Suite *s = suite_create("journal");
    TCase *c = tcase_create("journal");
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, entries);
    tcase_add_test(c, awaited);
    tcase_add_test(c, one_unit);
    tcase_add_test(c, cursor);
    tcase_add_test(c, bounds);
    tcase_add_test(c, pause_between_entries);
    suite_add_tcase(s, c);
    return unit_run(s);
}

#else

int main(void)
{
    puts("SKIP journal: built without libsystemd");
    return 77;
}

#endif
