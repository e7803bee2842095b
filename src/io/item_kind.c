#include "io/item_kind.h"

#include "core/send_window.h"

/*
 * Relay counts an event as `error`, older servers as `default`; an envelope has one at most. Check-ins go one at a
 * time, so that a monitor hears the last word last, and wait alone: a server that knows no check-ins must not keep
 * errors from being sent.
 */
const struct item_traits item_traits[] = {
    [ITEM_EVENT] = {.type = "event",
                    .category = "error",
                    .limits = 1u << REPLY_ERROR | 1u << REPLY_DEFAULT,
                    .batch = 1,
                    .in_flight = SEND_WINDOW_MAX,
                    .is_event = true,
                    .refused = "event refused upstream, kept as a dead letter",
                    .refused_hint = "see it with `crumbd queue cat ID`"},
    [ITEM_CHECK_IN] = {.type = "check_in",
                       .category = "monitor",
                       .limits = 1u << REPLY_MONITOR,
                       .batch = 1,
                       .in_flight = 1,
                       .replaces = true,
                       .waits_alone = true,
                       .refused = "check-in refused upstream, kept as a dead letter until the next one"},
    [ITEM_COUNT] = {.type = "crumbd.count",
                    .category = "error",
                    .batch = 1,
                    .in_flight = SEND_WINDOW_MAX,
                    .refused = "a number of occurrences refused by Kafka, kept as a dead letter",
                    .refused_hint = "see it with `crumbd queue cat ID`"},
};
_Static_assert(sizeof item_traits / sizeof *item_traits == ITEM_KINDS, "a row for each kind");

int64_t item_kind_until(enum item_kind kind, const struct reply_limits *limits)
{
    return reply_until(limits, item_traits[kind].limits);
}
