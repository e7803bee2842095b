#include "io/kafka_trouble.h"

#include <stdio.h>
#include <string.h>

static bool is_of(const char *what, const char *name)
{
    size_t n = strcspn(what, ":");
    return strlen(name) == n && strncmp(what, name, n) == 0;
}

bool kafka_trouble_follows(const struct kafka_said *s, const char *what, int64_t now_ms)
{
    bool any = false;
    for (unsigned i = 0; i < KAFKA_SAID; i++)
        any |= *s->last[i].name && now_ms - s->last[i].ms < KAFKA_SAY_AGAIN_MS;
    return any && is_of(what, "_ALL_BROKERS_DOWN");
}

bool kafka_trouble_was_said(struct kafka_said *s, const char *what, int64_t now_ms)
{
    char name[KAFKA_SAID_NAME_MAX];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(what, ":"), what);
    for (unsigned i = 0; i < KAFKA_SAID; i++)
        if (strcmp(s->last[i].name, name) == 0 && now_ms - s->last[i].ms < KAFKA_SAY_AGAIN_MS)
            return true;
    unsigned at = s->n++ % KAFKA_SAID;
    memcpy(s->last[at].name, name, sizeof name);
    s->last[at].ms = now_ms;
    return false;
}

const char *kafka_trouble_remedy(const char *what)
{
    static const struct {
        const char *name, *text;
    } remedies[] = {
        {"no token", "look at token_url, client_id, client_secret_file, scope and token_ca of sasl"},
        {"_AUTHENTICATION", "look at sasl, and whether the brokers know this user by this mechanism"},
        {"_SSL", "look at tls, at how long the brokers' certificates are valid, and at this host's clock"},
        {"_RESOLVE",
         "look at brokers, and at the names by which the brokers tell of each other (advertised.listeners)"},
        {"_TRANSPORT", "look whether the brokers run and can be reached from here, and whether they speak TLS"},
        {"_ALL_BROKERS_DOWN", "look whether the brokers run and can be reached from here, and whether they speak TLS"},
        {"TOPIC_AUTHORIZATION_FAILED", "allow this user to read the topics"},
        {"GROUP_AUTHORIZATION_FAILED", "allow this user to read by the group"},
        {"UNKNOWN_TOPIC_OR_PART", "make the topic, or look at topics"},
        {"INCONSISTENT_GROUP_PROTOCOL",
         "take a group of its own: other programs read by this one, and share it out otherwise"},
    };
    for (unsigned i = 0; i < sizeof remedies / sizeof *remedies; i++)
        if (is_of(what, remedies[i].name))
            return remedies[i].text;
    return "look at what the brokers' logs say of it";
}
