/* Whose log a file is: paths, Docker's config.v2.json, and what records show of it. */
#include "tests/unit/unit.h"

#include "parsers/container.h"
#include "parsers/parser.h"

static struct record r;

static bool parse(struct arena *a, enum format f, struct slice raw)
{
    struct parse_ctx ctx = {.arena = a, .last_us = RECORD_NO_TIME};
    record_init(&r, f, raw);
    return parser_parse(f, &ctx, &r);
}

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

START_TEST(paths_tell_the_container)
{
    static const struct {
        const char *path, *name, *pod, *uid, *namespace, *id, *app;
    } cases[] = {
        {"/var/log/pods/prod_shop-7d4b9c6f5-abcde_0a1b-c2/web/0.log", "web", "shop-7d4b9c6f5-abcde", "0a1b-c2", "prod",
         "", "web"},
        {"/host/var/log/pods/prod_a.b_u/web/12.log.20240506-070809", "web", "a.b", "u", "prod", "", "web"},
        {"/var/log/containers/shop-1_prod_my-web-" ID ".log", "my-web", "shop-1", "", "prod", ID, "my-web"},
        {"/var/lib/docker/containers/" ID "/" ID "-json.log", "0123456789ab", "", "", "", ID, ""},
        {"containers/" ID "/" ID "-json.log.2", "0123456789ab", "", "", "", ID, ""},
        {"/var/log/pods/prod_shop_u_x/web/0.log", NULL, NULL, NULL, NULL, NULL, NULL},
        {"/var/log/pods/prod_shop/web/0.log", NULL, NULL, NULL, NULL, NULL, NULL},
        {"/var/log/pods/prod_shop_u/web/error.log", NULL, NULL, NULL, NULL, NULL, NULL},
        {"/var/log/pods/prod_shop_u/web/0.logs", NULL, NULL, NULL, NULL, NULL, NULL},
        {"/var/log/containers/shop-1_prod_web-0123.log", NULL, NULL, NULL, NULL, NULL, NULL},
        {"/var/lib/docker/containers/" ID "/other-json.log", NULL, NULL, NULL, NULL, NULL, NULL},
        {"/var/log/nginx/error.log", NULL, NULL, NULL, NULL, NULL, NULL},
        {"0.log", NULL, NULL, NULL, NULL, NULL, NULL},
        {"", NULL, NULL, NULL, NULL, NULL, NULL},
        {"///", NULL, NULL, NULL, NULL, NULL, NULL},
        {"-.log", NULL, NULL, NULL, NULL, NULL, NULL},
    };
    struct arena a = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct container c = {0};
        ck_assert_msg(container_from_path(&c, &a, slice_str(cases[i].path)) == (cases[i].name != NULL), "%s",
                      cases[i].path);
        if (!cases[i].name)
            continue;
        container_finish(&c);
        ck_slice(container_get(&c, SLICE("container")), cases[i].name);
        ck_slice(container_get(&c, SLICE("pod")), cases[i].pod);
        ck_slice(container_get(&c, SLICE("pod_uid")), cases[i].uid);
        ck_slice(container_get(&c, SLICE("namespace")), cases[i].namespace);
        ck_slice(container_get(&c, SLICE("container_id")), cases[i].id);
        ck_slice(c.app, cases[i].app);
    }
    arena_done(&a);
}
END_TEST

START_TEST(docker_tells_the_rest)
{
    static const char config[] =
        "{\"ID\":\"" ID "\",\"Name\":\"/shop-web-2\",\"Image\":\"sha256:0123\",\"Config\":{\"Hostname\":\"x\","
        "\"Env\":[\"SECRET=1\"],\"Image\":\"nginx:1.25\",\"Labels\":{\"com.docker.compose.service\":\"web\",\"a\":"
        "\"b\"}},"
        "\"NetworkSettings\":{\"Name\":\"no\"}}";
    static const char pod[] =
        "{\"Name\":\"/k8s_web_shop-1_prod_u_0\",\"Config\":{\"Labels\":{\"io.kubernetes.container.name\":\"web\","
        "\"io.kubernetes.pod.name\":\"shop-1\",\"io.kubernetes.pod.namespace\":\"prod\",\"io.kubernetes.pod.uid\":"
        "\"u\"}}}";
    struct arena a = {0}, b = {0};
    struct container c = {0};
    container_from_path(&c, &a, SLICE(ID "/" ID "-json.log"));
    struct container unnamed = c, in_pod = c;
    container_from_config(&c, &a, slice_str(config));
    container_finish(&c);
    const struct container *kept = container_keep(&b, &c);
    arena_done(&a);
    ck_slice(container_get(kept, SLICE("container")), "shop-web-2");
    ck_slice(container_get(kept, SLICE("image")), "nginx:1.25");
    ck_slice(container_get(kept, SLICE("label.a")), "b");
    ck_slice(container_get(kept, SLICE("label.none")), "");
    ck_slice(kept->app, "web");
    ck_assert_uint_eq(kept->n_labels, 2);
    container_from_config(&in_pod, &b, slice_str(pod));
    container_finish(&in_pod);
    ck_slice(container_get(&in_pod, SLICE("container")), "web");
    ck_slice(container_get(&in_pod, SLICE("pod")), "shop-1");
    ck_slice(container_get(&in_pod, SLICE("namespace")), "prod");
    ck_slice(in_pod.app, "web");
    /* The container that takes its place after a crash writes into the same story. */
    struct container next = in_pod;
    next.id = SLICE("another");
    ck_assert_uint_eq(container_key(&next), container_key(&in_pod));
    ck_assert_uint_ne(container_key(kept), container_key(&in_pod));
    /* Broken or strange: what is known stays. */
    static const char *const bad[] = {"", "{", "[]", "{\"Name\":7,\"Config\":[]}",
                                      "{\"Name\":\"x\",\"Config\":{\"Labels\":"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct container broken = unnamed;
        container_from_config(&broken, &b, slice_str(bad[i]));
        ck_assert_uint_eq(broken.name.n, 0);
    }
    arena_done(&b);
}
END_TEST

START_TEST(labels_are_bounded)
{
    struct arena a = {0};
    struct container c = {0};
    struct sbuf b;
    sbuf_init(&b, 1 << 20);
    sbuf_addf(&b, "{\"Config\":{\"Labels\":{\"first\":\"%0*d\"", 5000, 1);
    for (int i = 0; i < 1000; i++)
        sbuf_addf(&b, ",\"l%d\":\"x\"", i);
    sbuf_addf(&b, "}},\"Name\":\"/n\"}");
    container_from_config(&c, &a, sbuf_slice(&b));
    ck_assert_uint_eq(c.n_labels, CONTAINER_LABELS_MAX);
    ck_assert_uint_eq(c.labels[0].value.n, CONTAINER_TEXT_MAX);
    ck_slice(c.name, "n");
    sbuf_done(&b);
    arena_done(&a);
}
END_TEST

/* What rules and `parse` see, for a container's file and for Docker's GELF driver. */
START_TEST(records_know_their_container)
{
    struct arena a = {0};
    struct sbuf out;
    struct container c = {.name = SLICE("web"), .pod = SLICE("shop-1"), .namespace = SLICE("prod")};
    sbuf_init(&out, 10000);
    ck_assert(parse(&a, FORMAT_JSON, SLICE("{\"msg\":\"m\",\"pod\":\"other\",\"image\":\"cat.png\"}")));
    ck_slice(record_get(&r, SLICE("pod")), "other");
    ck_slice(record_runs_in(&r, SLICE("pod")), "");
    r.container = &c;
    ck_slice(record_get(&r, SLICE("pod")), "shop-1");
    ck_slice(record_get(&r, SLICE("image")), "cat.png");
    ck_slice(record_get(&r, SLICE("message")), "m");
    record_json(&r, &out);
    ck_assert_ptr_nonnull(
        strstr(sbuf_cstr(&out), "\"fields\":{\"container\":\"web\",\"pod\":\"shop-1\",\"namespace\":\"prod\","));
    ck_assert_ptr_null(strstr(sbuf_cstr(&out), "other"));
    ck_assert(parse(&a, FORMAT_GELF,
                    SLICE("{\"host\":\"h\",\"short_message\":\"m\",\"_container_name\":\"/db\",\"_image_name\":"
                          "\"postgres:16\"}")));
    ck_slice(record_get(&r, SLICE("container")), "db");
    ck_slice(record_get(&r, SLICE("image")), "postgres:16");
    ck_slice(record_get(&r, SLICE("pod")), "");
    sbuf_done(&out);
    arena_done(&a);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("container");
    TCase *t = tcase_create("container");
    tcase_add_test(t, paths_tell_the_container);
    tcase_add_test(t, docker_tells_the_rest);
    tcase_add_test(t, labels_are_bounded);
    tcase_add_test(t, records_know_their_container);
    suite_add_tcase(s, t);
    return unit_run(s);
}
