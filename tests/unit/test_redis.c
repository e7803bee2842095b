/* Entries of Redis streams: their ids, their messages, what is acknowledged and what is lost; answers of Redis. */
#include "tests/unit/unit.h"

#include "io/redis_entry.h"
#include "io/redis_remedy.h"
#include "io/redis_stream.h"

/* --- what to do about them --- */

START_TEST(each_refusal_has_its_remedy)
{
    static const struct {
        const char *why, *says;
    } of[] = {
        {"LOADING Redis is loading the dataset in memory", "is asked again"},
        {"MOVED 3999 127.0.0.1:6381", "not part of a cluster"},
        {"OOM command not allowed when used memory > 'maxmemory'.", "raise its maxmemory"},
        {"s0: OOM command not allowed, on @user_script:1.", "raise its maxmemory"},
        {"READONLY You can't write against a read only replica.", "address of the master"},
        {"NOSCRIPT No matching script. Please use EVAL.", "loaded again"},
        {"WRONGPASS invalid username-password pair or user is disabled.", "password_file"},
        {"ERR unknown command 'XAUTOCLAIM'", "newer Redis"},
        {"ERR the BOOM of a TASK in a ROOM", "can be reached from here"},
        {"", "can be reached from here"},
    };
    for (unsigned i = 0; i < sizeof of / sizeof *of; i++)
        ck_assert_msg(strstr(redis_remedy(of[i].why), of[i].says), "%s: %s", of[i].why, redis_remedy(of[i].why));
}
END_TEST

/* --- answers --- */

static char said[4096];

static void print(const struct redis_value *v, struct sbuf *out)
{
    switch (v->type) {
    case REDIS_NIL:
        sbuf_adds(out, SLICE("nil"));
        break;
    case REDIS_INTEGER:
        sbuf_addf(out, "%lld", (long long)v->number);
        break;
    case REDIS_ARRAY:
        sbuf_adds(out, SLICE("["));
        for (unsigned i = 0; i < v->n; i++) {
            sbuf_adds(out, SLICE(" "));
            print(v->items[i], out);
        }
        sbuf_adds(out, SLICE(" ]"));
        break;
    default:
        sbuf_addf(out, "%d:%.*s", (int)v->type, SLICE_ARG(v->text));
    }
}

static bool on_answer(void *u, const struct redis_value *v)
{
    struct sbuf *out = u;
    print(v, out);
    sbuf_adds(out, SLICE(";"));
    return true;
}

static const char *read_all(const char *bytes, size_t n, size_t piece, const char **wrong)
{
    struct sbuf out;
    struct redis_reader *r = redis_reader_new(4096);
    sbuf_init(&out, sizeof said);
    *wrong = NULL;
    for (size_t at = 0; r && !*wrong && at < n; at += piece)
        *wrong = redis_reader_feed(r, slice_sub(slice_of(bytes, n), at, at + piece), on_answer, &out);
    snprintf(said, sizeof said, "%s", out.n ? sbuf_cstr(&out) : "");
    sbuf_done(&out);
    redis_reader_free(r);
    return said;
}

START_TEST(answers_in_any_pieces)
{
    static const char bytes[] =
        "+OK\r\n:12\r\n-ERR no\r\n$3\r\na\r\n\r\n$-1\r\n*-1\r\n*3\r\n:1\r\n*1\r\n$0\r\n\r\n$1\r\nx\r\n";
    const char *wrong;
    for (size_t piece = 1; piece <= sizeof bytes; piece++) {
        ck_assert_str_eq(read_all(bytes, sizeof bytes - 1, piece, &wrong),
                         "3:OK;12;4:ERR no;2:a\r\n;nil;nil;[ 1 [ 2: ] 2:x ];");
        ck_assert_ptr_null(wrong);
    }
}
END_TEST

START_TEST(answers_that_are_none)
{
    static const char *const bad[] = {"hello\r\n", "*2147483647\r\n", "$-5\r\nabc",
                                      "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", ":99999999999999999999\r\n"};
    const char *wrong;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        read_all(bad[i], strlen(bad[i]), 3, &wrong);
        ck_assert_msg(wrong != NULL || i == 4, "%s", bad[i]);
    }
    read_all("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", 32, 3, &wrong);
    ck_assert_ptr_null(wrong);
    ck_assert_str_eq(said, "[ [ [ [ [ [ [ 1 ] ] ] ] ] ] ];");
    char *large = malloc(100000);
    memset(large, 'x', 100000);
    memcpy(large, "$99999\r\n", 8);
    read_all(large, 100000, 1000, &wrong);
    ck_assert_str_eq(wrong, "an answer is too large");
    free(large);
}
END_TEST

/* --- ids --- */

START_TEST(ids_are_offsets_that_rise)
{
    static const char *const ids[] = {
        "0-0", "0-1", "1-0", "1700000000000-0", "1700000000000-1", "1700000000001-0", "4398046511103-1048575"};
    uint64_t before = 0, offset;
    char id[REDIS_ID_MAX];
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        ck_assert(redis_stream_offset(slice_str(ids[i]), &offset));
        ck_assert(i == 0 || offset > before);
        ck_assert_uint_lt(offset, INT64_MAX);
        redis_stream_id(offset, id);
        ck_assert_str_eq(id, ids[i]);
        before = offset;
    }
    static const char *const bad[] = {
        "", "-", "1", "1-", "-1", "a-b", "1-1-1", "4398046511104-0", "1-1048576", "18446744073709551616-0", " 1-1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!redis_stream_offset(slice_str(bad[i]), &offset), "%s", bad[i]);
}
END_TEST

/* --- what is acknowledged --- */

START_TEST(only_what_is_stored_is_acknowledged)
{
    char text[] = "redis:g:s";
    struct input_options opt = {.kind = INPUT_REDIS, .text = text};
    struct redis_stream *s = redis_stream_new("s", "g");
    uint64_t offset;
    s->part = partition_new("s", 0, "cluster", &opt);
    for (uint64_t i = 1; i <= 5; i++)
        redis_stream_took(s, i * 10);
    redis_stream_took(s, 50); /* handed out twice */
    ck_assert(!redis_stream_next_ack(s, &offset));
    s->part->row = (struct partition_position){.offset = 41, .begins = {30}, .n_begins = 1};
    ck_assert(redis_stream_next_ack(s, &offset) && offset == 10);
    ck_assert(redis_stream_next_ack(s, &offset) && offset == 20);
    ck_assert(!redis_stream_next_ack(s, &offset)); /* 30 waits for the lines after it */
    redis_stream_acked(s);
    s->part->row.n_begins = 0;
    ck_assert(redis_stream_next_ack(s, &offset) && offset == 30);
    ck_assert(redis_stream_next_ack(s, &offset) && offset == 40);
    ck_assert(!redis_stream_next_ack(s, &offset)); /* 50 is not stored */
    redis_stream_acked(s);
    ck_assert_uint_eq(s->n_unacked, 1);
    redis_stream_free(s);
}
END_TEST

START_TEST(what_is_trimmed_is_counted_once)
{
    struct redis_stream *s = redis_stream_new("s", "g");
    ck_assert_uint_eq(redis_stream_caught_up(s, 100), 0); /* what was before is not known */
    s->judged = 50;
    ck_assert_uint_eq(redis_stream_caught_up(s, 150), 0);
    ck_assert_uint_eq(redis_stream_caught_up(s, 157), 7);
    ck_assert_uint_eq(redis_stream_caught_up(s, 157), 0);
    ck_assert_uint_eq(redis_stream_caught_up(s, 10), 0); /* it was made anew */
    redis_stream_free(s);
}
END_TEST

/* --- messages --- */

static struct slice message(struct redis_entries *e, const char *const *texts, struct field *v, unsigned *n)
{
    static struct redis_value values[16], *items[16], fields;
    fields = (struct redis_value){.type = REDIS_ARRAY, .items = items};
    for (unsigned i = 0; texts[i]; i++) {
        values[i] = (struct redis_value){.type = REDIS_STRING, .text = slice_str(texts[i])};
        items[i] = &values[i];
        fields.n++;
    }
    return redis_entry_message(e, "s", &fields, v, n);
}

START_TEST(messages_of_entries)
{
    struct redis_entries e;
    struct field v[REDIS_FIELDS];
    unsigned n;
    redis_entries_init(&e, "message", 4096);
    ck_slice(message(&e, (const char *const[]){"message", "a", "host", "h", NULL}, v, &n), "a");
    ck_assert_uint_eq(n, 2);
    ck_slice(v[0].name, "redis.stream");
    ck_slice(v[1].name, "redis.host");
    ck_slice(v[1].value, "h");
    ck_slice(message(&e, (const char *const[]){"x", "only", NULL}, v, &n), "only");
    ck_slice(message(&e, (const char *const[]){"level", "error", "msg", "a \"b\"", NULL}, v, &n),
             "{\"level\":\"error\",\"msg\":\"a \\\"b\\\"\"}");
    ck_assert_uint_eq(n, 1);
    ck_slice(message(&e, (const char *const[]){"host", "h", "message", "", "odd", NULL}, v, &n), "");
    redis_entries_done(&e);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("redis");
    TCase *t = tcase_create("redis");
    if (redis_is_built_in()) {
        tcase_add_test(t, each_refusal_has_its_remedy);
        tcase_add_test(t, answers_in_any_pieces);
        tcase_add_test(t, answers_that_are_none);
    }
    tcase_add_test(t, ids_are_offsets_that_rise);
    tcase_add_test(t, only_what_is_stored_is_acknowledged);
    tcase_add_test(t, what_is_trimmed_is_counted_once);
    tcase_add_test(t, messages_of_entries);
    suite_add_tcase(s, t);
    return unit_run(s);
}
