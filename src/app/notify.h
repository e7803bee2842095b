/* notify: the service manager's readiness and watchdog protocol, sd_notify(3), without a library. */
#ifndef APP_NOTIFY_H
#define APP_NOTIFY_H

#include <stdint.h>

/* Sends e.g. "READY=1" to $NOTIFY_SOCKET; does nothing without one. */
void notify_send(const char *state);
/* A quarter of $WATCHDOG_USEC: how often to look, so that one look that comes too early does no harm; 0 when no watchdog waits for this process. */
int64_t notify_watchdog_us(void);

#endif
