#include "tests/unit/unit.h"

#include <stdio.h>

#include "parsers/parser.h"

static struct arena arena;
static struct record r;

/* 2026-11-23 10:00:00 UTC */
#define NOW (INT64_C(1795428000) * STAMP_SECOND)

static bool parse_at(struct slice raw, int64_t now_us)
{
    struct parse_ctx ctx = {.arena = &arena, .now_us = now_us, .last_us = RECORD_NO_TIME};
    record_init(&r, FORMAT_SYSLOG, raw);
    return parser_parse(FORMAT_SYSLOG, &ctx, &r);
}

static bool parse(const char *raw)
{
    return parse_at(slice_str(raw), NOW);
}

static const struct {
    const char *raw, *time, *host, *app, *procid, *message;
    enum level level;
    const char *field, *value;
} dialects[] = {
    /* glibc, musl: no host */
    {"<27>Nov 23 09:59:58 shop[812]: no disk", "2026-11-23T09:59:58.000Z", "", "shop", "812", "no disk", LEVEL_ERROR,
     NULL, NULL},
    {"<27>Nov  3 09:59:58 shop: no disk", "2026-11-03T09:59:58.000Z", "", "shop", "", "no disk", LEVEL_ERROR, NULL,
     NULL},
    /* journalctl -o short-full, short-iso, short-precise, short-unix, short-monotonic, with-unit */
    {"Mon 2026-11-23 09:59:58 UTC web-1 shop[812]: no disk", "2026-11-23T09:59:58.000Z", "web-1", "shop", "812",
     "no disk", LEVEL_NONE, NULL, NULL},
    {"Mon 2026-11-23 09:59:58 CET web-1 shop[812]: no disk", "2026-11-23T08:59:58.000Z", "web-1", "shop", "812",
     "no disk", LEVEL_NONE, NULL, NULL},
    {"2026-11-23T09:59:58+0000 web-1 shop[812]: no disk", "2026-11-23T09:59:58.000Z", "web-1", "shop", "812", "no disk",
     LEVEL_NONE, NULL, NULL},
    {"Nov 23 09:59:58.123456 web-1 shop[812]: no disk", "2026-11-23T09:59:58.123Z", "web-1", "shop", "812", "no disk",
     LEVEL_NONE, NULL, NULL},
    {"1795427998.123456 web-1 shop[812]: no disk", "2026-11-23T09:59:58.123Z", "web-1", "shop", "812", "no disk",
     LEVEL_NONE, NULL, NULL},
    {"[   12.345678] web-1 shop[812]: no disk", "", "web-1", "shop", "812", "no disk", LEVEL_NONE, "uptime",
     "12.345678"},
    {"Mon 2026-11-23 09:59:58 UTC web-1 user@1000.service/shop.service[812]: no disk", "2026-11-23T09:59:58.000Z",
     "web-1", "shop", "812", "no disk", LEVEL_NONE, NULL, NULL},
    {"Mon 2026-11-23 09:59:58 UTC web-1 init.scope[1]: Started shop.", "2026-11-23T09:59:58.000Z", "web-1", "systemd",
     "1", "Started shop.", LEVEL_NONE, NULL, NULL},
    /* dmesg: as it is, -T, -x, -H, -d, and with who printed the line */
    {"[  162.544690] XFS (dm-1): Mounting", "", "", "kernel", "", "XFS (dm-1): Mounting", LEVEL_NONE, "uptime",
     "162.544690"},
    {"[Mon Nov 23 09:59:58 2026] XFS (dm-1): Mounting", "2026-11-23T09:59:58.000Z", "", "kernel", "",
     "XFS (dm-1): Mounting", LEVEL_NONE, NULL, NULL},
    {"[Mon Nov  2 09:59:58 2026] ata1.00: exception", "2026-11-02T09:59:58.000Z", "", "kernel", "",
     "ata1.00: exception", LEVEL_NONE, NULL, NULL},
    {"kern  :err   : [  162.544690] ata1.00: exception", "", "", "kernel", "", "ata1.00: exception", LEVEL_ERROR,
     "uptime", "162.544690"},
    {"daemon:info  : [Mon Nov 23 09:59:58 2026] systemd[1]: hello", "2026-11-23T09:59:58.000Z", "", "kernel", "",
     "systemd[1]: hello", LEVEL_INFO, NULL, NULL},
    {"[  +0.000010] ata1.00: exception", "", "", "kernel", "", "ata1.00: exception", LEVEL_NONE, NULL, NULL},
    {"[Nov23 09:59] ata1.00: exception", "", "", "kernel", "", "ata1.00: exception", LEVEL_NONE, NULL, NULL},
    {"[  162.544690 <    0.000010>] ata1.00: exception", "", "", "kernel", "", "ata1.00: exception", LEVEL_NONE,
     "uptime", "162.544690"},
    {"[  162.544690][   T17] ata1.00: exception", "", "", "kernel", "", "ata1.00: exception", LEVEL_NONE, "uptime",
     "162.544690"},
    {"<3>[  162.544690][    C0] ata1.00: exception", "", "", "kernel", "", "ata1.00: exception", LEVEL_ERROR, "uptime",
     "162.544690"},
    {"[   162.544] (EE) of Xorg", "", "", "", "", "[   162.544] (EE) of Xorg", LEVEL_NONE, NULL, NULL},
    {"[Mon Nov 23 09:59:58 2026] shop.cgi: of a script", "2026-11-23T09:59:58.000Z", "", "", "",
     "shop.cgi: of a script", LEVEL_NONE, NULL, NULL},
    /* heroku logs */
    {"2026-11-23T09:59:58.123456+00:00 app[web.1]: no disk", "2026-11-23T09:59:58.123Z", "", "app", "web.1", "no disk",
     LEVEL_NONE, NULL, NULL},
    {"2026-11-23T09:59:58.123456+00:00 heroku[router]: at=error code=H12", "2026-11-23T09:59:58.123Z", "", "heroku",
     "router", "at=error code=H12", LEVEL_NONE, NULL, NULL},
    /* util-linux logger */
    {"<13>Nov 23 09:59:58 web-1 root: hello", "2026-11-23T09:59:58.000Z", "web-1", "root", "", "hello", LEVEL_INFO,
     NULL, NULL},
    {"<13>1 2026-11-23T09:59:58.123456+01:00 web-1 root - - [timeQuality tzKnown=\"1\" isSynced=\"0\"] hello",
     "2026-11-23T08:59:58.123Z", "web-1", "root", "", "hello", LEVEL_INFO, "timeQuality.tzKnown", "1"},
    /* tags */
    {"<22>Nov 23 09:59:58 mx postfix/smtpd[99]: connect", "2026-11-23T09:59:58.000Z", "mx", "postfix/smtpd", "99",
     "connect", LEVEL_INFO, NULL, NULL},
    {"<11>Nov 23 09:59:58 h app[thread 7]: x", "2026-11-23T09:59:58.000Z", "h", "app", "thread 7", "x", LEVEL_ERROR,
     NULL, NULL},
    {"<11>Nov 23 09:59:58 h Foo::Bar[1]: x", "2026-11-23T09:59:58.000Z", "h", "Foo::Bar", "1", "x", LEVEL_ERROR, NULL,
     NULL},
    {"<11>Nov 23 09:59:58 h app:no space", "2026-11-23T09:59:58.000Z", "h", "app", "", "no space", LEVEL_ERROR, NULL,
     NULL},
    {"<11>Nov 23 09:59:58 h key=value other=x", "2026-11-23T09:59:58.000Z", "h", "", "", "key=value other=x",
     LEVEL_ERROR, NULL, NULL},
    {"<11>Nov 23 09:59:58 h Connection refused", "2026-11-23T09:59:58.000Z", "h", "", "", "Connection refused",
     LEVEL_ERROR, NULL, NULL},
    {"<11>Nov 23 09:59:58 h app : text", "2026-11-23T09:59:58.000Z", "h", "app", "", ": text", LEVEL_ERROR, NULL, NULL},
    {"<11>Nov 23 09:59:58 h : the text", "2026-11-23T09:59:58.000Z", "h", "", "", "the text", LEVEL_ERROR, NULL, NULL},
    {"<11>Nov 23 09:59:58 h app[7][main]: x", "2026-11-23T09:59:58.000Z", "h", "app", "7", "[main]: x", LEVEL_ERROR,
     NULL, NULL},
    {"<11>Nov 23 09:59:58 h list[a]text", "2026-11-23T09:59:58.000Z", "h", "", "", "list[a]text", LEVEL_ERROR, NULL,
     NULL},
    {"<11>Nov 23 09:59:58 fe80::1%eth0 app: x", "2026-11-23T09:59:58.000Z", "fe80::1%eth0", "app", "", "x", LEVEL_ERROR,
     NULL, NULL},
    {"<11>Nov 23 09:59:58 2001:db8::1 app: x", "2026-11-23T09:59:58.000Z", "2001:db8::1", "app", "", "x", LEVEL_ERROR,
     NULL, NULL},
    {"<11>Nov 23 09:59:58 relay/web app: x", "2026-11-23T09:59:58.000Z", "relay/web", "app", "", "x", LEVEL_ERROR, NULL,
     NULL},
    {"<28>Nov 23 09:59:58 mx204 CONTEUDO:rpd[6589]: x", "2026-11-23T09:59:58.000Z", "mx204", "CONTEUDO:rpd", "6589",
     "x", LEVEL_WARNING, NULL, NULL},
    {"<28>Nov 23 09:59:58 h a:b: x", "2026-11-23T09:59:58.000Z", "h", "a:b", "", "x", LEVEL_WARNING, NULL, NULL},
    {"<28>Nov 23 09:59:58 h app:[w] x", "2026-11-23T09:59:58.000Z", "h", "app", "", "[w] x", LEVEL_WARNING, NULL, NULL},
    {"<28>Nov 23 09:59:58 h app:w[7] x", "2026-11-23T09:59:58.000Z", "h", "app", "", "w[7] x", LEVEL_WARNING, NULL,
     NULL},
    {"<141>Nov 23 09:59:58 h MSWinEventLog\t1\tSecurity", "2026-11-23T09:59:58.000Z", "h", "MSWinEventLog", "",
     "1\tSecurity", LEVEL_INFO, NULL, NULL},
    {" \n<28>Nov 23 09:59:58 h app: x", "2026-11-23T09:59:58.000Z", "h", "app", "", "x", LEVEL_WARNING, NULL, NULL},
    /* stamps */
    {"<11>2026-11-23T09:59:58.5Z h app: x", "2026-11-23T09:59:58.500Z", "h", "app", "", "x", LEVEL_ERROR, NULL, NULL},
    {"<11>2026-11-23 09:59:58,123 h app: x", "2026-11-23T09:59:58.123Z", "h", "app", "", "x", LEVEL_ERROR, NULL, NULL},
    {"<11>Mon Nov 23 09:59:58 2026 h app: x", "2026-11-23T09:59:58.000Z", "h", "app", "", "x", LEVEL_ERROR, NULL, NULL},
    {"<11>2026 Nov 23 09:59:58 h app: x", "2026-11-23T09:59:58.000Z", "h", "app", "", "x", LEVEL_ERROR, NULL, NULL},
    {"<11>Nov 23 09:59:58 CET h app: x", "2026-11-23T08:59:58.000Z", "h", "app", "", "x", LEVEL_ERROR, NULL, NULL},
    {"<134>1 1795427998.774247251 fw1 events type=x", "2026-11-23T09:59:58.774Z", "fw1", "events", "", "type=x",
     LEVEL_INFO, NULL, NULL},
    {"<11>2024 was a good year", "", "", "", "", "2024 was a good year", LEVEL_ERROR, NULL, NULL},
    {"<11>3 errors found", "", "", "", "", "3 errors found", LEVEL_ERROR, NULL, NULL},
    {"<11>10 20 30", "", "", "", "", "10 20 30", LEVEL_ERROR, NULL, NULL},
    /* Cisco */
    {"<189>91: *Nov 23 09:59:58.123 UTC: %SYS-3-CONFIG_I: Configured", "2026-11-23T09:59:58.123Z", "",
     "%SYS-3-CONFIG_I", "", "Configured", LEVEL_ERROR, "sequence", "91"},
    {"<189>91: sw1: .Nov 23 09:59:58: %SYS-5-CONFIG_I: Configured", "2026-11-23T09:59:58.000Z", "sw1",
     "%SYS-5-CONFIG_I", "", "Configured", LEVEL_INFO, "sequence", "91"},
    {"<189>sw1: 91: Nov 23 09:59:58 gmt: %SYS-5-X: y", "2026-11-23T09:59:58.000Z", "sw1", "%SYS-5-X", "", "y",
     LEVEL_INFO, NULL, NULL},
    {"<189>91: 1w2d: %LINK-3-UPDOWN: down", "", "", "%LINK-3-UPDOWN", "", "down", LEVEL_ERROR, NULL, NULL},
    {"<189>91: 00:00:46: %LINK-3-UPDOWN: down", "", "", "%LINK-3-UPDOWN", "", "down", LEVEL_ERROR, NULL, NULL},
    {"<189>91: 92: sw1: Nov 23 09:59:58: %SYS-3-X: y", "2026-11-23T09:59:58.000Z", "sw1", "%SYS-3-X", "", "y",
     LEVEL_ERROR, "sequence", "91"},
    {"<189>sw1 91: Nov 23 09:59:58 CST -06:00: %SYS-3-X: y", "2026-11-23T15:59:58.000Z", "sw1", "%SYS-3-X", "", "y",
     LEVEL_ERROR, "sequence", "91"},
    {"<188>17: sw: Nov 23 09:59:58.833 NewYork: %SW_MATM-4-MACFLAP: x", "2026-11-23T09:59:58.833Z", "sw",
     "%SW_MATM-4-MACFLAP", "", "x", LEVEL_WARNING, "sequence", "17"},
    {"<187>47: 192.0.2.3: Nov 23 09:59:58.1 GMT+1: %SYS-3-CPUHOG: x", "2026-11-23T08:59:58.100Z", "192.0.2.3",
     "%SYS-3-CPUHOG", "", "x", LEVEL_ERROR, NULL, NULL},
    {"<187>48: *Nov 23 09:59:58 America/New_York: %SYS-3-CPUHOG: x", "2026-11-23T09:59:58.000Z", "", "%SYS-3-CPUHOG",
     "", "x", LEVEL_ERROR, NULL, NULL},
    {"<187>Nov 23 09:59:58 NewYork: text", "2026-11-23T09:59:58.000Z", "", "NewYork", "", "text", LEVEL_ERROR, NULL,
     NULL},
    {"<187>: 2026 Nov 23 09:59:58 CET: %ETHPORT-2-IF_DOWN: down", "2026-11-23T08:59:58.000Z", "", "%ETHPORT-2-IF_DOWN",
     "", "down", LEVEL_FATAL, NULL, NULL},
    {"<187>Nov 23 09:00:00 nx : 2026 Nov 23 09:59:58 UTC: %ETHPORT-3-X: down", "2026-11-23T09:59:58.000Z", "nx",
     "%ETHPORT-3-X", "", "down", LEVEL_ERROR, NULL, NULL},
    {"<165>:Nov 23 09:59:58 UTC: %ASA-session-4-302014: Teardown", "2026-11-23T09:59:58.000Z", "",
     "%ASA-session-4-302014", "", "Teardown", LEVEL_WARNING, NULL, NULL},
    {"<187>91: xr RP/0/RSP0/CPU0:Nov 23 09:59:58.5 UTC: ifmgr[7]: %PKT_INFRA-LINK-4-UPDOWN : down",
     "2026-11-23T09:59:58.500Z", "xr", "ifmgr", "7", "%PKT_INFRA-LINK-4-UPDOWN : down", LEVEL_WARNING, "sequence",
     "91"},
    {"<187>Nov 23 09:00:00 xr 91: RP/0/0/CPU0:Nov 23 09:59:58.5 : ifmgr[7]: down", "2026-11-23T09:59:58.500Z", "xr",
     "ifmgr", "7", "down", LEVEL_ERROR, NULL, NULL},
    {"<166>Nov 23 2026 09:59:58 fw: %ASA-2-302013: Built", "2026-11-23T09:59:58.000Z", "fw", "%ASA-2-302013", "",
     "Built", LEVEL_FATAL, NULL, NULL},
    {"<11>:no stamp", "", "", "", "", ":no stamp", LEVEL_ERROR, NULL, NULL},
    {"<11>a/b: no stamp", "", "", "a/b", "", "no stamp", LEVEL_ERROR, NULL, NULL},
    {"<166>Nov 23 2026 09:59:58 fw : %ASA-2-302013: Built", "2026-11-23T09:59:58.000Z", "fw", "%ASA-2-302013", "",
     "Built", LEVEL_FATAL, NULL, NULL},
    {"<166>Nov 23 2026 09:59:58: %ASA-6-302013: Built", "2026-11-23T09:59:58.000Z", "", "%ASA-6-302013", "", "Built",
     LEVEL_INFO, NULL, NULL},
    /* other vendors */
    {"<188>date=2026-11-23 time=09:59:58 tz=\"+0100\" devname=\"FW1\" level=\"error\" msg=\"a b\"",
     "2026-11-23T08:59:58.000Z", "FW1", "", "", "a b", LEVEL_ERROR, "level", "error"},
    {"<185>logver=5060 timestamp=1795427998 tz=\"UTC+2:00\" devname=\"FAZ1\" date=2026-11-23 time=11:59:58 "
     "level=\"alert\" "
     "msg=\"x,\"",
     "2026-11-23T09:59:58.000Z", "FAZ1", "", "", "x,", LEVEL_FATAL, "logver", "5060"},
    {"<185>timestamp=1795427998 devname=FG1 device_id=FG81 level=alert msg=\"a b\"", "2026-11-23T09:59:58.000Z", "FG1",
     "", "", "a b", LEVEL_FATAL, "device_id", "FG81"},
    {"<187>Nov 23 09:59:58 fw1 date=2026-11-23 time=09:59:58 devname=\"FG1\" level=\"error\" msg=\"x\"",
     "2026-11-23T09:59:58.000Z", "FG1", "", "", "x", LEVEL_ERROR, "devname", "FG1"},
    {"<189>1 2026-11-23T09:59:58Z FG - - - - date=2026-11-23 time=09:59:58 level=\"error\" msg=\"x\"",
     "2026-11-23T09:59:58.000Z", "FG", "", "", "x", LEVEL_ERROR, NULL, NULL},
    {"<190>device=\"SFW\" date=2026-11-23 time=11:59:58 timezone=\"CEST\" device_name=\"XG\" priority=Error "
     "message=\"x\"",
     "2026-11-23T09:59:58.000Z", "XG", "", "", "x", LEVEL_ERROR, NULL, NULL},
    {"<190>Nov 23 09:59:58 mail date=2026-11-23,time=09:59:58.123,device_id=FE,pri=error,msg=\"a, b\"",
     "2026-11-23T09:59:58.123Z", "mail", "", "", "a, b", LEVEL_ERROR, "device_id", "FE"},
    {"<190>timestamp=1795427998 level=error msg=x", "2026-11-23T09:59:58.000Z", "", "", "", "x", LEVEL_ERROR, NULL,
     NULL},
    {"<14>Nov 23 09:59:58 WIN1 MSWinEventLog\t3\tSystem\t606\tMon Nov 23 09:59:58 2026\t7031\tService Control "
     "Manager\tN/A\tN/A\tError\tWIN1\tNone\t\tIt stopped\t98",
     "2026-11-23T09:59:58.000Z", "WIN1", "MSWinEventLog", "", "It stopped", LEVEL_ERROR, "event_id", "7031"},
    {"<14>Nov 23 09:59:58 WIN1 MSWinEventLog#0113#011Security#011606#011Mon Nov 23 09:59:58 2026#0114625#011Audit#011"
     "bob#011User#011Failure Audit#011WIN1#011Logon#011#011No such user#01198",
     "2026-11-23T09:59:58.000Z", "WIN1", "MSWinEventLog", "", "No such user", LEVEL_WARNING, "event_user", "bob"},
    {"<134>1 2026-11-23T09:59:58Z w Svc 7 - [NXLOG@14506 EventType=\"ERROR\" EventID=\"7031\"] x",
     "2026-11-23T09:59:58.000Z", "w", "Svc", "7", "x", LEVEL_ERROR, "NXLOG@14506.EventID", "7031"},
    {"<27>Nov 23 09:59:58 U7PG2,00005e005302,v4.3.28: hostapd: ath0: x", "2026-11-23T09:59:58.000Z", "00005e005302",
     "hostapd", "", "ath0: x", LEVEL_ERROR, "version", "v4.3.28"},
    {"<4>Nov 23 09:59:58 00005e005301,UAP-AC-5.43: kernel: [1234.567890] x", "2026-11-23T09:59:58.000Z", "00005e005301",
     "kernel", "", "x", LEVEL_WARNING, "model", "UAP-AC-5.43"},
    {"<30>Nov 23 09:59:58 (\"U7LT,00005e005302,v3.9\") hostapd: x", "2026-11-23T09:59:58.000Z", "00005e005302",
     "hostapd", "", "x", LEVEL_INFO, "model", "U7LT"},
    {"<187>Nov 23 09:59:58 192.0.2.6 relay-1 shop: {\"level\":\"error\",\"msg\":\"x\"}", "2026-11-23T09:59:58.000Z",
     "192.0.2.6", "shop", "", "x", LEVEL_ERROR, NULL, NULL},
    {"<30>1 2026-11-23T09:59:58Z h logread 13 - - logread[13]: x", "2026-11-23T09:59:58.000Z", "h", "logread", "13",
     "x", LEVEL_INFO, NULL, NULL},
    /* rsyslog's escapes */
    {"<11>Nov 23 09:59:58 h app: #011at a.B.c(B.java:1)", "2026-11-23T09:59:58.000Z", "h", "app", "",
     "\tat a.B.c(B.java:1)", LEVEL_ERROR, NULL, NULL},
    {"<11>Nov 23 09:59:58 h app: ticket #011 and #012345 of #015, #033", "2026-11-23T09:59:58.000Z", "h", "app", "",
     "ticket #011 and #012345 of #015, #033", LEVEL_ERROR, NULL, NULL},
    {"<11>Nov 23 09:59:58 h app: x#015", "2026-11-23T09:59:58.000Z", "h", "app", "", "x", LEVEL_ERROR, NULL, NULL},
    {"<166>2026-11-23T09:59:58.123Z esx Vpxa: error vpxa[2099] [Originator@6876 sub=Host opID=a-1] lost it",
     "2026-11-23T09:59:58.123Z", "esx", "Vpxa", "", "error vpxa[2099] [Originator@6876 sub=Host opID=a-1] lost it",
     LEVEL_ERROR, "Originator@6876.opID", "a-1"},
    {"<134>Nov 23 09:59:58 lb err tmm1[7]: down", "2026-11-23T09:59:58.000Z", "lb", "tmm1", "7", "down", LEVEL_ERROR,
     NULL, NULL},
    {"<134>Nov 23 09:59:58 lb err is short for error", "2026-11-23T09:59:58.000Z", "lb", "err", "",
     "is short for error", LEVEL_INFO, NULL, NULL},
    {"<38>Nov 23 09:59:58 Message forwarded from aix1: sshd[7]: ok", "2026-11-23T09:59:58.000Z", "aix1", "sshd", "7",
     "ok", LEVEL_INFO, NULL, NULL},
    {"<38>Nov 23 09:59:58 From aix1: sshd[7]: ok", "2026-11-23T09:59:58.000Z", "aix1", "sshd", "7", "ok", LEVEL_INFO,
     NULL, NULL},
    {"<166>Nov 23 2026 09:59:58 : %ASA-6-302013: Built", "2026-11-23T09:59:58.000Z", "", "%ASA-6-302013", "", "Built",
     LEVEL_INFO, NULL, NULL},
    {"<13>Nov 23 09:59:58 user.notice root: hi", "2026-11-23T09:59:58.000Z", "", "root", "", "hi", LEVEL_INFO, NULL,
     NULL},
    {"Nov 23 09:59:58 box daemon.err app: hi", "2026-11-23T09:59:58.000Z", "box", "app", "", "hi", LEVEL_ERROR, NULL,
     NULL},
    {"<13>Nov 23 09:59:58 last message repeated 3 times", "2026-11-23T09:59:58.000Z", "", "", "",
     "last message repeated 3 times", LEVEL_INFO, NULL, NULL},
    {"<13>Nov 23 09:59:58 web last message repeated 3 times", "2026-11-23T09:59:58.000Z", "web", "", "",
     "last message repeated 3 times", LEVEL_INFO, NULL, NULL},
    {"<13>Nov 23 09:59:58 web shop[7]: message repeated 3 times: [ x]", "2026-11-23T09:59:58.000Z", "web", "shop", "7",
     "x", LEVEL_INFO, NULL, NULL},
    {"<11>1 - web shop 7 - - message repeated 3 times: [{\"msg\":\"x\"}]", "", "web", "shop", "7", "x", LEVEL_ERROR,
     NULL, NULL},
    {"<13>Nov 23 09:59:58 web shop[7]: message repeated 0 times: [ x]", "2026-11-23T09:59:58.000Z", "web", "shop", "7",
     "message repeated 0 times: [ x]", LEVEL_INFO, NULL, NULL},
    {"<13>last message repeated x times", "", "", "", "", "last message repeated x times", LEVEL_INFO, NULL, NULL},
    {"<3>Nov 23 09:59:58 h kernel: [  12.345678] oops", "2026-11-23T09:59:58.000Z", "h", "kernel", "", "oops",
     LEVEL_ERROR, "uptime", "12.345678"},
    /* no header but a PRI: Python's SysLogHandler, log4j */
    {"<11>Traceback (most recent call last):\n  File \"a.py\"\nValueError: x", "", "", "", "",
     "Traceback (most recent call last):\n  File \"a.py\"\nValueError: x", LEVEL_ERROR, NULL, NULL},
    {"<11>ValueError: x", "", "", "", "", "ValueError: x", LEVEL_ERROR, NULL, NULL},
    {"<11>ERROR: x", "", "", "", "", "x", LEVEL_ERROR, NULL, NULL},
    {"<14>shop: started", "", "", "shop", "", "started", LEVEL_INFO, NULL, NULL},
    /* files: no PRI, the level from the text or none */
    {"Nov 23 09:59:58 web-1 shop[1]: error: no disk", "2026-11-23T09:59:58.000Z", "web-1", "shop", "1",
     "error: no disk", LEVEL_ERROR, NULL, NULL},
    {"2026-11-23T09:59:58.123456+00:00 web-1 shop: started", "2026-11-23T09:59:58.123Z", "web-1", "shop", "", "started",
     LEVEL_NONE, NULL, NULL},
    {"just a line", "", "", "", "", "just a line", LEVEL_NONE, NULL, NULL},
    {"<html> is no PRI", "", "", "", "", "<html> is no PRI", LEVEL_NONE, NULL, NULL},
    {"<1234", "", "", "", "", "<1234", LEVEL_NONE, NULL, NULL},
    /* a PRI that has lost a byte is one before a header only */
    {"13>Nov 23 09:59:58 h app: x", "2026-11-23T09:59:58.000Z", "h", "app", "", "x", LEVEL_INFO, NULL, NULL},
    {"11>1 2026-11-23T09:59:58Z h a p m - x", "2026-11-23T09:59:58.000Z", "h", "a", "p", "x", LEVEL_ERROR, NULL, NULL},
    {"<11Nov 23 09:59:58 h app: x", "2026-11-23T09:59:58.000Z", "h", "app", "", "x", LEVEL_ERROR, NULL, NULL},
    {"13> is more than 12", "", "", "", "", "13> is more than 12", LEVEL_NONE, NULL, NULL},
    {"<192Nov 23 09:59:58 h app: x", "", "", "", "", "<192Nov 23 09:59:58 h app: x", LEVEL_NONE, NULL, NULL},
    /* no PRI before RFC 5424 */
    {"1 2026-11-23T09:59:58Z h a p m [x y=\"z\"] msg", "2026-11-23T09:59:58.000Z", "h", "a", "p", "msg", LEVEL_NONE,
     "x.y", "z"},
    {"1 2026-11-23T09:59:58Z h a", "", "", "", "", "1 2026-11-23T09:59:58Z h a", LEVEL_NONE, NULL, NULL},
    /* bodies */
    {"<14>Nov 23 09:59:58 h app: @cee: {\"msg\":\"m\",\"level\":\"error\",\"n\":7}", "2026-11-23T09:59:58.000Z", "h",
     "app", "", "m", LEVEL_ERROR, "n", "7"},
    {"<14>1 - h app 7 - - {\"message\":\"m\",\"pid\":9,\"time\":\"2026-11-23T08:00:00Z\"}", "2026-11-23T08:00:00.000Z",
     "h", "app", "7", "m", LEVEL_INFO, NULL, NULL},
    {"<14>Nov 23 09:59:58 h app[7]: time=x level=error msg=\"no disk\"", "2026-11-23T09:59:58.000Z", "h", "app", "7",
     "no disk", LEVEL_ERROR, NULL, NULL},
    {"<11>Nov 23 09:59:58 h app[7]: level=info msg=x disk=a", "2026-11-23T09:59:58.000Z", "h", "app", "7", "x",
     LEVEL_INFO, "disk", "a"},
    {"<83>Nov 23 09:59:58 h app[7]: level=info msg=x disk=a", "2026-11-23T09:59:58.000Z", "h", "app", "7", "x",
     LEVEL_ERROR, "disk", "a"},
    {"<14>Nov 23 09:59:58 h app: a=1 then text", "2026-11-23T09:59:58.000Z", "h", "app", "", "a=1 then text",
     LEVEL_INFO, NULL, NULL},
    {"<3>[  12.345678] oops", "", "", "kernel", "", "oops", LEVEL_ERROR, "uptime", "12.345678"},
    {"<11>[  12.345678] oops", "", "", "", "", "[  12.345678] oops", LEVEL_ERROR, NULL, NULL},
    {"<14>{\"message\":\"m\",\"hostname\":\"h2\"}", "", "h2", "", "", "m", LEVEL_INFO, NULL, NULL},
    {"<14>Nov 23 09:59:58 h app: {not json}", "2026-11-23T09:59:58.000Z", "h", "app", "", "{not json}", LEVEL_INFO,
     NULL, NULL},
    {"<190>Nov 23 09:59:58 h app: [a x=\"1\" y=\"2\"] text", "2026-11-23T09:59:58.000Z", "h", "app", "", "text",
     LEVEL_INFO, "a.y", "2"},
    {"<190>Nov 23 09:59:58 h app: [worker 3] text", "2026-11-23T09:59:58.000Z", "h", "app", "", "[worker 3] text",
     LEVEL_INFO, NULL, NULL},
    /* RFC 5424 and what departs from it */
    {"<11>1 2026-11-23t09:59:58.123456789z h a p m [x@1 a=\"\\\"\\]\\\\\\n\"][y] \xef\xbb\xbfmsg",
     "2026-11-23T09:59:58.123Z", "h", "a", "p", "msg", LEVEL_ERROR, "x@1.a", "\"]\\\\n"},
    {"<11>1 2026-11-23 09:59:58 h a p m - msg", "2026-11-23T09:59:58.000Z", "h", "a", "p", "msg", LEVEL_ERROR, NULL,
     NULL},
    {"<11>1 - - - - - -", "", "", "", "", "", LEVEL_ERROR, NULL, NULL},
    {"<190>1 2026-11-23T09:59:58+00:00 host app web.1 - Error R14 (Memory)", "2026-11-23T09:59:58.000Z", "host", "app",
     "web.1", "Error R14 (Memory)", LEVEL_INFO, NULL, NULL},
    {"<11>1 - h a p m [O@6876 sub=Vpxa op=a-1] msg", "", "h", "a", "p", "msg", LEVEL_ERROR, "O@6876.op", "a-1"},
    {"<11>1 - h a p m -  two spaces", "", "h", "a", "p", " two spaces", LEVEL_ERROR, NULL, NULL},
};

/* Kept without the part that is wrong. */
static const struct {
    const char *raw, *bad_part, *host, *app, *procid, *message, *sd;
} bad_parts[] = {
    {"<11>1 - h a p m [x y] msg", "structured data", "h", "a", "p", "msg", "[x y]"},
    {"<11>1 - h a p m [x a=\"b\"][y c d=e] msg", "structured data", "h", "a", "p", "msg", "[y c d=e]"},
    {"<11>1 - h a p m [] msg", "structured data", "h", "a", "p", "msg", "[]"},
    {"<11>1 - h a p m [=] msg", "structured data", "h", "a", "p", "msg", "[=]"},
    {"<11>1 - h a p m [e=\"say \\\"[1]\\\" twice\"] msg", "structured data", "h", "a", "p", "msg",
     "[e=\"say \\\"[1]\\\" twice\"]"},
    {"<11>1 - h a p m [x a=\"b] msg", "structured data", "h", "a", "p", "msg", "[x a=\"b]"},
    {"<11>1 - h a p m [x a=\"b\"][y c=\"d][z] msg", "structured data", "h", "a", "p", "[z] msg", "[y c=\"d]"},
    {"<11>1 - h a p m [x a=\"]\"] msg", "structured data", "h", "a", "p", "msg", "[x a=\"]\"]"},
    {"<11>1 - h a p m [x a=\"\"b\"\"] msg", "structured data", "h", "a", "p", "msg", "[x a=\"\"b\"\"]"},
    {"<11>1 - h a p m [x msg", "structured data", "h", "a", "p", "[x msg", ""},
    {"<11>1 - h a p m [x", "structured data", "h", "a", "p", "[x", ""},
    {"<11>1 - h a p m [x a] ", "structured data", "h", "a", "p", "[x a] ", "[x a]"},
    {"<11>1 - h a p - ===LOG-FORMAT-SD=== msg", "structured data", "h", "a", "p", "msg", "===LOG-FORMAT-SD==="},
    {"<11>1 - h a p - x@1 n=\"1\" o=\"2\" msg", "structured data", "h", "a", "p", "msg", "x@1 n=\"1\" o=\"2\""},
    {"<11>1 - h a p - ===LOG===", "structured data", "h", "a", "p", "===LOG===", "===LOG==="},
    {"<11>1 - h a p - x@1 n=\"1\"", "structured data", "h", "a", "p", "x@1 n=\"1\"", "x@1 n=\"1\""},
    {"<11>1 2026-13-23T09:59:58Z h a p m - msg", "time", "h", "a", "p", "msg", ""},
    {"<11>1 2026-11-23Q09:59:58Z h a p m - msg", "time", "h", "a", "p", "msg", ""},
    {"<11>1 -  h a p m - msg", "header", "h", "a", "p", "msg", ""},
    {"<11>1 - h\x01 a p m - msg", "header", "", "a", "p", "msg", ""},
    {"<11>1 - h a payment failed", "header", "h", "a", "", "payment failed", ""},
    {"<11>1 - h a failed", "header", "h", "a", "", "failed", ""},
    {"<192>Nov 23 09:59:58 h a[p]: msg", "PRI", "h", "a", "p", "msg", ""},
    {"<013>1 - h a p - - msg", "PRI", "h", "a", "p", "msg", ""},
    {"<>msg", NULL, "", "", "", "<>msg", ""},
    {"<0000013>msg", "PRI", "", "", "", "<0000013>msg", ""},
};

START_TEST(bad_part)
{
    const char *raw = bad_parts[_i].raw;
    struct parse_ctx ctx = {.arena = &arena, .now_us = NOW, .last_us = RECORD_NO_TIME};
    record_init(&r, FORMAT_SYSLOG, slice_str(raw));
    ck_assert_msg(parser_parse(FORMAT_SYSLOG, &ctx, &r), "%s: %s", raw, ctx.reason);
    ck_assert_pstr_eq(ctx.bad_part, bad_parts[_i].bad_part);
    ck_slice(r.host, bad_parts[_i].host);
    ck_slice(r.app, bad_parts[_i].app);
    ck_slice(r.procid, bad_parts[_i].procid);
    ck_slice(r.message, bad_parts[_i].message);
    ck_slice(record_value(&r, "sd"), bad_parts[_i].sd);
    arena_reset(&arena);
}
END_TEST

START_TEST(in_front)
{
    static const struct slice raws[] = {{" \n<11>1 - h a p m - x", 21},
                                        {"\xef\xbb\xbf<11>1 - h a p m - x", 22},
                                        {"\0\0\0<11>Nov 23 09:59:58 h a[p]: x", 32},
                                        {"\0\xef\xbb\xbf\0<11>Nov 23 09:59:58 h a[p]: x", 34}};
    for (size_t i = 0; i < sizeof raws / sizeof *raws; i++) {
        ck_assert(parse_at(raws[i], NOW));
        ck_assert_int_eq(r.severity, 3);
        ck_slice(r.app, "a");
        ck_slice(r.message, "x");
    }
    arena_reset(&arena);
}
END_TEST

START_TEST(dialect)
{
    const char *raw = dialects[_i].raw;
    char time[32] = "";
    ck_assert_msg(parse(raw), "%s", raw);
    if (r.time_us != RECORD_NO_TIME)
        stamp_print(r.time_us, time);
    ck_assert_msg(strcmp(time, dialects[_i].time) == 0, "%s: time %s", raw, time);
    ck_slice(r.host, dialects[_i].host);
    ck_slice(r.app, dialects[_i].app);
    ck_slice(r.procid, dialects[_i].procid);
    ck_slice(r.message, dialects[_i].message);
    ck_assert_msg(r.level == dialects[_i].level, "%s: level %s", raw, level_name(r.level));
    if (dialects[_i].field)
        ck_slice(record_value(&r, dialects[_i].field), dialects[_i].value);
    arena_reset(&arena);
}
END_TEST

START_TEST(refused)
{
    static const char *const raws[] = {
        "",        "\n",        "<",           "<1",           "<191",
        "<13>",    "<13>3",     "<13>122",     "<13>4a ",      "<11>1 ",
        "<11>1 -", "<11>1 - h", "<11>1 - h a", "<11>1 - h a ", "<11>1 - h a p m ",
    };
    for (size_t i = 0; i < sizeof raws / sizeof *raws; i++)
        ck_assert_msg(!parse(raws[i]), "accepted: %s", raws[i]);
    arena_reset(&arena);
}
END_TEST

START_TEST(repeated)
{
    static const struct {
        const char *raw;
        unsigned times;
        bool again;
    } lines[] = {{"<13>Nov 23 09:59:58 web shop[7]: message repeated 3 times: [ x]", 3, false},
                 {"<11>1 - web shop 7 - - message repeated 17 times: [{\"msg\":\"x\"}]", 17, false},
                 {"<13>Nov 23 09:59:58 web shop[7]: message repeated 9999999999 times: [ x]", 0, false},
                 {"<13>Nov 23 09:59:58 web last message repeated 1 time", 1, true},
                 {"<13>Nov 23 09:59:58 web syslogd: last message repeated 4 times", 4, true},
                 {"<13>Nov 23 09:59:58 web shop[7]: last message repeated 4 times", 0, false}};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        ck_assert(parse(lines[i].raw));
        ck_assert_msg(r.times == lines[i].times && r.again == lines[i].again, "%s: %u", lines[i].raw, r.times);
    }
    arena_reset(&arena);
}
END_TEST

START_TEST(trailing_bytes)
{
    ck_assert(parse_at(slice_of("<11>hello\0", 10), NOW));
    ck_slice(r.message, "hello");
    /* Python ends its messages so, and means a short one too. */
    ck_assert(parse_at(slice_of("<11>404\0", 8), NOW));
    ck_slice(r.message, "404");
    ck_assert(parse("<11>Nov 23 09:59:58 h app: x\r\n"));
    ck_slice(r.message, "x");
    ck_assert_int_eq(r.facility, 1);
    ck_assert_int_eq(r.severity, 3);
    arena_reset(&arena);
}
END_TEST

/* The year is the latest that brings the stamp no more than a day ahead: New Year, clocks that are a little ahead, and
 * a log of last year, also of a leap day. */
START_TEST(missing_year)
{
    const int64_t new_year = INT64_C(1798761600) * STAMP_SECOND; /* 2027-01-01 */
    ck_assert(parse_at(SLICE("<11>Dec 31 23:59:59 h app: x"), new_year + STAMP_SECOND));
    ck_assert_int_eq(r.time_us, new_year - STAMP_SECOND);
    ck_assert(parse_at(SLICE("<11>Jan  1 00:00:01 h app: x"), new_year - 5 * STAMP_SECOND));
    ck_assert_int_eq(r.time_us, new_year + STAMP_SECOND);
    static const struct {
        const char *raw, *time;
    } old[] = {{"<11>Jan  2 00:00:01 h app: x", "2026-01-02T00:00:01.000Z"},
               {"<11>Mar 31 12:00:00 h app: x", "2026-03-31T12:00:00.000Z"},
               {"<11>Jun 30 12:00:00 h app: x", "2026-06-30T12:00:00.000Z"},
               {"<11>Feb 29 12:00:00 h app: x", "2024-02-29T12:00:00.000Z"}};
    for (size_t i = 0; i < sizeof old / sizeof *old; i++) {
        char time[32];
        ck_assert(parse_at(slice_str(old[i].raw), new_year - 5 * STAMP_SECOND));
        stamp_print(r.time_us, time);
        ck_assert_str_eq(time, old[i].time);
    }
    arena_reset(&arena);
}
END_TEST

START_TEST(nginx_inside)
{
    ck_assert(parse("<187>Nov 23 09:59:58 web-1 nginx: 2026/11/23 09:59:58 [crit] 7#8: *9 open() \"/x\" "
                    "failed (13: Permission denied), "
                    "client: 10.0.0.1, server: shop, request: \"GET /x HTTP/1.1\", host: \"shop\""));
    ck_assert_int_eq(r.format, FORMAT_NGINX_ERROR);
    ck_slice(r.host, "web-1");
    ck_slice(r.app, "nginx");
    ck_assert_int_eq(r.level, LEVEL_FATAL);
    ck_assert_int_eq(r.facility, 23);
    ck_slice(record_value(&r, "client"), "10.0.0.1");
    ck_slice(record_value(&r, "host"), "shop");
    ck_assert(slice_starts(r.raw, SLICE("<187>")));
    arena_reset(&arena);
}
END_TEST

/* rsyslog escapes line breaks; the message stays as it came, the text with its lines is where a trace is
 * looked for. */
START_TEST(escaped_lines)
{
    ck_assert(parse("<11>Nov 23 09:59:58 h app: Boom#012#011at a.B.c(B.java:1)"));
    ck_slice(r.message, "Boom#012#011at a.B.c(B.java:1)");
    ck_slice(r.full_message, "Boom\n\tat a.B.c(B.java:1)");
    arena_reset(&arena);
}
END_TEST

START_TEST(detected)
{
    static const struct {
        const char *line;
        enum format format;
    } lines[] = {
        {"<11>Nov 23 09:59:58 h app: x", FORMAT_SYSLOG},
        {"Nov 23 09:59:58 h app[1]: x", FORMAT_SYSLOG},
        {"Nov 23 09:59:58 app[1]: x", FORMAT_SYSLOG},
        {"Nov 23 09:59:58 shop[web]: x", FORMAT_TEXT},
        {"Nov 23 09:59:58 h /usr/sbin/app[1]: x", FORMAT_SYSLOG},
        {"Nov 23 09:59:58 h /usr/sbin/app: x", FORMAT_TEXT},
        {"2026-11-23 09:59:58 worker[7]: x", FORMAT_TEXT},
        {"2026-11-23T09:59:58.1+00:00 h app: x", FORMAT_SYSLOG},
        {"2026-11-23T09:59:58.1+00:00 ERROR main: x", FORMAT_TEXT},
        {"2026-11-23T09:59:58Z stdout F x", FORMAT_CRI},
        {"{\"log\":\"x\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-23T09:59:58Z\"}", FORMAT_DOCKER},
        {"{\"log\":\"x\",\"stream\":\"stdout\",\"date\":1795427998.5}", FORMAT_JSON},
        {"{\"MESSAGE\":\"x\",\"PRIORITY\":\"3\",\"__REALTIME_TIMESTAMP\":\"1795427998000000\"}", FORMAT_JOURNAL},
        {"{\"MESSAGE\":\"x\"}", FORMAT_JSON},
        {"<3>no disk", FORMAT_TEXT},
        {"<3>[  12.345678] oops", FORMAT_SYSLOG},
        {"<3>Nov 23 09:59:58 h kernel: oops", FORMAT_SYSLOG},
        {"<3>1 - h a p m - x", FORMAT_SYSLOG},
        {"[  162.544690] ata1.00: exception", FORMAT_SYSLOG},
        {"[  162.544690] h app[7]: x", FORMAT_SYSLOG},
        {"[   162.544] (EE) x", FORMAT_TEXT},
        {"[Mon Nov 23 09:59:58 2026] ata1.00: exception", FORMAT_SYSLOG},
        {"[Mon Nov 23 09:59:58 2026] [core:error] [pid 7] x", FORMAT_TEXT},
        {"[Mon Nov 23 09:59:58.123456 2026] [core:error] [pid 7] x", FORMAT_TEXT},
        {"[Mon Nov 23 09:59:58 2026] PHP Warning:  x", FORMAT_TEXT},
        {"[Mon Nov 23 09:59:58 2026] shop.cgi: x", FORMAT_TEXT},
        {"kern  :err   : [  162.544690] x", FORMAT_SYSLOG},
        {"Mon 2026-11-23 09:59:58 UTC h app[7]: x", FORMAT_SYSLOG},
        {"1795427998.123456 h app[7]: x", FORMAT_SYSLOG},
        {"2026-11-23T09:59:58+0000 h app[7]: x", FORMAT_SYSLOG},
        {"2026-11-23T09:59:58.123456+00:00 app[web.1]: x", FORMAT_SYSLOG},
        {"2026-11-23T09:59:58.123456+00:00 shop[web.1]: x", FORMAT_TEXT},
        {"{\"version\":\"1.1\",\"host\":\"h\",\"short_message\":\"m\"}", FORMAT_GELF},
        {"{\"level\":\"error\",\"msg\":\"m\"}", FORMAT_JSON},
        {"ts=1 level=error msg=x", FORMAT_LOGFMT},
        {"caller=a.go level=error", FORMAT_LOGFMT},
        {"a=b", FORMAT_TEXT},
        {"some text", FORMAT_TEXT},
        {"", FORMAT_TEXT},
        {"2026/11/23 09:59:58 [error] 7#7: x", FORMAT_NGINX_ERROR},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        ck_assert_msg(parser_detect(slice_str(lines[i].line)) == lines[i].format, "%s: %s", lines[i].line,
                      format_name(parser_detect(slice_str(lines[i].line))));
    ck_assert_str_eq(parser_detect_why(SLICE("<11>x")), "a PRI in front");
    ck_assert_str_eq(parser_detect_why(SLICE("x")), "no mark of another format");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("syslog");
    TCase *t = tcase_create("syslog");
    tcase_add_loop_test(t, dialect, 0, sizeof dialects / sizeof *dialects);
    tcase_add_loop_test(t, bad_part, 0, (int)(sizeof bad_parts / sizeof *bad_parts));
    tcase_add_test(t, in_front);
    tcase_add_test(t, repeated);
    tcase_add_test(t, refused);
    tcase_add_test(t, trailing_bytes);
    tcase_add_test(t, missing_year);
    tcase_add_test(t, nginx_inside);
    tcase_add_test(t, escaped_lines);
    tcase_add_test(t, detected);
    suite_add_tcase(s, t);
    int status = unit_run(s);
    arena_done(&arena);
    return status;
}
