/*
 * unix_peer: who speaks by a unix socket, as the kernel says: user, process, and the unit that the process belongs to.
 *
 * The unit is read from /proc when the message comes: soon after, the process may be gone and its number another's.
 * Where it cannot be read (another pid namespace, a sandbox) it is left out.
 */
#ifndef IO_UNIX_PEER_H
#define IO_UNIX_PEER_H

#include <sys/socket.h>

#include "core/stream.h"

enum { UNIX_PEER_TEXT_MAX = 192 };

struct unix_peer {
    uint32_t pid, uid;
    int64_t read_us; /* time when the unit was looked up; 0: nobody is known */
    uint8_t n;
    char text[UNIX_PEER_TEXT_MAX]; /* uid=1000 pid=812 unit=shop.service */
};

/* Read the credentials: SCM_CREDENTIALS of a datagram, SO_PEERCRED of a connection. False: the kernel does not say. */
bool unix_peer_of_message(struct msghdr *h, struct ucred *out);
bool unix_peer_of_socket(int fd, struct ucred *out);
/* Sets p, and with it sender and pid of s; cred NULL: nobody is known. The same process is looked up once a second at
 * the most. p must live as long as s. */
void unix_peer_to_stream(struct unix_peer *p, const struct ucred *cred, int64_t now_us, struct stream *s);
/* Returns the system unit in the text of /proc/PID/cgroup, as the journal's _SYSTEMD_UNIT; empty when there is none. */
struct slice unix_peer_unit(struct slice cgroup);

#endif
