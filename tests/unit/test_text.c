#include "tests/unit/unit.h"

#include "parsers/parser.h"

#define NOON INT64_C(1795428000000000) /* 2026-11-23 10:00:00 UTC */
#define AT(us) (NOON + (us))
#define NONE RECORD_NO_TIME

static struct record r;
static struct arena arena;

static void parse_of(struct slice raw, bool untrusted)
{
    arena_reset(&arena);
    struct parse_ctx ctx = {.arena = &arena, .last_us = RECORD_NO_TIME, .now_us = NOON};
    record_init(&r, FORMAT_TEXT, raw);
    r.untrusted = untrusted;
    ck_assert(parser_parse(FORMAT_TEXT, &ctx, &r));
}

static void parse(struct slice raw)
{
    parse_of(raw, false);
}

/* clang-format off */
static const struct {
    const char *raw;
    int64_t time_us;
    const char *level, *logger, *procid, *message;
} rows[] = {
    {"2026-11-23 10:00:00,123 ERROR name: msg",
     AT(123000), "error", "name", "", "msg"},
    {"2026-11-23 10:00:00,123 - app.db - ERROR - msg here: x",
     AT(123000), "error", "app.db", "", "msg here: x"},
    {"[2026-11-23 10:00:00,123] ERROR in app: Exception on /x [GET]",
     AT(123000), "error", "app", "", "Exception on /x [GET]"},
    {"[2026-11-23 10:00:00 +0000] [7] [ERROR] Worker (pid:9) exited",
     AT(0), "error", "", "7", "Worker (pid:9) exited"},
    {"[2026-11-23 10:00:00,123: ERROR/ForkPoolWorker-1] Task a.b[uuid] raised unexpected: X()",
     AT(123000), "error", "", "", "Task a.b[uuid] raised unexpected: X()"},
    {"Mon Nov 23 10:00:00 2026 : Error: Failed binding to auth address * port 1812",
     AT(0), "error", "", "", "Failed binding to auth address * port 1812"},
    {"Mon Nov 23 10:00:00 2026 : Auth: (12) Login OK: [ann]",
     AT(0), "", "", "", "Auth: (12) Login OK: [ann]"},
    {"2026-11-23 10:00:00: Error: no card", /* may be an exception's type */
     AT(0), "error", "", "", "Error: no card"},
    {"6b040ea0.0e86abe2 0x7fc4042ce200 slapd starting",
     AT(243706), "", "", "0x7fc4042ce200", "slapd starting"},
    {"6b040ea0.ffffffff 0x7fc4042ce200 no nanoseconds",
     NONE, "", "", "", "6b040ea0.ffffffff 0x7fc4042ce200 no nanoseconds"},
    {"Nov 23 10:00:00 [5997] node-1 corosync error   [TOTEM ] FAILED TO RECEIVE",
     AT(0), "error", "corosync", "5997", "[TOTEM ] FAILED TO RECEIVE"},
    {"Nov 23 10:00:00.123 node-1 pacemaker-fenced    [815] (reply)     error: Operation failed",
     AT(123000), "error", "pacemaker-fenced", "815", "Operation failed"},
    {"Nov 23 10:00:00 modulemanager\terror\tUnable to load module",
     AT(0), "error", "modulemanager", "", "Unable to load module"},
    {"[2026-11-23 10:00:00 +0000] critical/config: Error: no such object",
     AT(0), "fatal", "config", "", "Error: no such object"},
    {"[2026-11-23 10:00:00 +0000] information/cli: loader",
     AT(0), "info", "cli", "", "loader"},
    {"27(2781) ERROR: db_mysql [km_dbase.c:122]: x",
     NONE, "error", "", "2781", "db_mysql [km_dbase.c:122]: x"},
    {"0: (940): ERROR: Cannot bind socket",
     NONE, "error", "", "940", "Cannot bind socket"},
    {"<warn>  [1795428000.1234] device (wlan0): lost",
     NONE, "warning", "", "", "device (wlan0): lost"},
    {"<error> of a sentence",
     NONE, "", "", "", "<error> of a sentence"},
    {"2026-11-23 10:00:00 #719(normal) <x8hq1k>; lua; mill.lua:12: x",
     AT(0), "", "lua", "719", "mill.lua:12: x"},
    {"2026-11-23 10:00:00 #719(controller) open_mill: x",
     AT(0), "", "controller", "719", "open_mill: x"},
    {"   812:20261123:100000.123 server #0 started",
     AT(123000), "", "", "812", "server #0 started"},
    {"[2026-11-23 10:00:00.123] C [rpc-clnt.c:161:ping] 0-gv0: no answer",
     AT(123000), "fatal", "", "", "[rpc-clnt.c:161:ping] 0-gv0: no answer"},
    {"[2026-11-23 10:00:00.123] A [b] of c",
     AT(123000), "", "", "", "A [b] of c"},
    {"[1795428000] SERVICE ALERT: web-1;HTTP;OK;HARD;3;back",
     AT(0), "", "", "", "SERVICE ALERT: web-1;HTTP;OK;HARD;3;back"},
    {"[23/Nov/2026:10:00:00] ENGINE Bus STARTED",
     AT(0), "", "", "", "ENGINE Bus STARTED"},
    {"ERROR:root:something broke",
     NONE, "error", "root", "", "something broke"},
    {"ERROR:    Exception in ASGI application",
     NONE, "error", "", "", "Exception in ASGI application"},
    {"2026-11-23 10:00:00.123 ERROR 1234 --- [main] c.a.B : msg",
     AT(123000), "error", "c.a.B", "1234", "msg"},
    {"2026-11-23T10:00:00.123+01:00 ERROR 1234 --- [app] [main] c.a.B                    : msg",
     AT(-3599877000), "error", "c.a.B", "1234", "msg"},
    {"2026-11-23 10:00:00.123 ERROR [thread-1] c.a.B - msg: x",
     AT(123000), "error", "c.a.B", "", "msg: x"},
    {"2026-11-23 10:00:00.123 [thread-1] ERROR c.a.B - msg: x",
     AT(123000), "error", "c.a.B", "", "msg: x"},
    {"10:00:00.123 [main] ERROR c.a.B - msg",
     NONE, "error", "c.a.B", "", "msg"},
    {"23-Nov-2026 10:00:00.123 SEVERE [main] org.apache.catalina.core.StandardService.initInternal Failed to start",
     AT(123000), "error", "org.apache.catalina.core.StandardService", "", "Failed to start"},
    {"23-Nov-2026 10:00:00.123 SEVERE [main] org.example.files are missing",
     AT(123000), "error", "", "", "[main] org.example.files are missing"},
    {"2026-11-23 10:00:00,123 [myid:1] - ERROR [LearnerHandler-/10.0.0.1:5000:LearnerHandler@562] - lost it",
     AT(123000), "error", "LearnerHandler", "", "lost it"},
    {"2026-11-23 10:00:00,123 - WARN  [a@b:c@d] - lost it",
     AT(123000), "warning", "", "", "lost it"},
    {"E1123 10:00:00.123456    1234 file.go:12] msg",
     AT(123456), "error", "file.go", "1234", "msg"},
    {"[Mon Nov 23 10:00:00.123456 2026] [core:error] [pid 7:tid 8] [client 10.0.0.1:5000] AH00124: Request exceeded the limit",
     AT(123456), "error", "core", "7", "AH00124: Request exceeded the limit"},
    {"[Mon Nov 23 10:00:00.123456 2026] [proxy:error] [pid 7:tid 8] (111)Connection refused: AH00957: HTTP: attempt to connect",
     AT(123456), "error", "proxy", "7", "(111)Connection refused: AH00957: HTTP: attempt to connect"},
    {"[Mon Nov 23 10:00:00.123456 2026] [php:error] [pid 7] [client 10.0.0.1:5000] PHP Fatal error:  Uncaught E: x in /a.php:3",
     AT(123456), "error", "php", "7", "PHP Fatal error:  Uncaught E: x in /a.php:3"},
    {"[23-Nov-2026 10:00:00 UTC] PHP Fatal error:  Uncaught Exception: x in /a.php:3",
     AT(0), "error", "", "", "PHP Fatal error:  Uncaught Exception: x in /a.php:3"},
    {"[23-Nov-2026 10:00:00 Europe/Berlin] PHP Warning:  foo in /a.php on line 3",
     AT(0), "warning", "", "", "PHP Warning:  foo in /a.php on line 3"},
    {"[23-Nov-2026 10:00:00] WARNING: [pool www] child 7 exited on signal 11",
     AT(0), "warning", "", "", "[pool www] child 7 exited on signal 11"},
    {"2026-11-23 10:00:00 | error | msg",
     AT(0), "error", "", "", "msg"},
    {"2026-11-23 10:00:00 an error | msg",
     AT(0), "", "", "", "an error | msg"},
    {"23-Nov-26 10:00:00 - ERROR - msg",
     AT(0), "error", "", "", "msg"},
    {"23-Nov-26 10:00:00,123 - shop.pay - ERROR - msg",
     AT(123000), "error", "shop.pay", "", "msg"},
    {"23/Nov/26 10:00:00 - ERROR - msg",
     AT(0), "error", "", "", "msg"},
    {"23 Nov 26 10:00:00 - ERROR - msg",
     NONE, "", "", "", "23 Nov 26 10:00:00 - ERROR - msg"},
    {"7:M 23 Nov 2026 10:00:00.123 # Server initialized",
     AT(123000), "warning", "", "7", "Server initialized"},
    {"7:M 23 Nov 2026 10:00:00.123 * Ready to accept connections",
     AT(123000), "info", "", "7", "Ready to accept connections"},
    {"2026-11-23 10:00:00.123 UTC [1234] ERROR:  relation \"x\" does not exist at character 15",
     AT(123000), "error", "", "1234", "relation \"x\" does not exist at character 15"},
    {"2026-11-23 10:00:00.123 UTC [1234] app@db FATAL:  password authentication failed",
     AT(123000), "fatal", "", "1234", "password authentication failed"},
    {"2026-11-23 10:00:00.123 UTC [1234] app@db STATEMENT:  select 1",
     AT(123000), "", "", "1234", "STATEMENT:  select 1"},
    {"2026-11-23 10:00:00.123 UTC [1234] LOG:  checkpoint starting: time",
     AT(123000), "info", "", "1234", "checkpoint starting: time"},
    {"2026-11-23T10:00:00.123456Z 0 [ERROR] [MY-010584] [Repl] Replica SQL: Error",
     AT(123456), "error", "", "0", "[MY-010584] [Repl] Replica SQL: Error"},
    {"2026-11-23 10:00:00 0 [Note] InnoDB: Starting shutdown...",
     AT(0), "info", "InnoDB", "0", "Starting shutdown..."},
    {"E, [2026-11-23T10:00:00.123456 #1234] ERROR -- : boom",
     AT(123456), "error", "", "1234", "boom"},
    {"E, [2026-11-23T10:00:00.123456 #1234] ERROR -- prog: boom: x",
     AT(123456), "error", "prog", "1234", "boom: x"},
    {"[2026-11-23 10:00:00] local.ERROR: boom {\"exception\":\"x\"}",
     AT(0), "error", "local", "", "boom {\"exception\":\"x\"}"},
    {"[2026-11-23T10:00:00.123456+00:00] request.CRITICAL: Uncaught PHP Exception",
     AT(123456), "fatal", "request", "", "Uncaught PHP Exception"},
    {"[2026-11-23T10:00:00Z ERROR my_crate::x] msg",
     AT(0), "error", "my_crate::x", "", "msg"},
    {"2026-11-23T10:00:00.123456Z ERROR my_crate::x: msg",
     AT(123456), "error", "my_crate::x", "", "msg"},
    {"2026/11/23 10:00:00 something happened",
     AT(0), "", "", "", "something happened"},
    {"2026/11/23 10:00:00.123456 main.go:12: something",
     AT(123456), "", "", "", "main.go:12: something"},
    {"2026-11-23 10:00:00.123 | ERROR    | module:func:12 - msg",
     AT(123000), "error", "module:func:12", "", "msg"},
    {"2026-11-23 10:00:00 [error    ] msg k=v",
     AT(0), "error", "", "", "msg k=v"},
    {"10:00:00.123 [error] GenServer #PID<0.1.0> terminating",
     NONE, "error", "", "", "GenServer #PID<0.1.0> terminating"},
    {"[10:00:00 ERR] Serilog msg",
     NONE, "error", "", "", "Serilog msg"},
    {"2026-11-23 10:00:00.123 +01:00 [ERR] msg",
     AT(-3599877000), "error", "", "", "msg"},
    {"fail: Microsoft.AspNetCore.Server.Kestrel[13]",
     NONE, "error", "Microsoft.AspNetCore.Server.Kestrel", "", "fail: Microsoft.AspNetCore.Server.Kestrel[13]"},
    {"crit: Shop.Pay[-3] one line",
     NONE, "fatal", "Shop.Pay", "", "one line"},
    {"2026-11-23 10:00:00 warn: Shop.Cart`1[0]",
     AT(0), "warning", "Shop.Cart`1", "", "2026-11-23 10:00:00 warn: Shop.Cart`1[0]"},
    {"web-1  | dbug: Shop.Pay[7] one line",
     NONE, "debug", "Shop.Pay", "", "one line"},
    {"fail: Shop.Pay[x]",
     NONE, "error", "", "", "fail: Shop.Pay[x]"},
    {"info: Shop.Pay[0]: no head",
     NONE, "info", "", "", "info: Shop.Pay[0]: no head"},
    {"web-1  | 2026-11-23 10:00:00,123 ERROR shop.pay: order failed",
     AT(123000), "error", "shop.pay", "", "order failed"},
    {"web-1  | \tat com.acme.Shop.order(Shop.java:42)",
     NONE, "", "", "", "\tat com.acme.Shop.order(Shop.java:42)"},
    {"web-1  | ",
     NONE, "", "", "", "web-1  | "},
    {"shop-db    | 2026-11-23 10:00:00 ERROR no disk",
     AT(0), "error", "", "", "no disk"},
    {"name       | amount",
     NONE, "", "", "", "name       | amount"},
    {"ERROR      | 2026-11-23 10:00:00",
     NONE, "error", "", "", "2026-11-23 10:00:00"},
    {"2026-11-23T10:00:01.123456789Z 2026-11-23 19:00:00 ERROR shop.pay: order failed",
     AT(1123456), "error", "shop.pay", "", "order failed"},
    {"[pod/web-5d8f9/app] 2026-11-23T10:00:00.5Z ERROR order failed",
     AT(500000), "error", "", "", "order failed"},
    {"[pod/web-5d8f9/app] 2026-11-23T10:00:00.5Z {\"level\":\"error\",\"msg\":\"order failed\",\"logger\":\"shop.pay\"}",
     AT(500000), "error", "shop.pay", "", "order failed"},
    {"[pod/web-5d8f9/app]x ERROR order failed",
     NONE, "", "", "", "[pod/web-5d8f9/app]x ERROR order failed"},
    {"error: something (winston)",
     NONE, "error", "", "", "error: something (winston)"},
    {"Error: boom",
     NONE, "error", "", "", "Error: boom"},
    {"panic: runtime error: index out of range",
     NONE, "fatal", "", "", "panic: runtime error: index out of range"},
    {"Traceback (most recent call last):",
     NONE, "", "", "", "Traceback (most recent call last):"},
    {"    at foo (bar.js:1:2)",
     NONE, "", "", "", "    at foo (bar.js:1:2)"},
    {"\x1b[31mERROR\x1b[0m coloured",
     NONE, "error", "", "", "coloured"},
    {"<3>sd daemon error",
     NONE, "error", "", "", "sd daemon error"},
    {"[ERROR] plain",
     NONE, "error", "", "", "plain"},
    {"[main] ERROR x.y.Z - hello",
     NONE, "error", "x.y.Z", "", "hello"},
    {"FATAL something died",
     NONE, "fatal", "", "", "something died"},
    {"2026-11-23 10:00:00 ERROR java.lang.RuntimeException: boom",
     AT(0), "error", "", "", "java.lang.RuntimeException: boom"},
    {"2026-11-23 10:00:00 error connecting to x",
     AT(0), "", "", "", "error connecting to x"},
    {"1795400766.123 ERROR x",
     AT(-27233877000), "error", "", "", "x"},
    {"[12345.678901] usb 1-1: new device",
     NONE, "", "", "", "[12345.678901] usb 1-1: new device"},
    {"INFO 2026-11-23 10:00:00,123 module 123 456 django msg",
     AT(123000), "info", "", "", "module 123 456 django msg"},
    {"Nov 23 10:00:00 web-1 app[7]: ERROR boom",
     AT(0), "", "", "", "web-1 app[7]: ERROR boom"},
    {"2026-11-23T10:00:00Z",
     AT(0), "", "", "", "2026-11-23T10:00:00Z"},
    {"ERROR",
     NONE, "error", "", "", "ERROR"},
    {"INFO  [2026-11-23 10:00:00,123] org.x.Y: drop msg",
     AT(123000), "info", "org.x.Y", "", "drop msg"},
    {"[ERROR] 2026-11-23 10:00:00 msg",
     AT(0), "error", "", "", "msg"},
    {"[foo] bar",
     NONE, "", "", "", "[foo] bar"},
    {"[a] [b] [c] [d] [e] [f] [g] ERROR x",
     NONE, "", "", "", "[a] [b] [c] [d] [e] [f] [g] ERROR x"},
    {"10:00:00.123 [main] ERROR c.a.B -- logback of today",
     NONE, "error", "c.a.B", "", "logback of today"},
    {"2026-11-23 10:00:00,123 ERROR c.a.B:42 [main] - msg",
     AT(123000), "error", "c.a.B:42", "", "msg"},
    {"125  [main] ERROR c.a.B  - since the start",
     NONE, "error", "c.a.B", "", "since the start"},
    {"ERROR [main] (B.java:42) - msg",
     NONE, "error", "", "", "msg"},
    {"ERROR [main] 2026-11-23 10:00:00,123 B.java:42 - Cassandra",
     AT(123000), "error", "B.java:42", "", "Cassandra"},
    {"2026-11-23T10:00:00.123Z ERROR 7 --- [nio-1] o.a.c.c.C.[.[.[/].[dispatcher]    : Servlet.service() failed",
     AT(123000), "error", "o.a.c.c.C.[.[.[/].[dispatcher]", "7", "Servlet.service() failed"},
    {"2026-11-23 10:00:00,123 ERROR [c.a.B] (main) JBoss",
     AT(123000), "error", "c.a.B", "", "JBoss"},
    {"23-Nov-2026 10:00:00.123 SEVERE [main] org.a.core.Context.start Tomcat",
     AT(123000), "error", "org.a.core.Context", "", "Tomcat"},
    {"Nov 23, 2026 10:00:00 AM c.a.B run",
     AT(0), "", "", "", "c.a.B run"},
    {"Nov 3, 2026 1:00:00 PM c.a.B run",
     AT(-1717200000000), "", "", "", "c.a.B run"},
    {"[2026-11-23T10:00:00,123][ERROR][o.e.b.Bootstrap    ] [node-1] Elasticsearch",
     AT(123000), "error", "o.e.b.Bootstrap", "", "[node-1] Elasticsearch"},
    {"2026-11-23T10:00:00.123Z pid=7 tid=abc class=Job jid=123 INFO: Sidekiq",
     AT(123000), "info", "Job", "7", "pid=7 tid=abc class=Job jid=123 INFO: Sidekiq"},
    {"2026-11-23T10:00:00.123Z 7 TID-abc ERROR: Sidekiq",
     AT(123000), "error", "", "7", "Sidekiq"},
    {"shop: 2026/11/23 10:00:00 Go with a prefix",
     AT(0), "", "shop", "", "Go with a prefix"},
    {"    2026/11/23 10:00:00 [ERR] agent: Consul",
     AT(0), "error", "agent", "", "Consul"},
    {"2026-11-23T10:00:00.123Z\tERROR\tpay/charge.go:42\tzap\t{\"n\": 7}",
     AT(123000), "error", "", "", "zap\t{\"n\": 7}"},
    {"2026-11-23T10:00:00.123Z\terror\tshop.pay\tpay/charge.go:42\tzap",
     AT(123000), "error", "shop.pay", "", "zap"},
    {"ERRO[0012] logrus                  n=7",
     NONE, "error", "", "", "logrus                  n=7"},
    {"WARN[2026-11-23T10:00:00Z] logrus",
     AT(0), "warning", "", "", "logrus"},
    {"10:00AM ERR zerolog n=7",
     NONE, "error", "", "", "zerolog n=7"},
    {"E20261123 10:00:00.123456 7 pay.cc:42] glog",
     AT(123456), "error", "pay.cc", "7", "glog"},
    {"2026-11-23 10:00:00.123 CET [7] app@db ERROR:  x",
     AT(-3599877000), "error", "", "7", "x"},
    {"2026-11-23 10:00:00.123 +03 [7] ERROR:  x",
     AT(-10799877000), "error", "", "7", "x"},
    {"2026-11-23 10:00:00 UTC [7-1] app@db LOG:  x",
     AT(0), "info", "", "7", "x"},
    {"2026-11-23 10:00:00 UTC:10.0.0.1(5000):app@db:[7]:ERROR:  Amazon",
     AT(0), "error", "", "7", "Amazon"},
    {"2026-11-23 10:00:00.123 UTC [7] DETAIL:  x",
     AT(123000), "", "", "7", "DETAIL:  x"},
    {"2026-11-23T10:00:00.123456Z 0 [System] [MY-010931] [Server] ready",
     AT(123456), "info", "", "0", "[MY-010931] [Server] ready"},
    {"7:signal-handler (1795428000) Received SIGTERM scheduling shutdown...",
     AT(0), "info", "", "7", "Received SIGTERM scheduling shutdown..."},
    {"[23/Nov/2026 10:00:00] \"GET / HTTP/1.1\" 500 145",
     AT(0), "", "", "", "\"GET / HTTP/1.1\" 500 145"},
    {"2026-11-23 10:00:00,123 shop.pay     WARNING  cookbook",
     AT(123000), "warning", "shop.pay", "", "cookbook"},
    {"2026-11-23 10:00:00,123 root INFO root",
     AT(123000), "info", "root", "", "root"},
    {"2026-11-23 10:00:00 Got ERROR from the backend",
     AT(0), "", "", "", "Got ERROR from the backend"},
    {"2026-11-23 10:00:00,123,123 shop.pay ERROR twice the milliseconds",
     AT(123000), "error", "shop.pay", "", "twice the milliseconds"},
    {"2026-11-23 10:00:00.123 | SUCCESS  | __main__:f:3 - loguru",
     AT(123000), "info", "__main__:f:3", "", "loguru"},
    {"[2026-11-23T10:00:00.123+0000] {x.py:42} ERROR - Airflow",
     AT(123000), "error", "", "", "Airflow"},
    {"[2026-11-23, 10:00:00 UTC] {x.py:42} ERROR - Airflow",
     AT(0), "error", "", "", "Airflow"},
    {"2026-11-23 10:00:00,123 7 ERROR db odoo.http: Odoo",
     AT(123000), "error", "odoo.http", "7", "Odoo"},
    {"2026-11-23 10:00:00,123 7 ERROR failed to start",
     AT(123000), "error", "", "7", "failed to start"},
    {"10:00:00.123 request_id=F2a [error] Elixir",
     NONE, "error", "", "", "Elixir"},
    {"[10:00:00] [Server thread/ERROR]: Minecraft",
     NONE, "error", "Server thread", "", "Minecraft"},
    {"2026-11-23T10:00:00: PM2",
     AT(0), "", "", "", "PM2"},
    {"[Nest] 7  - 11/23/2026, 10:00:00 AM   ERROR [Router] Nest",
     AT(0), "error", "", "7", "[Router] Nest"},
    {"[10:00:00.123] ERROR (7 on web-1): pino",
     NONE, "error", "", "7", "pino"},
    {"2026-11-23 10:00:00.1234|ERROR|Shop.Pay|NLog",
     AT(123400), "error", "Shop.Pay", "", "NLog"},
    {"2026-11-23 10:00:00.1234|1|ERROR|Shop.Pay|NLog",
     AT(123400), "error", "Shop.Pay", "", "NLog"},
    {"23-Nov-2026 10:00:00.123 general: error: BIND",
     AT(123000), "error", "general", "", "BIND"},
    {"[1795428000] unbound[7:0] error: unbound",
     AT(0), "error", "unbound[7:0]", "", "unbound"},
    {"[1795428000] unbound[7:0] fatal error: unbound",
     AT(0), "fatal", "unbound[7:0]", "", "unbound"},
    {"2026-11-23 10:00:00,123 fail2ban.server         [7]: ERROR   Fail2ban",
     AT(123000), "error", "fail2ban.server", "7", "Fail2ban"},
    {"2026-11-23 10:00:00.123+0000 [id=71]\tWARNING\th.n.DiskSpaceMonitor#markOffline: Jenkins: low",
     AT(123000), "warning", "h.n.DiskSpaceMonitor", "", "Jenkins: low"},
    {"2026-11-23 10:00:00.123+0000 [id=71]\tINFO\thudson.WebAppMain: Jenkins is up",
     AT(123000), "info", "", "", "hudson.WebAppMain: Jenkins is up"},
    {"2026-11-23 10:00:00,123 web-1 proftpd[7] web-1: unable to open ProFTPD",
     AT(123000), NULL, "proftpd", "7", "unable to open ProFTPD"},
    {"2026-11-23 10:00:00,123 web-1 proftpd[7] shop.example.com (192.0.2.7[192.0.2.7]): USER bob: Login successful",
     AT(123000), NULL, "proftpd", "7", "USER bob: Login successful"},
    {"WARNING 2026-11-23 10:00:00,123 cart 7 140234567890176 Django: verbose",
     AT(123000), "warning", "cart", "7", "Django: verbose"},
    {"WARNING 2026-11-23 10:00:00,123 copied 7 140 files",
     AT(123000), "warning", "", "", "copied 7 140 files"},
    {"2026-11-23 10:00:00.123 [WARNING][7] felix/health.go 188: Calico",
     AT(123000), "warning", "felix/health.go", "7", "Calico"},
    {"fail2ban.actions        [7]: ERROR   Fail2ban in syslog",
     RECORD_NO_TIME, "error", "fail2ban.actions", "", "Fail2ban in syslog"},
    {"2026-11-23 10:00:00,123 fail2ban.filter         [7]: INFO    [sshd] Found 192.0.2.7",
     AT(123000), "info", "fail2ban.filter", "7", "[sshd] Found 192.0.2.7"},
    {"2026-11-23 10:00:00,123 web-1 proftpd[7]: fatal: ProFTPD",
     AT(123000), "fatal", "proftpd", "7", "ProFTPD"},
    {"[2026-11-23T10:00:00+0000] error    : Monit",
     AT(0), "error", "", "", "Monit"},
    {"[!] stunnel",
     RECORD_NO_TIME, "error", "", "", "stunnel"},
    {"[ ] stunnel",
     RECORD_NO_TIME, "", "", "", "[ ] stunnel"},
    {"2026-11-23 10:00:00.123 *ERROR* [qtp1-12] com.acme.Shop Sling",
     AT(123000), "error", "", "", "[qtp1-12] com.acme.Shop Sling"},
    {"2026-11-23 10:00:00.123 *ERRORS* are no level",
     AT(123000), "", "", "", "*ERRORS* are no level"},
    {"2026/11/23 10:00:00 kid1| ERROR: squid",
     AT(0), "error", "kid1", "", "squid"},
    {"2026-11-23T10:00:00.123456Z ERROR request{id=7 user=\"a b\"}:job{n=1}: shop::pay: tracing",
     AT(123456), "error", "shop::pay", "", "tracing"},
    {"[WARNING] 327/100000 (7) : HAProxy",
     NONE, "warning", "", "", "327/100000 (7) : HAProxy"},
    {"[ALERT]    (7) : HAProxy",
     NONE, "fatal", "", "7", "(7) : HAProxy"},
    {"ERROR - 2026-11-23 10:00:00 --> CodeIgniter",
     AT(0), "error", "", "", "CodeIgniter"},
    {"11/23/2026 10:00:00 PM ERROR month first",
     AT(43200000000), "error", "", "", "month first"},
    {"23/11/2026 10:00:00 ERROR day first",
     AT(0), "error", "", "", "day first"},
    {"23.11.2026 10:00:00,5 ERROR day first",
     AT(500000), "error", "", "", "day first"},
    {"2026.11.23 10:00:00 ERROR points",
     AT(0), "error", "", "", "points"},
    {"20261123-10:00:00.123 ERROR together",
     AT(123000), "error", "", "", "together"},
    {"2026-11-23_10:00:00.12345 svlogd",
     AT(123450), "", "", "", "svlogd"},
    {"13/13/2026 10:00:00 ERROR no month",
     NONE, "", "", "", "13/13/2026 10:00:00 ERROR no month"},
    {"12 apples and [one] pear",
     NONE, "", "", "", "12 apples and [one] pear"},
    {"ABCD[0012] no level",
     NONE, "", "", "", "ABCD[0012] no level"},
    /* PostgreSQL, whatever stands before the two blanks. */
    {"< 2026-11-23 10:00:00.123 UTC >PANIC:  no checkpoint",
     AT(123000), "fatal", "", "", "no checkpoint"},
    {"<2026-11-23 10:00:00 UTC app shop>FATAL:  no room",
     AT(0), "fatal", "", "", "no room"},
    {"7 ERROR:  deadlock detected",
     NONE, "error", "", "", "deadlock detected"},
    {"user=app,db=shop,host=10.0.0.4 pid=7: ERROR:  deadlock detected",
     NONE, "error", "", "", "deadlock detected"},
    {"5ec9e4c1.848f 2026-11-23 10:00:00 UTC ERROR:  deadlock detected",
     NONE, "error", "", "", "deadlock detected"},
    {"2026-11-23 10:00:00 UTC-5ec9e4c1.848f-ERROR:  deadlock detected",
     AT(0), "error", "", "", "deadlock detected"},
    {"2026-11-23 10:00:00 UTC [7] app@shop 10.0.0.4(5432) DBeaver 24.1 - Main ERROR:  deadlock detected",
     AT(0), "error", "", "7", "deadlock detected"},
    {"2026-11-23 10:00:00 UTC [7-1] app@shop PostgreSQL JDBC Driver DEBUG2:  CommitTransaction",
     AT(0), "debug", "", "7", "CommitTransaction"},
    {"postgres[812]: [8-1] 2026-11-23 10:00:00 UTC [7] FATAL:  no file",
     NONE, "fatal", "", "812", "no file"},
    /* Windows' servicing logs. */
    {"2026-11-23 10:00:00, Error                 CBS    Failed to open the package",
     AT(0), "error", "", "", "CBS    Failed to open the package"},
    {"2026-11-23 10:00:00, Info                  DISM   PID=7 started",
     AT(0), "info", "", "", "DISM   PID=7 started"},
    {"2026-11-23 10:00:00, error or not",
     AT(0), "", "", "", ", error or not"},
    /* csvlog. */
    {"2026-11-23 10:00:00.123 UTC,\"app\",\"shop\",7,\"10.0.0.4:5432\",5ec9e4c1.848f,3,\"INSERT\",2026-11-23 09:59:00 UTC,"
     "4/12,0,ERROR,23505,\"duplicate key violates \"\"k\"\"\",\"Key (code)=(A4)\",,,,,\"insert into bin(id, code)",
     AT(123000), "error", "", "7", "duplicate key violates \"k\""},
    {"2026-11-23 10:00:00.123 UTC,,,7,,5ec9e4c1.848f,1,,2026-11-23 09:59:00 UTC,,0,LOG,00000,\"started\",,,,,,,,,\"\",\"postmaster\",,0",
     AT(123000), "info", "", "7", "started"},
    {"2026-11-23 10:00:00.123 UTC,,,7,,x,1,,,,,ERROR,,\"x\"",
     AT(123000), "", "", "", ",,,7,,x,1,,,,,ERROR,,\"x\""},
    /* In the words of its translations. */
    {"2026-11-23 10:00:00.123 UTC [7] app@shop FEHLER:  ung\xc3\xbcltig", AT(123000), "error", "", "7", "ung\xc3\xbcltig"},
    {"2026-11-23 10:00:00.123 UTC [7] ATTENTION:  x", AT(123000), "warning", "", "7", "x"},
    {"2026-11-23 10:00:00.123 UTC [7] ПАНИКА:  x", AT(123000), "fatal", "", "7", "x"},
    {"2026-11-23 10:00:00.123 UTC [7] ВАЖНО:  x", AT(123000), "fatal", "", "7", "x"},
    {"2026-11-23 10:00:00.123 UTC [7] app@shop 错误:  x", AT(123000), "error", "", "7", "x"},
    {"2026-11-23 10:00:00.123 UTC [7] エラー:  x", AT(123000), "error", "", "7", "x"},
    {"2026-11-23 10:00:00.123 UTC [7] PÂNICO:  x", AT(123000), "fatal", "", "7", "x"},
    {"2026-11-23 10:00:00.123 UTC [7] СООБЩЕНИЕ:  x", AT(123000), "info", "", "7", "x"},
    {"2026-11-23 10:00:00.123 UTC [7] WARNUNG:  x", AT(123000), "warning", "", "7", "x"},
    {"pg_dump: error: query failed: ERROR:  not of the server",
     NONE, "", "", "", "pg_dump: error: query failed: ERROR:  not of the server"},
    {"2026-11-23 10:00:00 UTC [7] asked for PANIC:  by a client",
     AT(0), "", "", "7", "[7] asked for PANIC:  by a client"},
    /* mongod to 4.2. */
    {"2026-11-23T10:00:00.123+0000 E STORAGE  [WTCheckpointThread] WiredTiger error (28)",
     AT(123000), "error", "STORAGE", "", "WiredTiger error (28)"},
    {"2026-11-23T10:00:00.123+0000 F -        [conn7] Invalid access",
     AT(123000), "fatal", "", "", "Invalid access"},
    {"2026-11-23T10:00:00.123+0000 D2 COMMAND  [conn7] run command",
     AT(123000), "debug", "COMMAND", "", "run command"},
    {"2026-11-23T10:00:00.123+0000 F  -        [conn7] ",
     AT(123000), "", "", "", "F  -        [conn7] "},
    /* Redis to 2.8. */
    {"[7] 23 Nov 10:00:00.123 # Can't save in background: fork: Cannot allocate memory",
     AT(123000), "warning", "", "7", "Can't save in background: fork: Cannot allocate memory"},
    {"[7] 23 Nov 10:00:00 * DB saved on disk",
     AT(0), "info", "", "7", "DB saved on disk"},
    {"[7 | signal handler] (1795428000) Received SIGTERM",
     AT(0), "info", "", "7", "Received SIGTERM"},
    {"812:M 23 Nov 10:00:00.123 # to 4.0",
     AT(123000), "warning", "", "812", "to 4.0"},
    {"812:S 23 Nov 10:00:00.123 * M",
     AT(123000), "info", "", "812", "M"},
    {"ERROR: 2026/11/23 10:00:00 main.go:12: a prefix of Go",
     AT(0), "error", "", "", "main.go:12: a prefix of Go"},
    {"1.795428000123e+09\tERROR\tshop\tpay.go:42\tzap",
     AT(123000), "error", "shop", "", "zap"},
    {"log4j:WARN No appenders could be found",
     NONE, "warning", "log4j", "", "No appenders could be found"},
    {"261123 10:00:00  InnoDB: Error: page 5",
     AT(0), "error", "InnoDB", "", "page 5"},
    {"2026-11-23 10:00:00.123456: E tensorflow/cuda.cc:271] TensorFlow",
     AT(123456), "error", "tensorflow/cuda.cc", "", "TensorFlow"},
    {"2026-11-23 10:00:00: (server.c.1234) [error] lighttpd",
     AT(0), "error", "", "", "lighttpd"},
    {"Mon Nov 23 10:00:00 2026 -> ERROR: ClamAV",
     AT(0), "error", "", "", "ClamAV"},
    {"[FATAL tini (7)] no program",
     NONE, "fatal", "", "", "no program"},
    {"[ERROR] [FATAL] both",
     NONE, "error", "", "", "[FATAL] both"},
    /* Sidekiq to 5. */
    {"2026-11-23T10:00:00.123Z 7 TID-x2oow PayJob JID-3e54b98dd76b6a79c00038b8 BID-abc ERROR: bad",
     AT(123000), "error", "PayJob", "7", "bad"},
    {"2026-11-23T10:00:00.123Z 7 TID-x2oow WARN: Timeout::Error: Waited 1 sec",
     AT(123000), "warning", "", "7", "Timeout::Error: Waited 1 sec"},
    /* Dovecot. */
    {"Nov 23 10:00:00 imap(ann@example.com)<7><Yx/7+b>: Error: no index",
     AT(0), "error", "imap", "", "no index"},
    {"2026-11-23 10:00:00 auth: Fatal: master: service(auth): child 7 killed with signal 9",
     AT(0), "fatal", "auth", "", "master: service(auth): child 7 killed with signal 9"},
    {"imap(ann): Panic: file x.c: line 7",
     NONE, "fatal", "imap", "", "file x.c: line 7"},
    {"master: Warning: Killed with signal 15",
     NONE, "warning", "master", "", "Killed with signal 15"},
    {"caused by: Error: not at the front",
     NONE, "", "", "", "caused by: Error: not at the front"},
    /* Postfix in a container. */
    {"2026-11-23T10:00:00.123456+00:00 INFO    postfix/qmgr[7]: 9D7F86009F: removed",
     AT(123456), "info", "", "7", "9D7F86009F: removed"},
    /* SQL Server and Samba, which say the rest in a line of its own. */
    {"2026-11-23 10:00:00.12 spid51      Error: 9002, Severity: 17, State: 2.",
     AT(120000), "error", "", "", "Error: 9002, Severity: 17, State: 2."},
    {"2026-11-23 10:00:00.12 spid7s      Error: 824, Severity: 24, State: 2.",
     AT(120000), "fatal", "", "", "Error: 824, Severity: 24, State: 2."},
    {"2026-11-23 10:00:00.12 Server      Error: 17054, Severity: 10, State: 1.",
     AT(120000), "info", "", "", "Error: 17054, Severity: 10, State: 1."},
    {"2026-11-23 10:00:00.12 Backup      Log was backed up.",
     AT(120000), "", "", "", "Log was backed up."},
    {"2026-11-23 10:00:00.12 spider51    crawls",
     AT(120000), "", "", "", "spider51    crawls"},
    {"[2026/11/23 10:00:00.123456,  0] ../../source3/smbd/server.c:1784(main)",
     AT(123456), "error", "server.c", "", "[2026/11/23 10:00:00.123456,  0] ../../source3/smbd/server.c:1784(main)"},
    {"[2026/11/23 10:00:00.123456,  1, pid=812, effective(0, 0), real(0, 0)] ../../lib/x.c:7(f)",
     AT(123456), "warning", "x.c", "812",
     "[2026/11/23 10:00:00.123456,  1, pid=812, effective(0, 0), real(0, 0)] ../../lib/x.c:7(f)"},
    {"[2026/11/23 10:00:00.123456, 10] no place",
     AT(123456), "debug", "", "", "no place"},
    /* MySQL to 5.5 and MariaDB. */
    {"261123 10:00:00 [ERROR] mysqld: no table",
     AT(0), "error", "mysqld", "", "no table"},
    {"261123  9:00:00 [Warning] no name",
     AT(-3600000000), "warning", "", "", "no name"},
    {"2026-11-23  9:00:00 0 [ERROR] mysqld: no table",
     AT(-3600000000), "error", "mysqld", "0", "no table"},
    /* WebSphere, Liberty, other servers of Java. */
    {"[11/23/26 10:00:00:123 UTC] 0000004a ServletWrappe E   SRVE0068E: no servlet",
     AT(123000), "error", "ServletWrappe", "", "SRVE0068E: no servlet"},
    {"[11/23/26, 10:00:00:123 GMT] 0000002a com.ibm.ws.webcontainer.servlet    W SRVE0777E: no servlet",
     AT(123000), "warning", "com.ibm.ws.webcontainer.servlet", "", "SRVE0777E: no servlet"},
    {"[23.11.2026 10:00:00:123 CET] 0000004a SystemOut     O hello",
     AT(123000), "", "SystemOut", "", "hello"},
    {"[#|2026-11-23T10:00:00.123+0000|SEVERE|glassfish3|com.x|_ThreadID=1;|boom|#]",
     AT(123000), "error", "glassfish3", "", "com.x|_ThreadID=1;|boom|#]"},
    {"####<Nov 23, 2026 10:00:00 AM UTC> <Error> <HTTP> <BEA-101017> <boom>",
     AT(0), "error", "", "", "<HTTP> <BEA-101017> <boom>"},
    {"2026-11-23 10:00:00,123 ERROR (main) boom",
     AT(123000), "error", "", "", "boom"},
    {"2026-11-23 10:00:00.123 ERROR (MainThread) [homeassistant.core] boom",
     AT(123000), "error", "homeassistant.core", "", "boom"},
    {"2026-11-23 10:00:00.123 ERROR (qtp12-18) [c:core s:shard1 x:core] o.a.s.s.HttpSolrCall boom",
     AT(123000), "error", "o.a.s.s.HttpSolrCall", "", "boom"},
    {"2026-11-23 10:00:00,123 ERROR (code 7) boom",
     AT(123000), "error", "", "", "(code 7) boom"},
    {"2026-11-23 10:00:00,123 | shop.pay | ERROR | boom",
     AT(123000), "error", "shop.pay", "", "boom"},
    /* Letters before a time, or with it in brackets. */
    {"[E 261123 10:00:00 web:1793] Tornado",
     AT(0), "error", "", "", "Tornado"},
    {"[E 2026-11-23 10:00:00.123 ServerApp] Jupyter",
     AT(123000), "error", "", "", "Jupyter"},
    {"[E 10:00:00.123 NotebookApp] Jupyter",
     NONE, "error", "", "", "Jupyter"},
    {"[ E 2026-11-23 10:00:00.1234 812/T3 age/Cor/Con/x.cpp:123 ]: Passenger",
     AT(123400), "error", "", "", "Passenger"},
    {"E [23/Nov/2026:10:00:00 +0000] [Job 12] CUPS",
     AT(0), "error", "", "", "[Job 12] CUPS"},
    {"E261123 10:00:00.123456 812 1@server/x.go:12 ⋮ [n1] 12  CockroachDB",
     AT(123456), "error", "1@server/x.go", "812", "[n1] 12  CockroachDB"},
    {"EROR[11-23|10:00:00] log15 key=val",
     AT(0), "error", "", "", "log15 key=val"},
    {"WARN [11-23|10:00:00.123] geth",
     AT(123000), "warning", "", "", "geth"},
    {"[7] 2026/11/23 10:00:00.123456 [ERR] NATS",
     AT(123456), "error", "", "7", "NATS"},
    {"[ABCDE] 2026/11/23 10:00:00 WARNING: Syncthing",
     AT(0), "warning", "", "", "Syncthing"},
    {"2026-11-23T10:00:00Z E! [inputs.x] Telegraf",
     AT(0), "error", "", "", "[inputs.x] Telegraf"},
    {"[2026-11-23 10:00:00.123456] E [MSGID: 113001] [posix.c:12:func] 0-vol: GlusterFS",
     AT(123456), "error", "", "", "[MSGID: 113001] [posix.c:12:func] 0-vol: GlusterFS"},
    {"2026-11-23T10:00:00.123+0000 7f2a8318f700 -1 osd.3 12 Ceph",
     AT(123000), "error", "", "", "osd.3 12 Ceph"},
    {"2026-11-23T10:00:00.123+0000 7f2a8318f700  0 log_channel(cluster) log [ERR] : Ceph",
     AT(123000), "error", "log_channel(cluster)", "", "Ceph"},
    {"2026-11-23T10:00:00.123+0000 7f2a8318f700  0 log_channel(cluster) log [DBG] : Ceph",
     AT(123000), "debug", "log_channel(cluster)", "", "Ceph"},
    /* Others. */
    {"2026.11.23 10:00:00.123456 [ 812 ] {query-id} <Error> executeQuery: ClickHouse",
     AT(123456), "error", "executeQuery", "812", "ClickHouse"},
    {"[2026-11-23 10:00:00] ERROR[812][C-0001]: chan_sip.c:1234 func: Asterisk",
     AT(0), "error", "", "812", "chan_sip.c:1234 func: Asterisk"},
    {"2026-11-23T10:00:00+0000 [shop#error] Twisted",
     AT(0), "error", "shop", "", "Twisted"},
    {"2026-11-23 10:00:00.123+0000: 812: error : func:12 : libvirt",
     AT(123000), "error", "func:12", "812", "libvirt"},
    {"2026-11-23T10:00:00.123Z error hostd[812] [Originator@6876 sub=Vpxa] ESXi",
     AT(123000), "error", "hostd", "812", "[Originator@6876 sub=Vpxa] ESXi"},
    {"2026-11-23T10:00:00.123Z Er(163) hostd[812]: ESXi",
     AT(123000), "error", "hostd", "812", "ESXi"},
    {"2026/11/23 10:00:00 ...s/setting/x.go:12:Foo() [E] Gitea",
     AT(0), "error", "", "", "Gitea"},
    {"2026-11-23T10:00:00.123Z|00012|bridge|ERR|Open vSwitch",
     AT(123000), "error", "bridge", "", "Open vSwitch"},
    {"2026-11-23T10:00:00.123Z|00012|vlog(main)|EMER|Open vSwitch",
     AT(123000), "fatal", "vlog(main)", "", "Open vSwitch"},
    {"2026-11-23T10:00:00.123Z\t1f2e3d4c-0000-1111-2222-333344445555\tERROR\tAWS' Node.js",
     AT(123000), "error", "", "", "AWS' Node.js"},
    {"2026-11-23T10:00:00.123Z\t1f2e3d4c-0000-1111-2222-333344445555\tan id, and no level",
     AT(123000), "", "", "", "1f2e3d4c-0000-1111-2222-333344445555\tan id, and no level"},
    {"2026-11-23 10:00:00.123456 99.00% [ERR] mod_x.c:12 FreeSWITCH",
     AT(123456), "error", "", "", "mod_x.c:12 FreeSWITCH"},
    {"2026-11-23 10:00:00,123:shop.pay:ERROR:columns of colons",
     AT(123000), "error", "shop.pay", "", "columns of colons"},
    {"2026-11-23 10:00:00,123:ERROR:columns of colons",
     AT(123000), "error", "", "", "columns of colons"},
    {"2026-11-23T10:00:00: PM2 error: PM2",
     AT(0), "error", "", "", "PM2"},
    {"Mon, 23 Nov 2026 11:00:00 +0100 [ERROR] TYPO3",
     AT(0), "error", "", "", "TYPO3"},
    {"11-23-2026 10:00:00.123 +0000 ERROR TailReader [812 tail] - Splunk",
     AT(123000), "error", "", "", "TailReader [812 tail] - Splunk"},
    {"Nov 23, 2026 10:00:00.123 [0x7f] ERROR - Plex",
     AT(123000), "error", "", "", "Plex"},
    {"1795428000: Error: Mosquitto",
     AT(0), "error", "", "", "Error: Mosquitto"},
    {"2026-11-23 10:00:00.1|Error|Sonarr|NLog",
     AT(100000), "error", "Sonarr", "", "NLog"},
    {"0|api  | 2026-11-23T10:00:00: ERROR PM2",
     AT(0), "error", "", "", "PM2"},
    {"=ERROR REPORT==== 3-Nov-2026::10:00:00.123456 ===",
     AT(123456 - 20 * INT64_C(86400000000)), "error", "", "", "=ERROR REPORT==== 3-Nov-2026::10:00:00.123456 ==="},
    {"=WARNING REPORT==== 23-Nov-2026::10:00:00 ===",
     AT(0), "warning", "", "", "=WARNING REPORT==== 23-Nov-2026::10:00:00 ==="},
    {"<3>no disk",
     NONE, "error", "", "", "no disk"},
    {"20261123-10:00:00:123|Step_LSC|30002312|onStandStepChanged 3579",
     AT(123000), "", "Step_LSC", "30002312", "onStandStepChanged 3579"},
    {"20261123-9:5:2:81|Step_SPUtils|30002312| getTodayTotalDetailSteps = 7",
     AT(81000 - INT64_C(3298000000)), "", "Step_SPUtils", "30002312", "getTodayTotalDetailSteps = 7"},
    {"20261123-10:00:00:123|Step_LSC|a sentence|with bars",
     AT(123000), "", "Step_LSC", "", "a sentence|with bars"},
    {"20261123-10:00:00:123|ERROR|30002312|columns with a level",
     AT(123000), "error", "", "", "30002312|columns with a level"},
    {"20261123-10:00:00:1234|no milliseconds",
     AT(0), "", "", "", ":1234|no milliseconds"},
    {"2026-11-23 10:00:00\tpay\t812\tcolumns of tabs",
     AT(0), "", "pay", "812", "columns of tabs"},
    {"2026-11-23 10:00:00\tpay\tone tab may be in a text",
     AT(0), "", "", "", "pay\tone tab may be in a text"},
    {"2026-11-23 10:00:00:123 ERROR milliseconds behind a colon",
     AT(123000), "error", "", "", "milliseconds behind a colon"},
    {"2026-11-23-10.00.00.123456 ERROR Db2",
     AT(123456), "error", "", "", "Db2"},
    {"2026-11-23 10.20.30.40 an address",
     NONE, "", "", "", "2026-11-23 10.20.30.40 an address"},
    {"[10.30 10:00:00] chrome.exe - proxy.example:5070 open through proxy HTTPS",
     AT(-24 * INT64_C(86400000000)), "", "", "", "proxy.example:5070 open through proxy HTTPS"},
    {"[11.23 10:00:00] chrome.exe *64 - proxy.example:443 close",
     AT(0), "", "", "", "proxy.example:443 close"},
    {"[11.23 10:00:00] 7z.exe - shop.example:80 open directly",
     AT(0), "", "", "", "shop.example:80 open directly"},
    {"[23.11 10:00:00] the day first",
     AT(0), "", "", "", "the day first"},
    {"11/10 10:00:00 of two days that it can be the later one",
     AT(-13 * INT64_C(86400000000)), "", "", "", "of two days that it can be the later one"},
    {"10/11 10:00:00 of two days that it can be the later one",
     AT(-13 * INT64_C(86400000000)), "", "", "", "of two days that it can be the later one"},
    {"13-32 10:00:00 no day",
     NONE, "", "", "", "13-32 10:00:00 no day"},
    {"11-23 10:00:00.123  1702  2395 E WindowManager: no focus",
     AT(123000), "error", "WindowManager", "1702", "no focus"},
    {"11-23 10:00:00.123  1702  2395 V Audio   : Android pads its tags",
     AT(123000), "debug", "Audio", "1702", "Android pads its tags"},
    {"11-23 10:00:00.123  1702  2395 F libc    : Fatal signal 11",
     AT(123000), "fatal", "libc", "1702", "Fatal signal 11"},
    {"11-23 10:00:00.123  1702  2395 X Tag: no level of Android's",
     AT(123000), "", "", "2395", "1702  2395 X Tag: no level of Android's"},
    {"- 1795428000 2026.11.23 R02-M1-N0-C:J12-U11 2026-11-23-10.00.00.675872 R02-M1-N0-C:J12-U11 RAS KERNEL INFO corrected",
     AT(675872), "info", "KERNEL", "", "corrected"},
    {"KERNDTLB 1795428000 2026.11.23 R02-M1 2026-11-23-02.00.00.675872 R02-M1 RAS KERNEL FATAL data TLB error",
     AT(675872), "fatal", "KERNEL", "", "data TLB error"},
    {"- 1795428000 2026.11.23 dn228 Nov 23 12:00:00 dn228/dn228 crond(pam_unix)[2915]: session closed",
     AT(0), "", "", "2915", "session closed"},
    {"- 1131566461 2005.11.09 dn228 Nov 9 12:01:01 dn228/dn228 kernel: out of the year that is said",
     INT64_C(1131566461000000), "", "", "", "out of the year that is said"},
    {"1795428000 2026.11.23 dn228 ERROR no alerts are named",
     AT(0), "error", "", "", "no alerts are named"},
    {"- 1795428000 2026.10.23 dn228 the day is another one",
     NONE, "", "", "", "- 1795428000 2026.10.23 dn228 the day is another one"},
    {"134681 node-246 unix.hw net.niff.up 1795428000 1 NIFF: node node-246 is up",
     AT(0), "", "unix.hw", "", "NIFF: node node-246 is up"},
    {"134681 node-246 node status 1795428000 -1 not responding",
     AT(0), "", "node", "", "not responding"},
    {"134681 orders were sent 1795428000 and a sentence goes on",
     NONE, "", "", "", "134681 orders were sent 1795428000 and a sentence goes on"},
};
/* clang-format on */

START_TEST(layouts)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        parse(slice_str(rows[i].raw));
        struct slice got[] = {slice_str(level_name(r.level)), r.logger, r.procid, r.message};
        const char *want[] = {rows[i].level, rows[i].logger, rows[i].procid, rows[i].message};
        for (int k = 0; k < 4; k++)
            ck_assert_msg(slice_is(got[k], want[k]), "%s: got '%.*s', want '%s'", rows[i].raw, SLICE_ARG(got[k]),
                          want[k]);
        ck_assert_msg(r.time_us == rows[i].time_us, "%s: time is off by %lld", rows[i].raw,
                      (long long)(r.time_us - rows[i].time_us));
    }
}
END_TEST

/* What stands behind the message: fields, and what it says without them. */
static const struct {
    const char *raw, *told, *name, *value;
} behind[] = {
    {"E1123 10:00:00.123456       9 controller.go:130] \"Reconcile stopped\" err=\"no \\\"x\\\"\" pod=\"shop/web\"",
     "Reconcile stopped", "err", "no \"x\""},
    {"E1123 10:00:00.123456       9 a.go:7] \"Pod is {gone}\" pod={\"Name\":\"x y\"} n=7", "Pod is {gone}", "n", "7"},
    {"E1123 10:00:00.123456       9 a.go:7] \"alone\"", "alone", "err", ""},
    {"E1123 10:00:00.123456       9 a.go:7] \"quoted\" is the first word", "", "err", ""},
    {"[2026-11-23 10:00:00] shop.ERROR: order lost {\"order\":12} []", "order lost", "order", "12"},
    {"[2026-11-23 10:00:00] shop.ERROR: order lost {\"order\":12,\"of\":{\"a\":[1]}} ", "order lost", "of",
     "{\"a\":[1]}"},
    {"[2026-11-23 10:00:00] shop.ERROR: order lost [] {\"uid\":\"abc\"}", "order lost", "uid", "abc"},
    {"[2026-11-23 10:00:00] shop.ERROR: order lost [] []", "order lost", "order", ""},
    {"2026-11-23T10:00:00.123Z\tERROR\tpay/charge.go:42\tcharge failed\t{\"order\": 12}", "charge failed", "order",
     "12"},
    {"error: no room {\"code\":\"E7\"}", "error: no room", "code", "E7"},
    {"ERROR the answer was: {\"code\":\"E7\"}", "", "code", ""},
    {"ERROR half an object {\"code\":", "", "code", ""},
    {"ERROR a list of {\"x\"} is not one", "", "x", ""},
    {"no level {\"code\":\"E7\"}", "", "code", ""},
};

START_TEST(fields_behind)
{
    for (size_t i = 0; i < sizeof behind / sizeof *behind; i++) {
        parse(slice_str(behind[i].raw));
        ck_assert_msg(slice_is(r.told, behind[i].told), "%s: got '%.*s'", behind[i].raw, SLICE_ARG(r.told));
        ck_slice(record_value(&r, behind[i].name), behind[i].value);
    }
}
END_TEST

/* Sidekiq's ids, and Postfix's name, which untrusted senders do not give themselves. */
START_TEST(named)
{
    parse(SLICE("2026-11-23T10:00:00.123Z 7 TID-x2oow PayJob JID-3e54 ERROR: bad"));
    ck_slice(record_value(&r, "tid"), "x2oow");
    ck_slice(record_value(&r, "jid"), "3e54");
    parse(SLICE("2026-11-23T10:00:00.123Z ERROR postfix/smtpd[7]: fatal: no"));
    ck_slice(r.app, "postfix/smtpd");
    parse(SLICE("0|api  | ERROR no"));
    ck_slice(record_value(&r, "source"), "api");
}
END_TEST

/* What the collector of a cluster knows beside time and level. */
START_TEST(clusters)
{
    parse(SLICE("KERNDTLB 1795428000 2026.11.23 R02-M1 2026-11-23-02.00.00.675872 R02-M1 RAS KERNEL FATAL x"));
    ck_slice(r.host, "R02-M1");
    ck_slice(record_value(&r, "alert"), "KERNDTLB");
    parse(SLICE("- 1795428000 2026.11.23 dn228 Nov 23 12:00:00 dn228/dn228 crond[2915]: x"));
    ck_slice(r.host, "dn228");
    ck_slice(r.app, "crond");
    ck_assert_uint_eq(r.n_fields, 0);
    parse(SLICE("134681 node-246 unix.hw net.niff.up 1795428000 1 x"));
    ck_slice(r.host, "node-246");
    ck_slice(record_value(&r, "state"), "net.niff.up");
    parse(SLICE("[10.30 10:00:00] chrome.exe - x"));
    ck_slice(r.app, "chrome.exe");
}
END_TEST

/* Of a sender on another host the text says when and what, and not whose it is. */
START_TEST(clusters_of_strangers)
{
    parse_of(SLICE("- 1795428000 2026.11.23 R02-M1 2026-11-23-10.00.00.675872 R02-M1 RAS KERNEL FATAL x"), true);
    ck_assert(!r.host.n && r.level == LEVEL_FATAL);
    ck_slice(r.message, "x");
    parse_of(SLICE("134681 node-246 unix.hw net.niff.up 1795428000 1 x"), true);
    ck_assert(!r.host.n);
    ck_slice(r.message, "x");
    parse_of(SLICE("[10.30 10:00:00] chrome.exe - x"), true);
    ck_assert(!r.app.n);
}
END_TEST

START_TEST(apache_client)
{
    parse(SLICE("[Mon Nov 23 10:00:00.123456 2026] [core:error] [pid 7:tid 8] [client 10.0.0.1:5000] AH00124: x"));
    ck_slice(record_value(&r, "client"), "10.0.0.1");
    parse(SLICE("[Mon Nov 23 10:00:00 2026] [error] [client 10.0.0.1] File does not exist: /x"));
    ck_slice(record_value(&r, "client"), "10.0.0.1");
    ck_slice(r.message, "File does not exist: /x");
}
END_TEST

/* Every prefix of every row, and some bytes changed: nothing is refused, and the message is never lost. */
START_TEST(anything_goes)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[300];
        size_t n = strlen(rows[i].raw);
        memcpy(text, rows[i].raw, n);
        for (size_t len = 0; len <= n; len++) {
            parse(slice_of(text, len));
            /* Escape sequences alone are no text. */
            if (slice_trim(r.raw).n > 0 && r.raw.p[0] != '\x1b' && r.message.n == 0)
                ck_abort_msg("no message: %.*s", (int)len, text);
        }
        for (size_t at = 0; at < n; at++)
            for (const char *c = "]: [-\n\xff"; *c; c++) {
                char was = text[at];
                text[at] = *c;
                parse(slice_of(text, n));
                text[at] = was;
            }
    }
    parse(SLICE(""));
    parse(SLICE("\0\0"));
    parse(SLICE("\x1b"));
}
END_TEST

static void teardown(void)
{
    arena_done(&arena);
}

int main(void)
{
    Suite *s = suite_create("text");
    TCase *t = tcase_create("text");
    tcase_add_checked_fixture(t, NULL, teardown);
    tcase_add_test(t, layouts);
    tcase_add_test(t, clusters);
    tcase_add_test(t, clusters_of_strangers);
    tcase_add_test(t, apache_client);
    tcase_add_test(t, fields_behind);
    tcase_add_test(t, named);
    tcase_add_test(t, anything_goes);
    suite_add_tcase(s, t);
    return unit_run(s);
}
