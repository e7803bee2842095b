#include "io/redis_remedy.h"

#include <stdbool.h>
#include <string.h>

#include "base/slice.h"

static bool has_word(const char *text, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = text; (p = strstr(p, word)); p += n)
        if ((p == text || !ascii_alnum(p[-1])) && !ascii_alnum(p[n]))
            return true;
    return false;
}

const char *redis_remedy(const char *why)
{
    static const char cluster[] = "give the address of a Redis that is not part of a cluster";
    static const char login[] = "look at the user, and at the password or password_file";
    static const struct {
        const char *word, *text;
    } remedies[] = {
        {"LOADING", "nothing is to be done: it reads its data, and is asked again"},
        {"NOSCRIPT", "nothing is to be done: the scripts are loaded again"},
        {"MOVED", cluster},
        {"ASK", cluster},
        {"CLUSTERDOWN", cluster},
        {"CROSSSLOT", cluster},
        {"OOM", "raise its maxmemory, or look what else fills it"},
        {"READONLY", "give the address of the master, or a name that leads to it: this is a replica"},
        {"MASTERDOWN",
         "give the address of the master, or a name that leads to it: this is a replica that has lost it"},
        {"MISCONF", "look at its log and its disk: it cannot save what it is given"},
        {"BUSY", "look which script keeps it busy"},
        {"WRONGPASS", login},
        {"NOAUTH", login},
        {"NOPERM", "allow this user the commands and keys that crumbd-scale(7) names"},
        {"WRONGTYPE", "look at its name: what is there is no stream"},
        {"unknown command", "take a newer Redis; crumbd-scale(7) says from which one on"},
        {"certificate", "look at ca_file, at how long its certificate is valid, and at this host's clock"},
        {"too large", "nothing is to be done: less is asked for at a time"},
    };
    for (unsigned i = 0; i < sizeof remedies / sizeof *remedies; i++)
        if (has_word(why, remedies[i].word))
            return remedies[i].text;
    return "look whether it runs and can be reached from here, and whether it speaks TLS";
}
