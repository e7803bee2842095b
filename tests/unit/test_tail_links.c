/*
 * Folders that others may write, and links of all kinds, as a tail meets them: who put a name there decides whether
 * it is followed, and which container it is. Users are made by their numbers, so this needs root.
 */
#include "tests/unit/tail.h"

#include "parsers/container.h"

enum { MALLORY = 40001, APP = 40002 };

static void own(struct rig *r, const char *name, uid_t owner)
{
    ck_assert_int_eq(fchownat(AT_FDCWD, rig_path(r, name), owner, owner, AT_SYMLINK_NOFOLLOW), 0);
}

static void make_folder(struct rig *r, const char *name, uid_t owner, mode_t mode)
{
    ck_assert_int_eq(mkdir(rig_path(r, name), 0700), 0);
    own(r, name, owner);
    ck_assert_int_eq(chmod(rig_path(r, name), mode), 0);
}

static void make_link(struct rig *r, const char *target, const char *name, uid_t owner)
{
    ck_assert_int_eq(symlink(target, rig_path(r, name)), 0);
    own(r, name, owner);
}

/* In one step, as deployments do it. */
static void relink(struct rig *r, const char *target, const char *name, uid_t owner)
{
    make_link(r, target, "next", owner);
    rig_rename(r, "next", name);
}

static struct tail *tail_of(struct rig *r)
{
    return (struct tail *)r->in;
}

/* A tail of logs/ below the rig's folder, which mallory owns; secret.txt is root's. */
static struct rig *begin(const char *pattern, int mode)
{
    struct rig *r = rig_new(pattern, mode);
    ck_assert_int_eq(chmod(r->dir, 0755), 0);
    make_folder(r, "logs", MALLORY, 0755);
    rig_append(r, "secret.txt", "root:hash\n");
    chmod(rig_path(r, "secret.txt"), 0600);
    return r;
}

START_TEST(a_link_to_what_is_not_hers)
{
    struct rig *r = begin("logs/*.log", _i);
    make_link(r, "../secret.txt", "logs/a.log", MALLORY);
    rig_append(r, "logs/b.log", "one\n");
    own(r, "logs/b.log", MALLORY);
    rig_start(r);
    rig_expect_only(r, "one|");
    ck_assert_uint_eq(r->counts.v[COUNT_files_refused], 1);
    ck_assert_uint_eq(r->in->unreadable, 1);
    ck_assert_uint_eq(r->in->files, 1);
    ck_assert(r->in->changed);
    ck_assert_str_eq(strrchr(r->in->trouble.text, '/'), "/a.log: a symbolic link of somebody else's");
    rig_settle(r);
    ck_assert_uint_eq(r->counts.v[COUNT_files_refused], 1);
    /* Under a name of a file that is read: that one is read to its end, and nothing else. */
    relink(r, "../secret.txt", "logs/b.log", MALLORY);
    rig_settle(r);
    ck_assert_str_eq(rig_all(r), "one|");
    ck_assert_uint_eq(r->counts.v[COUNT_files_refused], 2);
    /* What takes its place is a file like any other. */
    unlink(rig_path(r, "logs/a.log"));
    rig_append(r, "logs/a.log", "two\n");
    rig_expect_only(r, "one|two|");
    ck_assert_uint_eq(r->in->unreadable, 1);
    rig_free(r);
}
END_TEST

/* Through the search for rotated files, copies and renamed ones as well. */
START_TEST(a_link_named_as_rotated)
{
    struct rig *r = begin("logs/a.log", _i);
    rig_append(r, "logs/a.log", "%0200d\n", 1);
    own(r, "logs/a.log", MALLORY);
    rig_start(r);
    rig_until(r, r->n == 1);
    /* The same head as what was read, so that it would be taken for the copy. */
    rig_copy(r, "logs/a.log", "secret.txt");
    rig_append(r, "secret.txt", "root:hash\n");
    make_link(r, "../secret.txt", "logs/a.log.1", MALLORY);
    rig_truncate(r, "logs/a.log");
    rig_append(r, "logs/a.log", "two\n");
    rig_until(r, r->n == 2);
    rig_settle(r);
    ck_assert_uint_eq(r->n, 2);
    ck_assert_str_eq(r->msg[1].text, "two");
    rig_commit(r);
    rig_stop(r);
    rig_copy(r, "logs/a.log", "secret.txt");
    rig_append(r, "secret.txt", "root:hash\n");
    unlink(rig_path(r, "logs/a.log"));
    relink(r, "../secret.txt", "logs/a.log", MALLORY);
    rig_start(r);
    rig_settle(r);
    ck_assert_uint_eq(r->n, 2);
    rig_free(r);
}
END_TEST

START_TEST(a_folder_that_is_a_link)
{
    struct rig *r = begin("logs/*/*.log", _i);
    make_folder(r, "roots", 0, 0700);
    rig_append(r, "roots/x.log", "secret\n");
    make_folder(r, "hers", MALLORY, 0755);
    rig_append(r, "hers/x.log", "one\n");
    own(r, "hers/x.log", MALLORY);
    make_link(r, "../roots", "logs/app", MALLORY);
    make_link(r, "../hers", "logs/link", MALLORY);
    rig_start(r);
    rig_expect_only(r, "one|");
    ck_assert_uint_eq(r->counts.v[COUNT_files_refused], 1);
    ck_assert_uint_eq(r->in->unreadable, 1);
    rig_append(r, "hers/x.log", "two\n");
    rig_expect_only(r, "one|two|");
    rig_free(r);
}
END_TEST

START_TEST(a_fixed_path_over_a_link)
{
    struct rig *r = begin("logs/app/x.log", _i);
    make_folder(r, "roots", 0, 0700);
    rig_append(r, "roots/x.log", "secret\n");
    make_link(r, "../roots", "logs/app", MALLORY);
    rig_start(r);
    rig_settle(r);
    rig_append(r, "roots/x.log", "more\n");
    rig_settle(r);
    ck_assert_uint_eq(r->n, 0);
    ck_assert_uint_eq(r->counts.v[COUNT_files_refused], 1);
    relink(r, "../roots", "logs/app", 0);
    rig_expect_only(r, "secret|more|");
    ck_assert_uint_eq(r->in->unreadable, 0);
    rig_free(r);
}
END_TEST

/* current -> app-2026-11-29.log, both the application's; its logger moves the link at midnight. */
START_TEST(a_link_of_the_logs_own_user)
{
    struct rig *r = rig_new("logs/current", _i);
    ck_assert_int_eq(chmod(r->dir, 0755), 0);
    make_folder(r, "logs", APP, 0755);
    rig_append(r, "logs/app-2026-11-29.log", "one\n");
    own(r, "logs/app-2026-11-29.log", APP);
    make_link(r, "app-2026-11-29.log", "logs/current", APP);
    rig_start(r);
    rig_expect_only(r, "one|");
    rig_append(r, "logs/app-2026-11-29.log", "two\n");
    rig_append(r, "logs/app-2026-11-30.log", "three\n");
    own(r, "logs/app-2026-11-30.log", APP);
    relink(r, "app-2026-11-30.log", "logs/current", APP);
    rig_until(r, r->n == 3);
    rig_append(r, "logs/app-2026-11-30.log", "four\n");
    rig_until(r, r->n == 4);
    rig_settle(r);
    ck_assert_uint_eq(r->n, 4);
    ck_assert_str_eq(r->msg[3].text, "four");
    ck_assert_uint_eq(r->counts.v[COUNT_files_refused], 0);
    rig_free(r);
}
END_TEST

START_TEST(a_second_name)
{
    struct rig *r = rig_new("logs/*.log", _i);
    ck_assert_int_eq(chmod(r->dir, 0755), 0);
    make_folder(r, "logs", APP, 0775);
    rig_append(r, "hers", "secret\n");
    own(r, "hers", MALLORY);
    ck_assert_int_eq(link(rig_path(r, "hers"), rig_path(r, "logs/a.log")), 0);
    rig_append(r, "logs/b.log", "one\n");
    own(r, "logs/b.log", MALLORY);
    rig_start(r);
    rig_expect_only(r, "one|");
    ck_assert_uint_eq(r->counts.v[COUNT_files_refused], 1);
    /* One that is read goes on, whoever gives it another name. */
    ck_assert_int_eq(link(rig_path(r, "logs/b.log"), rig_path(r, "other")), 0);
    rig_settle(r);
    rig_append(r, "logs/b.log", "two\n");
    rig_expect_only(r, "one|two|");
    rig_free(r);
}
END_TEST

/* More links than anyone has: the first are followed, and a file that is read goes on being read. */
START_TEST(links_without_number)
{
    enum { LINKS = 4100 };
    char name[32];
    struct rig *r = rig_new("*.log", _i);
    rig_append(r, "target", "one\n");
    make_link(r, "target", "z.log", geteuid());
    rig_start(r);
    rig_expect_only(r, "one|");
    for (int i = 0; i < LINKS; i++) {
        snprintf(name, sizeof name, "%d.log", i);
        make_link(r, "target", name, geteuid());
    }
    rig_settle(r);
    ck_assert_uint_eq(r->in->unreadable, 1);
    rig_append(r, "target", "two\n");
    rig_append(r, "plain.log", "three\n");
    rig_until(r, r->n == 3);
    ck_assert_uint_eq(TAILQ_FIRST(&tail_of(r)->files)->rotated, false);
    rig_free(r);
}
END_TEST

START_TEST(the_store_is_no_log)
{
    struct rig *r = rig_new("*", _i);
    rig_append(r, "crumbd.db", "store\n");
    rig_append(r, "crumbd.db-wal", "wal\n");
    rig_append(r, "a.log", "one\n");
    make_link(r, "crumbd.db-wal", "link.log", 0);
    safe_own(rig_path(r, "crumbd.db"));
    rig_start(r);
    rig_expect_only(r, "one|");
    ck_assert_uint_eq(r->counts.v[COUNT_files_refused], 3);
    safe_disown(rig_path(r, "crumbd.db"));
    rig_free(r);
}
END_TEST

/* ---- rings ---- */

/* Whoever takes another's name, or leaves it, mixes no lines: a file's lines and no others share their ring. */
START_TEST(rings_go_by_file)
{
    struct rig *r = rig_new("*.log", _i);
    rig_append(r, "a.log", "1\n");
    rig_start(r);
    rig_until(r, r->n == 1);
    rig_rename(r, "a.log", "b.log");
    rig_append(r, "a.log", "2\n");
    rig_until(r, r->n == 2);
    rig_append(r, "b.log", "3\n");
    rig_until(r, r->n == 3);
    rig_append(r, "a.log", "4\n");
    rig_until(r, r->n == 4);
    make_link(r, "a.log", "c.log", 0);
    rig_settle(r);
    rig_append(r, "a.log", "5\n");
    rig_until(r, r->n == 5);
    ck_assert(r->msg[0].ring == r->msg[2].ring && r->msg[1].ring == r->msg[3].ring && r->msg[3].ring == r->msg[4].ring);
    ck_assert_uint_ne(r->msg[0].ring, r->msg[1].ring);
    /* It is the same one after a restart. */
    rig_commit(r);
    rig_stop(r);
    rig_append(r, "b.log", "6\n");
    rig_start(r);
    rig_until(r, r->n == 6);
    ck_assert_uint_eq(r->msg[5].ring, r->msg[0].ring);
    rig_free(r);
}
END_TEST

/* ---- containers ---- */

static const char pod_log[] = "2026-11-23T10:00:00Z stdout F one\n";

static void check_pod(const char *folder, uid_t owner, mode_t mode, bool known)
{
    struct rig *r = rig_new("x/pods/*/*/*.log", 0);
    ck_assert_int_eq(chmod(r->dir, 0755), 0);
    make_folder(r, "x", 0, 0755);
    make_folder(r, "x/pods", 0, 0755);
    make_folder(r, "x/pods/prod_shop-1_uid", 0, 0755);
    make_folder(r, "x/pods/prod_shop-1_uid/web", 0, 0755);
    rig_append(r, "x/pods/prod_shop-1_uid/web/0.log", "%s", pod_log);
    own(r, folder, owner);
    ck_assert_int_eq(chmod(rig_path(r, folder), mode), 0);
    rig_start(r);
    rig_until(r, r->n == 1);
    ck_assert_msg(r->msg[0].in_container == known, "%s %o", folder, mode);
    ck_assert_int_eq(r->msg[0].ring == r->msg[0].key, !known);
    rig_free(r);
}

START_TEST(a_path_tells_the_container_where_only_root_may_write)
{
    check_pod("x", 0, 0755, true);
    check_pod("x/pods/prod_shop-1_uid/web", 0, 0700, true);
    check_pod("x", 0, 0777, false);
    check_pod("x", MALLORY, 0755, false);
    check_pod("x", 0, 01777, true); /* what root has put there nobody can move */
    check_pod("x/pods/prod_shop-1_uid", 0, 0775, false);
    check_pod("x/pods/prod_shop-1_uid/web", MALLORY, 0755, false);
    check_pod("x/pods/prod_shop-1_uid/web", 0, 01777, false);
}
END_TEST

/* The host's file system, mounted in a container: Ubuntu's /var/log is its group's, and the kubelet's folder in it is
 * root's. */
static void check_mounted(uid_t owner, mode_t mode, bool known)
{
    struct rig *r = rig_new("host/var/log/pods/*/*/*.log", 0);
    ck_assert_int_eq(chmod(r->dir, 0755), 0);
    make_folder(r, "host", owner, mode);
    make_folder(r, "host/var", 0, 0755);
    make_folder(r, "host/var/log", 0, 0775);
    make_folder(r, "host/var/log/pods", 0, 0755);
    make_folder(r, "host/var/log/pods/prod_shop-1_uid", 0, 0755);
    make_folder(r, "host/var/log/pods/prod_shop-1_uid/web", 0, 0755);
    rig_append(r, "host/var/log/pods/prod_shop-1_uid/web/0.log", "%s", pod_log);
    rig_start(r);
    rig_until(r, r->n == 1);
    ck_assert_int_eq(r->msg[0].in_container, known);
    rig_free(r);
}

START_TEST(a_mounted_host_is_believed)
{
    check_mounted(0, 0755, true);
    check_mounted(0, 0775, false);
    check_mounted(MALLORY, 0755, false);
}
END_TEST

/* Her folder is laid out like the kubelet's, and a link of hers leads from there to a file of hers. */
START_TEST(a_link_tells_no_container)
{
    struct rig *r = rig_new("*/*/*/*.log", _i);
    ck_assert_int_eq(chmod(r->dir, 0755), 0);
    make_folder(r, "pods", MALLORY, 0755);
    make_folder(r, "pods/kube-system_dns_uid", MALLORY, 0755);
    make_folder(r, "pods/kube-system_dns_uid/dns", MALLORY, 0755);
    rig_append(r, "hers", "%s", pod_log);
    own(r, "hers", MALLORY);
    make_link(r, "../../../hers", "pods/kube-system_dns_uid/dns/0.log", MALLORY);
    rig_start(r);
    rig_until(r, r->n == 1);
    ck_assert(!r->msg[0].in_container);
    rig_free(r);
}
END_TEST

/* /var/log/containers -> /var/log/pods -> Docker's folder, all of it root's: the names of all three count. */
START_TEST(links_of_kubelet_and_docker)
{
    static const char id[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    struct rig *r = rig_new("containers/*.log", _i);
    char name[160], link_name[160];
    ck_assert_int_eq(chmod(r->dir, 0755), 0);
    make_folder(r, "docker", 0, 0710);
    snprintf(name, sizeof name, "docker/%s", id);
    make_folder(r, name, 0, 0710);
    snprintf(name, sizeof name, "docker/%s/config.v2.json", id);
    rig_append(r, name, "{\"Name\":\"/k8s_web\",\"Config\":{\"Image\":\"shop:1.2\"}}");
    snprintf(name, sizeof name, "docker/%s/%s-json.log", id, id);
    rig_append(r, name, "{\"log\":\"one\\n\",\"stream\":\"stderr\",\"time\":\"2026-11-23T10:00:00Z\"}\n");
    make_folder(r, "pods", 0, 0755);
    make_folder(r, "pods/prod_shop-1_uid", 0, 0755);
    make_folder(r, "pods/prod_shop-1_uid/web", 0, 0755);
    make_link(r, rig_path(r, name), "pods/prod_shop-1_uid/web/0.log", 0);
    make_folder(r, "containers", 0, 0755);
    snprintf(link_name, sizeof link_name, "containers/shop-1_prod_web-%s.log", id);
    make_link(r, rig_path(r, "pods/prod_shop-1_uid/web/0.log"), link_name, 0);
    rig_start(r);
    rig_until(r, r->n == 1);
    const struct container *c = TAILQ_FIRST(&tail_of(r)->files)->stream.container;
    ck_assert_ptr_nonnull(c);
    ck_slice(c->pod, "shop-1");
    ck_slice(c->namespace, "prod");
    ck_slice(c->image, "shop:1.2");
    ck_slice(c->id, id);
    ck_assert_uint_eq(r->counts.v[COUNT_files_refused], 0);
    rig_free(r);
}
END_TEST

/* ---- folders ---- */

/* Each once, also those above, and those that a link leads to. */
START_TEST(folders_that_others_may_write_are_noted)
{
    struct rig *r = rig_new("logs/*.log", _i);
    ck_assert_int_eq(chmod(r->dir, 0755), 0);
    make_folder(r, "logs", 0, 0755);
    make_folder(r, "shared", 0, 01777);
    make_folder(r, "group", APP, 0775);
    make_folder(r, "group/logs", 0, 0755);
    rig_append(r, "group/logs/x.log", "two\n");
    rig_append(r, "shared/x.log", "one\n");
    make_link(r, "../shared/x.log", "logs/a.log", 0);
    make_link(r, "../group/logs/x.log", "logs/b.log", 0);
    rig_start(r);
    rig_until(r, r->n == 2);
    /* /tmp, shared and group. */
    struct stat st;
    ck_assert_int_eq(stat("/tmp", &st), 0);
    unsigned above = safe_shared(&st);
    ck_assert_uint_eq(tail_of(r)->shared.n, 2 + above);
    rig_settle(r);
    ck_assert_uint_eq(tail_of(r)->shared.n, 2 + above);
    ck_assert_uint_eq(tail_of(r)->shared_news.n, 0);
    rig_free(r);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("tail_links");
    TCase *t = tcase_create("tail_links"), *root = tcase_create("users");
    tcase_set_timeout(t, 60);
    tcase_set_timeout(root, 60);
    tcase_add_loop_test(t, rings_go_by_file, 0, 2);
    tcase_add_loop_test(root, a_link_to_what_is_not_hers, 0, 2);
    tcase_add_loop_test(root, a_link_named_as_rotated, 0, 2);
    tcase_add_loop_test(root, a_folder_that_is_a_link, 0, 2);
    tcase_add_loop_test(root, a_fixed_path_over_a_link, 0, 2);
    tcase_add_loop_test(root, a_link_of_the_logs_own_user, 0, 2);
    tcase_add_loop_test(root, a_second_name, 0, 2);
    tcase_add_loop_test(t, links_without_number, 0, 2);
    tcase_add_loop_test(root, the_store_is_no_log, 0, 2);
    tcase_add_test(root, a_path_tells_the_container_where_only_root_may_write);
    tcase_add_test(root, a_mounted_host_is_believed);
    tcase_add_loop_test(root, a_link_tells_no_container, 0, 2);
    tcase_add_loop_test(root, links_of_kubelet_and_docker, 0, 2);
    tcase_add_loop_test(root, folders_that_others_may_write_are_noted, 0, 2);
    suite_add_tcase(s, t);
    if (geteuid() == 0)
        suite_add_tcase(s, root);
    else
        puts("SKIPPED: links of other users: only root can make files of theirs");
    int status = unit_run(s);
    return status == 0 && geteuid() != 0 ? 77 : status; /* Automake's word for skipped */
}
