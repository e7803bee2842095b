/* notify: the service manager's readiness and watchdog protocol, sd_notify(3), without a library. */
#ifndef APP_NOTIFY_H
#define APP_NOTIFY_H

#include <stdint.h>

/* Sends e.g. "READY=1" to $NOTIFY_SOCKET; does nothing without one. */
void notify_send(const char *state);
/* $WATCHDOG_USEC: how long the manager waits for a sign of life; 0 when no watchdog waits for this process. */
int64_t notify_watchdog_us(void);

#endif
