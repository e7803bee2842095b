/* Templates of notifications: whatever a log says stays inside the string, the parameter or the header it stands in. */
#include "tests/unit/unit.h"

#include "core/notification.h"
#include "text/json.h"

static struct scrubbed own(const char *text)
{
    return scrubbed_vouch(slice_str(text));
}

static struct notification issue(const char *title)
{
    return (struct notification){.kind = NOTIFICATION_NEW_ISSUE,
                                 .id = "00112233445566778899aabbccddeeff",
                                 .time_us = INT64_C(1700000000123456),
                                 .issue = 0xabc,
                                 .event_id = "ffeeddccbbaa99887766554433221100",
                                 .title = own(title),
                                 .level = own("error"),
                                 .project = own("shop"),
                                 .host = own("web-1"),
                                 .input = own("/var/log/a.log")};
}

static const struct notification_secret secrets[] = {{SLICE("token"), SLICE("a/b\"c")}};

static void is(const char *template, const struct notification *n, enum notification_notation notation,
               const char *want)
{
    struct sbuf out;
    sbuf_init(&out, NOTIFICATION_BYTES_MAX);
    notification_fill(slice_str(template), n, secrets, 1, notation, &out);
    ck_assert_str_eq(sbuf_cstr(&out), want);
    sbuf_done(&out);
}

START_TEST(names_and_notations)
{
    struct notification n = issue("a \"b\" \\ <c> & d\n\x1b[31me\xe2\x80\xae %f");
    is("{\"t\": \"{title}\", \"n\": {\"x\": {}}}", &n, NOTIFICATION_JSON,
       "{\"t\": \"a \\\"b\\\" \\\\ <c> & d\\ne  %f\", \"n\": {\"x\": {}}}");
    is("{html.title}", &n, NOTIFICATION_JSON, "a \\\"b\\\" \\\\ &lt;c&gt; &amp; d\\ne  %f");
    is("/x?t={title}", &n, NOTIFICATION_URL, "/x?t=a%20%22b%22%20%5C%20%3Cc%3E%20%26%20d%0Ae%20%20%25f");
    is("T {title}", &n, NOTIFICATION_LINE, "T a \"b\" \\ <c> & d e  %f");
    is("{title}", &n, NOTIFICATION_PLAIN, "a \"b\" \\ <c> & d\ne  %f");
    is("{secret.token}", &n, NOTIFICATION_JSON, "a/b\\\"c");
    is("{secret.token}", &n, NOTIFICATION_URL, "a/b\"c");
    is("{on} {level} {host} {project} {issue} {event} {input} {id}", &n, NOTIFICATION_PLAIN,
       "new-issue error web-1 shop 0000000000000abc ffeeddccbbaa99887766554433221100 /var/log/a.log "
       "00112233445566778899aabbccddeeff");
    is("{time}", &n, NOTIFICATION_PLAIN, "2023-11-14T22:13:20.123Z");
    is("{ title} {} {{title}} {title", &n, NOTIFICATION_LINE, "{ title} {} {a \"b\" \\ <c> & d e  %f} {title");
}
END_TEST

START_TEST(sentences)
{
    struct notification n = issue("it fails");
    is("{text}", &n, NOTIFICATION_PLAIN, "New issue on web-1: it fails (error, project shop)");
    n.kind = NOTIFICATION_REGRESSION;
    n.project = own("");
    n.held = 3;
    is("{text}", &n, NOTIFICATION_PLAIN, "Seen again on web-1: it fails (error) (3 before it were held back)");
    struct notification lost = {.kind = NOTIFICATION_LOSSES, .about = own("dead 3"), .event_id = ""};
    is("{text}|{issue}|{event}|{level}|{title}", &lost, NOTIFICATION_PLAIN,
       "crumbd: lost: dead 3|||warning|crumbd: lost: dead 3");
}
END_TEST

/* Any bytes, in any place of a JSON body: it is JSON of the same shape, and the text is what was cut and cleaned. */
START_TEST(hostile_values)
{
    char title[9000];
    srandom(7);
    for (int round = 0; round < 300; round++) {
        size_t size = (size_t)random() % (sizeof title - 1);
        for (size_t i = 0; i < size; i++)
            title[i] = (char)(random() % 255 + 1);
        title[size] = '\0';
        struct notification n = issue(title);
        struct sbuf out;
        struct arena a = {0};
        sbuf_init(&out, NOTIFICATION_BYTES_MAX);
        notification_fill(SLICE("{\"a\": \"{title}{text}\", \"b\": [\"{html.title}\"]}"), &n, NULL, 0,
                          NOTIFICATION_JSON, &out);
        ck_assert(!out.over);
        const struct json_node *tree = json_tree(&a, sbuf_slice(&out));
        ck_assert(tree && tree->type == JSON_MAP && tree->child->next && !tree->child->next->next);
        sbuf_reset(&out);
        notification_fill(SLICE("{title}"), &n, NULL, 0, NOTIFICATION_LINE, &out);
        for (size_t i = 0; i < out.n; i++)
            ck_assert((unsigned char)out.p[i] >= ' ' && out.p[i] != 0x7f);
        arena_done(&a);
        sbuf_done(&out);
    }
}
END_TEST

START_TEST(names_that_stand_for_nothing)
{
    ck_slice(notification_unknown(SLICE("{\"a\": {\"b\": \"{titel}\"}}"), NULL, 0), "titel");
    ck_slice(notification_unknown(SLICE("{secret.token} {secret.other}"), secrets, 1), "secret.other");
    ck_assert_ptr_null(notification_unknown(SLICE("{title} {html.text} {secret.token} {} {\"x\"}"), secrets, 1).p);
    ck_assert_str_eq(notification_nearest(SLICE("titel")), "title");
}
END_TEST

START_TEST(notation_by_type)
{
    ck_assert_int_eq(notification_notation_of(SLICE("application/JSON; charset=utf-8")), NOTIFICATION_JSON);
    ck_assert_int_eq(notification_notation_of(SLICE("application/cloudevents+json")), NOTIFICATION_JSON);
    ck_assert_int_eq(notification_notation_of(SLICE("application/x-www-form-urlencoded")), NOTIFICATION_URL);
    ck_assert_int_eq(notification_notation_of(SLICE("text/plain")), NOTIFICATION_PLAIN);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("notification");
    TCase *t = tcase_create("notification");
    tcase_add_test(t, names_and_notations);
    tcase_add_test(t, sentences);
    tcase_add_test(t, hostile_values);
    tcase_add_test(t, names_that_stand_for_nothing);
    tcase_add_test(t, notation_by_type);
    suite_add_tcase(s, t);
    return unit_run(s);
}
