/* How far a partition has been judged, as text; how far back another reader begins, and one who had it before. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "io/partition.h"

START_TEST(text_and_back)
{
    struct partition_position at = {
        .offset = 1000, .low = 17, .cut = true, .time_us = INT64_C(1795428000000000), .cluster = 5};
    struct partition_position back;
    struct sbuf text;
    sbuf_init(&text, PARTITION_POSITION_TEXT_MAX);
    for (unsigned n = 0; n <= PARTITION_BEGINS_MAX; n += 32) {
        for (unsigned i = 0; i < n; i++)
            at.begins[i] = 17 + 2 * i;
        at.n_begins = n;
        sbuf_reset(&text);
        partition_position_write(&at, &text);
        ck_assert(partition_position_read(sbuf_slice(&text), 1000, &back));
        ck_assert_uint_eq(back.low, 17);
        ck_assert_uint_eq(back.n_begins, n);
        ck_assert_int_eq(back.time_us, at.time_us);
        ck_assert_mem_eq(back.begins, at.begins, n * sizeof *at.begins);
    }
    /* Whatever stands in it, it fits what a broker takes (offset.metadata.max.bytes, 4096). */
    memset(&at, 0xff, sizeof at);
    at.cut = true;
    at.n_begins = PARTITION_BEGINS_MAX;
    sbuf_reset(&text);
    partition_position_write(&at, &text);
    ck_assert(!text.over);
    sbuf_done(&text);
}
END_TEST

START_TEST(no_place)
{
    static const char *const texts[] = {"",
                                        "a consumer's own words",
                                        "kafka1",
                                        "kafka1 1 2 0 3",
                                        "kafka1 1 2 0 3 0 ",
                                        "kafka1 1 b 0 3 0",
                                        "kafka1 1 2 2 3 0",
                                        "kafka1 1 2 0 8000000000000000 0",
                                        "kafka1 1 2 0 3 1",
                                        "kafka1 1 2 0 3 1 1",
                                        "kafka1 1 2 0 3 1 a",
                                        "kafka1 1 2 0 3 2 4 4",
                                        "kafka1 1 2 0 3 41 3",
                                        "kafka1 1 2 0 3 1 4 5",
                                        "kafka1 1 2 0 3 1 X"};
    struct partition_position at = {.offset = 77};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        ck_assert_msg(!partition_position_read(slice_str(texts[i]), 10, &at), "%s", texts[i]);
    ck_assert_uint_eq(at.offset, 77);
    ck_assert(partition_position_read(SLICE("kafka1 1 2 0 3 1 4"), 10, &at));
}
END_TEST

/* As far as a time, or a number of messages, or of bytes. */
START_TEST(how_far_back)
{
    static struct partition_trail t;
    bool cut;
    memset(&t, 0, sizeof t);
    ck_assert_uint_eq(partition_trail_low(&t, 0, 5, &cut), 5);
    for (uint64_t i = 0; i < 50000; i++)
        partition_trail_add(&t, 3 * i, (int64_t)i, 100); /* offsets have gaps */
    uint64_t low = partition_trail_low(&t, 49000, 150000, &cut);
    ck_assert(!cut);
    ck_assert_uint_le(low, 3 * 49000);
    ck_assert_uint_ge(low, 3 * (49000 - 2 * PARTITION_MARK_MESSAGES));
    low = partition_trail_low(&t, 0, 150000, &cut);
    ck_assert(cut);
    ck_assert_uint_ge(low, 3 * (50000 - PARTITION_BACK_MESSAGES));
    ck_assert_uint_le(low, 3 * (50000 - PARTITION_BACK_MESSAGES + PARTITION_MARK_MESSAGES));
    memset(&t, 0, sizeof t);
    for (uint64_t i = 0; i < 1000; i++)
        partition_trail_add(&t, i, (int64_t)i, 1 << 20);
    low = partition_trail_low(&t, 0, 1000, &cut);
    ck_assert(cut);
    ck_assert_uint_ge(low, 990);
    ck_assert_uint_le(low, 991);
}
END_TEST

/* What has not gone far back is not cut, and one that begins behind what is asked for begins there. */
START_TEST(all_of_it)
{
    static struct partition_trail t;
    bool cut;
    memset(&t, 0, sizeof t);
    for (uint64_t i = 500; i < 600; i++)
        partition_trail_add(&t, i, (int64_t)i, 10);
    ck_assert_uint_eq(partition_trail_low(&t, 0, 600, &cut), 500);
    ck_assert(!cut);
    ck_assert_uint_eq(partition_trail_low(&t, 0, 400, &cut), 400);
}
END_TEST

static void read_messages(struct partition *p, int64_t from, int64_t to)
{
    for (; from < to; from++)
        partition_took(p, &(struct kafka_message){.offset = from, .time_us = 1000 * from, .value = SLICE("line")});
}

/* Taken away and given back. What another has judged meanwhile is read once more with what breadcrumbs reach back to;
 * where nobody has, nothing is. */
START_TEST(comes_back)
{
    const struct input_options opt = {.kind = INPUT_KAFKA, .text = (char[]){"kafka"}};
    static const struct {
        const char *label, *text; /* beside the committed offset */
        int64_t committed;
        bool anew;
        uint64_t goes_on, from;
    } rows[] = {
        {"another went on", "kafka1 5 8a 0 5 0", 150, true, 150, 138},
        {"and waits for lines after one that was read here, too", "kafka1 5 5a 0 5 1 5a", 150, true, 150, 90},
        {"it is as it was left", "kafka1 5 a 0 5 1 a", 100, false, 100, 100},
        {"another did not commit", "kafka1 5 a 0 5 0", 70, false, 100, 100},
        {"nobody has committed", "", -1, false, 100, 100},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct partition *p = partition_new("logs", 3, "cluster", &opt);
        const struct kafka_at first = {.topic = "logs", .partition = 3, .offset = 50};
        ck_assert(partition_go_on(p, &first, NULL) && p->anew);
        read_messages(p, (int64_t)p->read_to, 100);
        const struct kafka_at at = {
            .topic = "logs", .partition = 3, .offset = rows[i].committed, .text = slice_str(rows[i].text)};
        ck_assert(partition_go_on(p, &at, NULL));
        ck_assert_msg(p->anew == rows[i].anew, "%s", rows[i].label);
        ck_assert_msg(p->place.offset == rows[i].goes_on && p->read_to == rows[i].from, "%s: %ju from %ju",
                      rows[i].label, (uintmax_t)p->place.offset, (uintmax_t)p->read_to);
        partition_free(p);
    }
    /* Taken away before it was read to where it had been judged: there are holes in what is remembered. */
    struct partition *p = partition_new("logs", 3, "cluster", &opt);
    const struct kafka_at at = {.offset = 150, .text = SLICE("kafka1 5 8a 0 5 0")};
    ck_assert(partition_go_on(p, &at, NULL));
    read_messages(p, 138, 140);
    ck_assert(partition_go_on(p, &at, NULL) && p->anew);
    ck_assert_uint_eq(p->read_to, 138);
    partition_free(p);
}
END_TEST

/* A crumbd that ended let go what it held and stored that, and could not commit it any more; or another did meanwhile.
 */
START_TEST(at_one_offset)
{
    const struct input_options opt = {.kind = INPUT_KAFKA, .text = (char[]){"kafka"}};
    const struct kafka_at holds = {.offset = 100, .text = SLICE("kafka1 5 5a 0 5 1 5a")},
                          none = {.offset = 100, .text = SLICE("kafka1 5 5a 0 5 0")};
    struct partition *p = partition_new("logs", 3, "cluster", &opt);
    struct partition_position known = {.offset = 100, .low = 80, .cluster = p->place.cluster};
    ck_assert(partition_go_on(p, &holds, NULL));
    ck_assert_int_eq(partition_reading(p, 90), MESSAGE_RESUMED);
    p->begun = false;
    ck_assert(partition_go_on(p, &holds, &known));
    ck_assert_int_eq(partition_reading(p, 90), MESSAGE_AGAIN);
    known.begins[known.n_begins++] = 90;
    p->begun = false;
    ck_assert(partition_go_on(p, &none, &known));
    ck_assert_int_eq(partition_reading(p, 90), MESSAGE_AGAIN);
    partition_free(p);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("partition_position");
    TCase *t = tcase_create("partition_position");
    tcase_add_test(t, text_and_back);
    tcase_add_test(t, no_place);
    tcase_add_test(t, how_far_back);
    tcase_add_test(t, all_of_it);
    tcase_add_test(t, comes_back);
    tcase_add_test(t, at_one_offset);
    suite_add_tcase(s, t);
    return unit_run(s);
}
