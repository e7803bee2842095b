/*
 * grok_names: the library of grok, under the names that Logstash and Elasticsearch have made usual.
 *
 * Written to fail fast: what repeats is bounded or possessive, nothing repeats inside a repetition that could take the
 * same text, and of two alternatives the longer one comes first. tests/unit/test_grok.c shows each at work, and each on
 * hostile texts.
 */
#include "text/grok.h"

#define H16 "[0-9A-Fa-f]{1,4}"
#define OCTET "(?:25[0-5]|2[0-4][0-9]|[01]?[0-9]{1,2})"
#define DOTTED "(?:" OCTET "\\.){3}" OCTET "(?![0-9])"
#define LABEL "[0-9A-Za-z_][0-9A-Za-z_-]{0,62}"
#define LOCAL "[0-9A-Za-z!#$%&'*+/=?^_`{|}~-]{1,64}"
#define IDENTIFIER "[A-Za-z_$][0-9A-Za-z_$]*+"

const struct grok_entry grok_library[] = {
    /* words and numbers */
    {"USERNAME", "[0-9A-Za-z._-]+"},
    {"USER", "%{USERNAME}"},
    {"EMAILLOCALPART", LOCAL "(?:\\." LOCAL "){0,31}"},
    {"EMAILADDRESS", "%{EMAILLOCALPART}@%{HOSTNAME}"},
    {"INT", "[+-]?[0-9]+"},
    {"BASE10NUM", "(?<![0-9.+-])[+-]?(?:[0-9]++(?:\\.[0-9]++)?|\\.[0-9]++)"},
    {"NUMBER", "%{BASE10NUM}"},
    {"BASE16NUM", "(?<![0-9A-Fa-f])[+-]?(?:0[xX])?[0-9A-Fa-f]++"},
    {"BASE16FLOAT", "(?<![0-9A-Fa-f.])[+-]?(?:0[xX])?(?:[0-9A-Fa-f]++(?:\\.[0-9A-Fa-f]*+)?|\\.[0-9A-Fa-f]++)"},
    {"POSINT", "\\b[1-9][0-9]*\\b"},
    {"NONNEGINT", "\\b[0-9]+\\b"},
    {"WORD", "\\b\\w+\\b"},
    {"NOTSPACE", "\\S+"},
    {"SPACE", "\\s*"},
    {"DATA", ".*?"},
    {"GREEDYDATA", ".*"},
    {"QUOTEDSTRING",
     "(?<!\\\\)(?:\"(?:[^\"\\\\]++|\\\\(?s:.))*+\"|'(?:[^'\\\\]++|\\\\(?s:.))*+'|`(?:[^`\\\\]++|\\\\(?s:.))*+`)"},
    {"QS", "%{QUOTEDSTRING}"},
    {"UUID", "[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"},
    {"URN", "urn:[0-9A-Za-z][0-9A-Za-z-]{0,31}:(?:%[0-9A-Fa-f]{2}|[0-9A-Za-z()+,.:=@;$_!*'/?#-])+"},

    /* networks */
    {"CISCOMAC", "(?:[0-9A-Fa-f]{4}\\.){2}[0-9A-Fa-f]{4}"},
    {"WINDOWSMAC", "(?:[0-9A-Fa-f]{2}-){5}[0-9A-Fa-f]{2}"},
    {"COMMONMAC", "(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}"},
    {"MAC", "%{CISCOMAC}|%{WINDOWSMAC}|%{COMMONMAC}"},
    /* RFC 4291, 2.2: eight groups, the last two also as dotted decimal; or fewer around one "::". RFC 4007: a zone
       behind '%'. */
    {"IPV6", "(?<![0-9A-Za-z:.])(?:(?:" H16 ":){7}" H16 "(?![:0-9A-Fa-f])|(?:" H16 ":){6}" DOTTED "|(?!(?:::)?(?:" H16
             "::?){7}" H16 ")"
             "(?!(?:::)?(?:" H16 "::?){6}[0-9]{1,3}\\.)(?:" H16 "(?::" H16 "){0,6})?::(?:(?:" H16 ":){0,6}(?:" DOTTED
             "|" H16 "))?)"
             "(?:%[0-9A-Za-z][0-9A-Za-z._-]{0,31})?(?![0-9A-Za-z])"},
    {"IPV4", "(?<![0-9])" DOTTED},
    {"IP", "%{IPV6}|%{IPV4}"},
    {"HOSTNAME", "\\b" LABEL "(?:\\." LABEL "){0,63}(?:\\.(?![0-9A-Za-z_])|\\b)"},
    {"HOST", "%{HOSTNAME}"},
    {"IPORHOST", "%{IP}|%{HOSTNAME}"},
    {"HOSTPORT", "%{IPORHOST}:%{POSINT}"},

    /* paths and addresses of things */
    {"PATH", "%{UNIXPATH}|%{WINPATH}"},
    {"UNIXPATH", "(?:/(?:[0-9A-Za-z_%!$@:.,+~=-]++|\\\\.)*+)++"},
    {"TTY", "/dev/(?:pts/[0-9]+|tty[a-zA-Z]*[0-9]*|console)"},
    {"WINPATH", "(?:[A-Za-z]:|\\\\)(?:\\\\[^\\\\/:*?\"<>|\\r\\n]*+)++"},
    {"URIPROTO", "[A-Za-z][0-9A-Za-z+.-]{1,31}"},
    {"URIHOST", "(?:\\[%{IPV6}\\]|%{IPORHOST})(?::%{POSINT:port})?"},
    {"URIPATH", "(?:/[0-9A-Za-z$.+!*'(){},~:;=@#%&_-]*+)++"},
    {"URIQUERY", "[0-9A-Za-z$.+!*'|(){},~@#%&/=:;_?\\[\\]<>-]*"},
    {"URIPARAM", "\\?%{URIQUERY}"},
    {"URIPATHPARAM", "%{URIPATH}(?:%{URIPARAM})?"},
    {"URI", "%{URIPROTO}://(?:%{USER}(?::[^@/\\s]{0,255})?@)?%{URIHOST}?%{URIPATHPARAM}?"},

    /* days and times */
    {"MONTH", "\\b(?:[Jj]an(?:uary|uar)?|[Ff]eb(?:ruary|ruar)?|[Mm](?:ar(?:ch)?|\xc3\xa4rz?|rz)|[Aa]pr(?:il)?|[Mm]a[iy]"
              "|[Jj]un[ei]?|[Jj]ul[iy]?|"
              "[Aa]ug(?:ust)?|[Ss]ep(?:tember|t)?|[Oo][ck]t(?:ober)?|[Nn]ov(?:ember)?|[Dd]e[cz](?:ember)?)\\b"},
    {"MONTHNUM", "1[0-2]|0?[1-9]"},
    {"MONTHNUM2", "1[0-2]|0[1-9]"},
    {"MONTHDAY", "3[01]|[12][0-9]|0?[1-9]"},
    {"DAY", "\\b(?:Mon(?:day)?|Tue(?:sday)?|Wed(?:nesday)?|Thu(?:rsday)?|Fri(?:day)?|Sat(?:urday)?|Sun(?:day)?)\\b"},
    {"YEAR", "[0-9]{4}|[0-9]{2}"},
    {"HOUR", "2[0-3]|[01]?[0-9]"},
    {"MINUTE", "[0-5][0-9]"},
    {"SECOND", "(?:60|[0-5]?[0-9])(?:[:.,][0-9]+)?"},
    {"TIME", "(?<![0-9])%{HOUR}:%{MINUTE}:%{SECOND}(?![0-9])"},
    {"DATE_US", "%{MONTHNUM}[/-]%{MONTHDAY}[/-]%{YEAR}"},
    {"DATE_EU", "%{MONTHDAY}[./-]%{MONTHNUM}[./-]%{YEAR}"},
    {"DATE", "%{DATE_US}|%{DATE_EU}"},
    {"ISO8601_TIMEZONE", "Z|[+-]%{HOUR}(?::?%{MINUTE})?"},
    {"ISO8601_SECOND", "%{SECOND}"},
    {"TIMESTAMP_ISO8601", "%{YEAR}-%{MONTHNUM}-%{MONTHDAY}[T ]%{HOUR}:?%{MINUTE}(?::?%{SECOND})?%{ISO8601_TIMEZONE}?"},
    {"DATESTAMP", "%{DATE}[- ]%{TIME}"},
    {"TZ", "\\b[A-Z]{3,5}\\b"},
    {"DATESTAMP_RFC822", "%{DAY} %{MONTH} %{MONTHDAY} %{YEAR} %{TIME} %{TZ}"},
    {"DATESTAMP_RFC2822", "%{DAY}, %{MONTHDAY} %{MONTH} %{YEAR} %{TIME} %{ISO8601_TIMEZONE}"},
    {"DATESTAMP_OTHER", "%{DAY} %{MONTH} +%{MONTHDAY} %{TIME} %{TZ} %{YEAR}"},
    {"DATESTAMP_EVENTLOG", "%{YEAR}%{MONTHNUM2}(?:3[01]|[12][0-9]|0[1-9])(?:2[0-3]|[01][0-9])%{MINUTE}[0-5][0-9]"},
    {"HTTPDATE", "%{MONTHDAY}/%{MONTH}/%{YEAR}:%{TIME} %{INT}"},
    {"HTTPDERROR_DATE", "%{DAY} %{MONTH} %{MONTHDAY} %{TIME} %{YEAR}"},
    {"HTTPDERRORDATE", "%{HTTPDERROR_DATE}"},

    /* levels */
    {"LOGLEVEL", "\\b(?i:alert|trace|debug|notice|info(?:rmation)?|warn(?:ing)?|err(?:or)?|crit(?:ical)?|fatal|severe|"
                 "emerg(?:ency)?|panic)\\b"},

    /* syslog */
    {"SYSLOGTIMESTAMP", "%{MONTH} +%{MONTHDAY} %{TIME}"},
    {"PROG", "[\\x21-\\x5a\\x5c\\x5e-\\x7e]+"},
    {"SYSLOGPROG", "%{PROG:program}(?:\\[%{POSINT:pid}\\])?"},
    {"SYSLOGHOST", "%{IPORHOST}"},
    {"SYSLOGFACILITY", "<%{NONNEGINT:facility}\\.%{NONNEGINT:priority}>"},
    {"SYSLOGBASE", "%{SYSLOGTIMESTAMP:timestamp} (?:%{SYSLOGFACILITY} )?%{SYSLOGHOST:logsource} %{SYSLOGPROG}:"},
    {"SYSLOGBASE2", "(?:%{SYSLOGTIMESTAMP:timestamp}|%{TIMESTAMP_ISO8601:timestamp8601}) (?:%{SYSLOGFACILITY} "
                    ")?%{SYSLOGHOST:logsource}+(?: "
                    "%{SYSLOGPROG}:|)"},
    {"SYSLOGLINE", "%{SYSLOGBASE2} %{GREEDYDATA:message}"},
    {"SYSLOGPAMSESSION", "%{SYSLOGBASE} (?=%{GREEDYDATA:message})%{WORD:pam_module}\\(%{DATA:pam_caller}\\): session "
                         "%{WORD:pam_session_state} "
                         "for user %{USERNAME:username}(?: by %{GREEDYDATA:pam_by})?"},
    {"SYSLOG5424PRINTASCII", "[!-~]+"},
    {"SYSLOG5424PRI", "<%{NONNEGINT:syslog5424_pri}>"},
    {"SYSLOG5424SD", "(?:\\[(?:[^\\]\\\\\"]++|\"(?:[^\"\\\\]++|\\\\.)*+\")*+\\])+"},
    {"SYSLOG5424BASE", "%{SYSLOG5424PRI}%{NONNEGINT:syslog5424_ver} +(?:%{TIMESTAMP_ISO8601:syslog5424_ts}|-) "
                       "+(?:%{IPORHOST:syslog5424_host}|-) "
                       "+(?:-|%{SYSLOG5424PRINTASCII:syslog5424_app}) +(?:-|%{SYSLOG5424PRINTASCII:syslog5424_proc}) "
                       "+(?:-|%{SYSLOG5424PRINTASCII:syslog5424_msgid}) +(?:%{SYSLOG5424SD:syslog5424_sd}|-|)"},
    {"SYSLOG5424LINE", "%{SYSLOG5424BASE} +%{GREEDYDATA:syslog5424_msg}"},
    {"CRON_ACTION", "[A-Z ]+"},
    {"CRONLOG", "%{SYSLOGBASE} \\(%{USER:user}\\) %{CRON_ACTION:action} \\(%{DATA:message}\\)"},

    /* web servers */
    {"HTTPDUSER", "%{EMAILADDRESS}|%{USER}"},
    {"HTTPD_COMMONLOG",
     "%{IPORHOST:clientip} %{HTTPDUSER:ident} %{HTTPDUSER:auth} \\[%{HTTPDATE:timestamp}\\] \"(?:%{WORD:verb} "
     "%{NOTSPACE:request}(?: HTTP/%{NUMBER:httpversion})?|%{DATA:rawrequest})\" (?:-|%{NUMBER:response}) "
     "(?:-|%{NUMBER:bytes})"},
    {"HTTPD_COMBINEDLOG", "%{HTTPD_COMMONLOG} %{QS:referrer} %{QS:agent}"},
    {"HTTPD20_ERRORLOG", "\\[%{HTTPDERROR_DATE:timestamp}\\] \\[%{LOGLEVEL:loglevel}\\] (?:\\[client "
                         "%{IPORHOST:clientip}\\] )?%{GREEDYDATA:message}"},
    {"HTTPD24_ERRORLOG",
     "\\[%{HTTPDERROR_DATE:timestamp}\\] \\[(?:%{WORD:module})?:%{LOGLEVEL:loglevel}\\] \\[pid %{POSINT:pid}(?::tid "
     "%{NUMBER:tid})?\\](?: \\(%{POSINT:proxy_errorcode}\\)%{DATA:proxy_message}:)?(?: \\[client "
     "%{IPORHOST:clientip}:%{POSINT:clientport}\\])?(?: %{WORD:errorcode}:)? %{GREEDYDATA:message}"},
    {"HTTPD_ERRORLOG", "%{HTTPD20_ERRORLOG}|%{HTTPD24_ERRORLOG}"},
    {"COMMONAPACHELOG", "%{HTTPD_COMMONLOG}"},
    {"COMBINEDAPACHELOG", "%{HTTPD_COMBINEDLOG}"},

    /* languages and their loggers */
    {"JAVACLASS", "(?:" IDENTIFIER "\\.)*" IDENTIFIER},
    {"JAVAFILE", "[0-9A-Za-z_$. -]+"},
    {"JAVAMETHOD", "<(?:cl)?init>|" IDENTIFIER},
    {"JAVASTACKTRACEPART",
     "%{SPACE}at %{JAVACLASS:class}\\.%{JAVAMETHOD:method}\\(%{JAVAFILE:file}(?::%{INT:line})?\\)"},
    {"JAVATHREAD", "[A-Z]{2}-Processor[0-9]+"},
    {"JAVALOGMESSAGE", ".*"},
    {"CATALINA_DATESTAMP", "%{MONTH} %{MONTHDAY}, %{YEAR} %{HOUR}:?%{MINUTE}(?::?%{SECOND})? (?:AM|PM)"},
    {"CATALINALOG", "%{CATALINA_DATESTAMP:timestamp} %{JAVACLASS:class} %{JAVALOGMESSAGE:logmessage}"},
    {"TOMCAT_DATESTAMP", "%{YEAR}-%{MONTHNUM}-%{MONTHDAY} %{HOUR}:?%{MINUTE}(?::?%{SECOND})? %{ISO8601_TIMEZONE}"},
    {"TOMCATLOG",
     "%{TOMCAT_DATESTAMP:timestamp} \\| %{LOGLEVEL:level} \\| %{JAVACLASS:class} - %{JAVALOGMESSAGE:logmessage}"},
    {"RUBY_LOGLEVEL", "DEBUG|FATAL|ERROR|WARN|INFO"},
    {"RUBY_LOGGER",
     "[DFEWI], \\[%{TIMESTAMP_ISO8601:timestamp} #%{POSINT:pid}\\] *%{RUBY_LOGLEVEL:loglevel} -- +%{DATA:progname}: "
     "%{GREEDYDATA:message}"},
    {"REDISTIMESTAMP", "%{MONTHDAY} %{MONTH} %{TIME}"},
    {"REDISLOG", "\\[%{POSINT:pid}\\] %{REDISTIMESTAMP:timestamp} \\* "},

    {NULL, NULL},
};
