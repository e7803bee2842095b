#include "tests/unit/unit.h"

#include <stdio.h>

#include "core/log_template.h"

/* Message, template. */
static void shows(const char *msg, const char *want)
{
    struct log_template m;
    log_template_init(&m);
    log_template_message(slice_str(msg), &m);
    struct slice got = sbuf_slice(&m.text);
    ck_assert_msg(slice_is(got, want), "'%s'\n gave '%.*s'\n want '%s'", msg, SLICE_ARG(got), want);
    log_template_done(&m);
}

/* All messages of the NULL-ended list give one template. */
static void group(const char *const *msgs)
{
    struct log_template a, b;
    log_template_init(&a);
    log_template_init(&b);
    log_template_message(slice_str(msgs[0]), &a);
    for (int i = 1; msgs[i]; i++) {
        log_template_message(slice_str(msgs[i]), &b);
        ck_assert_msg(slice_eq(sbuf_slice(&a.text), sbuf_slice(&b.text)), "'%s': %.*s\n'%s': %.*s", msgs[0],
                      SLICE_ARG(sbuf_slice(&a.text)), msgs[i], SLICE_ARG(sbuf_slice(&b.text)));
    }
    log_template_done(&a);
    log_template_done(&b);
}

#define GROUP(...) group((const char *const[]){__VA_ARGS__, NULL})

START_TEST(kinds)
{
    shows("retry 3 of 10, next in 250ms", "retry <num> of <num>, next in <duration>");
    shows("took 1.5 s, 2 minutes, 1h2m3.5s", "took <duration>");
    shows("free 12 GB of 64G, 99.5% used", "free <size> of <size>, <num>% used");
    shows("at 0x7ffd1c00, code -7", "at <hex>, code <num>");
    shows("commit 9f86d081884c7d65 by dev@example.org", "commit <num> by <email>");
    shows("order 6f1d7c2e-90ab-4cde-8f01-23456789abcd lost", "order <uuid> lost");
    shows("peer 198.51.100.7:443 and [2001:db8::7]:443, ::1, 10.0.0.0/8", "peer <addr> and <addr>");
    shows("lookup db-3.prod.example.com: no answer", "lookup <addr>: no answer");
    shows("lease for 00:1b:44:11:3a:b7 gone", "lease for <mac> gone");
    shows("peer fe80::a gone, std::fade stays", "peer <addr> gone, std::fade stays");
    shows("GET https://example.org/a?b=c,d&e=1. Done", "GET <url>. Done");
    shows("cannot stat /srv/app/cache/f81d.tmp: gone", "cannot stat <path>: gone");
    shows("in C:\\Program Files (x86)\\Acme\\x.dll, line 4", "in <path>, line <num>");
    shows("Windows\\System32\\drivers\\x.sys is gone", "<path> is gone");
    shows("Uncaught Shop\\Payment\\Model\\Declined: no", "Uncaught Shop\\Payment\\Model\\Declined: no");
    shows("Uncaught \\Shop\\Declined, yii\\db\\mysql\\DbException",
          "Uncaught \\Shop\\Declined, yii\\db\\mysql\\DbException");
    shows("Shop\\\\Payment\\\\Model\\\\Declined(code: 0)", "Shop\\\\Payment\\\\Model\\\\Declined(code: <num>)");
    shows("src/core/x.c:12: bad, not input/output and n/a", "<path>: bad, not input/output and n/a");
    shows("upgraded 1.2.3 to 1.2.4-rc1, v2.0", "upgraded <version> to <version>-rc<num>, <version>");
    shows("no such key 'sess:41' in \"store\"", "no such key '<quoted>' in \"<quoted>\"");
    shows("\"POST /pay?id=4 HTTP/1.1\" failed", "\"POST <path>\" failed");
    shows("cache enabled: true", "cache enabled: <bool>");
}
END_TEST

START_TEST(times)
{
    GROUP("since 2024-05-06 07:08:09 no beat", "since 2024-05-06T07:08:09.123+02:00 no beat",
          "since Mon May  6 07:08:09 2024 no beat", "since 06/May/2024:07:08:09 +0000 no beat",
          "since May 6, 2024 no beat", "since 20240506T070809Z no beat", "since 6 May 2024 07:08 no beat",
          "since 7:08 PM no beat", "since 2024/5/6 no beat", "since Mon, 06 May 2024 07:08:09 GMT no beat");
    shows("May the force, Sun and Mon 3", "May the force, Sun and Mon <num>");
    shows("lifetime <1 sec", "lifetime <time>");
    shows("ratio 3:2 at line:12:5", "ratio <num> at line:<num>");
}
END_TEST

START_TEST(names_keep_their_letters)
{
    shows("http-nio-8080-exec-4 and pool-1-thread-7 hang",
          "http-nio-<num>-exec-<num> and pool-<num>-thread-<num> hang");
    shows("job_17_0001 waits for blk_-99", "<id> waits for blk_<num>");
    shows("ssh2 over HTTP/1.1 with sha256", "ssh2 over HTTP/1.1 with sha256");
    shows("Slf4jLogger.init2() of Http2Server$Handler", "Slf4jLogger.init2() of Http2Server$Handler");
    shows("ORA-00942: no table [MY-010584]", "ORA-00942: no table [MY-010584]");
    shows("org.apache.Foo says job.id of index.pl", "org.apache.Foo says job.id of index.pl");
    shows("AH00035: access to /x denied, AH00035", "AH00035: access to <path> denied, AH<num>");
    GROUP("pod web-6d4cf56db6-x8k2p died", "pod web-xkzpqvbn7-bcdfg died", "pod web-7f9c4cb7d5-4fj2z died");
    GROUP("eth0 down", "eth12 down");
    GROUP("part a1b2-1234 bad", "part 1234-a1b2 bad");
    GROUP("token 9f4ef63 gone", "token a64f992 gone", "token 1234567 gone");
}
END_TEST

START_TEST(users_and_pairs)
{
    shows("Failed password for root from 203.0.113.9 port 22", "Failed password for <user> from <addr> port <num>");
    shows("Failed password for invalid user bob from host", "Failed password for invalid user <user> from host");
    shows("user user [x], user unknown, user  x", "user <user> [x], user unknown, user <user>");
    shows("uid=0 tty= rhost=203.0.113.9 user=x", "uid=<*> tty= rhost=<*> user=<*>");
    GROUP("closed peer=203.0.113.9", "closed peer=a.example.net", "closed peer=\"x y\"", "closed peer=Sock(fd:4)");
    shows("a==b x=>y n = 4 k!=v", "a==b x=>y n = <num> k!=v");
    GROUP("auth failed: user=<bob>, rip=192.0.2.1", "auth failed: user=<>, rip=192.0.2.1",
          "auth failed: user=<b@example.org>, rip=::1");
    shows("login failed for bob from 192.0.2.1, for data from x",
          "login failed for <user> from <addr>, for data from x");
    shows("check failed for user (root), user: bob, ip", "check failed for user (<user>), user: <user>, ip");
    shows("no user: timeout", "no user: timeout");
    GROUP("invalid user  from 192.0.2.1", "invalid user bob from 192.0.2.1");
    GROUP("invalid user  [preauth]", "invalid user bob [preauth]");
    shows("opened for user bob(uid=7) by eve(uid=0), LOGIN(uid=0)",
          "opened for user <user>(uid=<*>) by <user>(uid=<*>), LOGIN(uid=<*>)");
    shows("denied for user 'bob'@'192.0.2.1' now", "denied for user '<quoted>'@'<quoted>' now");
    /* What tells messages apart is not hidden behind its key. */
    shows("level=error msg=\"lost node 7\" id=4", "level=error msg=\"lost node <num>\" id=<*>");
    shows("code=H10 code=503", "code=H10 code=<*>");
    shows("{\"level\":\"error\",\"msg\":\"no disk 4\",\"user\":\"bob\",\"n\":12.5}",
          "{\"level\":\"error\",\"msg\":\"no disk <num>\",\"user\":\"<quoted>\",\"n\":<num>}");
}
END_TEST

START_TEST(what_is_encoded)
{
    GROUP("RSA SHA256:q2Zp8wRr+1/kTt0LmVx3yA7eUuHhGgJjKk4 for x",
          "RSA SHA256:AbCdEf0123456789AbCdEf0123456789abcdEfg for x");
    GROUP("token eyJhbGciOiJI.eyJzdWIi.q-R_7x expired", "token eyJ0eXAiOiJK.eyJpc3Mi.0-8_zz expired");
    GROUP("nonce 7Gq+aB3/xYz0ppQw9LmN/4 used", "nonce Zz1/Kk+QqR2sTuVwX3yZaB used");
    shows("key AKXQJZ7WBCDEFGHIJKLM of UTF8Decoder", "key <id> of UTF8Decoder");
    shows("sha256:9f86d081884c7d659a2feaa0 stays as it was", "sha256:<num> stays as it was");
}
END_TEST

START_TEST(one_thing_in_two_forms)
{
    GROUP("peer [2001:db8::5]:8080 gone", "peer 192.0.2.5:8080 gone", "peer [192.0.2.5]:22 gone");
    GROUP("from web[2001:db8::5] now", "from web[192.0.2.5] now");
    GROUP("net 2001:db8::/48 full", "net 192.0.2.0/24 full");
    GROUP("sent 12 bytes of it", "sent 1301 bytes (1.3 KB) of it", "sent 2 MB of it");
    GROUP("listens on :: port 22", "listens on 0.0.0.0 port 22");
    GROUP("to [::]:443 now", "to 0.0.0.0:443 now");
    GROUP("lost db-3:5432 now", "lost db-3.example.com:5432 now", "lost 192.0.2.7:5432 now");
    shows("timeout-ms:5000 at error2:12", "timeout-ms:<num> at error<num>");
    GROUP("curl.exe - quits", "wget.exe *64 - quits");
    GROUP("ok:true", "ok:false");
    GROUP("start org.example.app/.Main now", "start org.example.app/org.example.Other now");
    GROUP("state=Lock{17 main} x", "state=null x");
    shows("curl.exe quits - why", "curl.exe quits - why");
}
END_TEST

START_TEST(quotes_that_speak)
{
    shows("peer said \"connection 7 reset by peer\" to 'my post'",
          "peer said \"connection <num> reset by peer\" to '<quoted>'");
    shows("x='not found here' y='my title'", "x='not found here' y=<*>");
    shows("no such table \"errors\"", "no such table \"<quoted>\"");
}
END_TEST

START_TEST(lists)
{
    GROUP("drop 1, 2, 3 now", "drop 4 now", "drop 5,6 now", "drop 7-9 now");
    GROUP("ask 10.0.0.1 for blk_1 blk_-2 blk_3", "ask 10.0.0.1 for blk_9");
    GROUP("from 192.0.2.1 (a.example.com) ok", "from 192.0.2.7 () ok", "from 192.0.2.8 (192.0.2.8) ok");
    GROUP("[req-7f3a0c22 4711 90ab - - -] spawned", "[req-0b1c - - - - -] spawned", "[-] spawned");
    shows("[12] [x - -] up", "[<num>] [x - -] up");
    GROUP("at 1702  2395 D x", "at 1702 12395 D x");
    GROUP("on R63-L0-U09-D bit", "on R23-M0-NE-C:J05-U01 bit", "on R1-C2 bit");
    GROUP("rpm ( 3000 3100 **** )", "rpm ( **** 3100 2999 )");
}
END_TEST

START_TEST(white_space_and_lines)
{
    shows("  a \t b\x1b[1;31mc\x1b[0m  ", "a bc");
    shows("", "");
    shows(" \n\t ", "");
    shows("one 1\n\n\n  two 2\nthree", "one <num>\ntwo <num>");
    shows("\"quoted as a whole 7\"", "\"quoted as a whole <num>\"");
    shows("it's can't won't, 'open", "it's can't won't, 'open");
    shows("größe 7 für Zoë", "größe <num> für Zoë");
}
END_TEST

START_TEST(params)
{
    struct log_template m;
    struct sbuf b;
    log_template_init(&m);
    sbuf_init(&b, 256);
    log_template_message(SLICE("disk 7 at 93% of 1, 2 for 'x y' k=v"), &m);
    ck_assert_uint_eq(m.n_params, 5);
    ck_slice(m.params[0].value, "7");
    ck_slice(m.params[1].value, "93");
    ck_slice(m.params[2].value, "1, 2");
    ck_slice(m.params[3].value, "x y");
    ck_slice(m.params[4].value, "v");
    log_template_percent(&m, &b);
    ck_assert_str_eq(sbuf_cstr(&b), "disk %s at %s%% of %s for '%s' k=%s");
    log_template_message(SLICE("100 %"), &m);
    sbuf_reset(&b);
    log_template_percent(&m, &b);
    ck_assert_str_eq(sbuf_cstr(&b), "%s %%");
    sbuf_done(&b);
    log_template_done(&m);
}
END_TEST

START_TEST(bounds)
{
    /* More values than are kept, more text than fits: like messages still give like templates. */
    static char text[2][70000];
    struct log_template m[2];
    for (int k = 0; k < 2; k++) {
        size_t n = 0;
        for (int i = 0; n < sizeof text[k] - 64; i++)
            n += (size_t)snprintf(text[k] + n, 64, "w\xc3\xb6rd %d x ", k ? i * 7919 : i);
        log_template_init(&m[k]);
        log_template_message(slice_of(text[k], n), &m[k]);
        ck_assert_uint_eq(m[k].n_params, LOG_TEMPLATE_PARAMS_MAX);
        ck_assert_uint_le(m[k].text.n, LOG_TEMPLATE_TEXT_MAX);
        ck_assert_uint_gt(m[k].text.n, LOG_TEMPLATE_TEXT_MAX - 16);
    }
    ck_assert(slice_eq(sbuf_slice(&m[0].text), sbuf_slice(&m[1].text)));
    log_template_done(&m[0]);
    log_template_done(&m[1]);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("mask");
    TCase *t = tcase_create("mask");
    tcase_add_test(t, kinds);
    tcase_add_test(t, times);
    tcase_add_test(t, names_keep_their_letters);
    tcase_add_test(t, users_and_pairs);
    tcase_add_test(t, what_is_encoded);
    tcase_add_test(t, one_thing_in_two_forms);
    tcase_add_test(t, quotes_that_speak);
    tcase_add_test(t, lists);
    tcase_add_test(t, white_space_and_lines);
    tcase_add_test(t, params);
    tcase_add_test(t, bounds);
    suite_add_tcase(s, t);
    return unit_run(s);
}
