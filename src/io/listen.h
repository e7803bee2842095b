/*
 * listen: one listening socket, of an input or of the status page: from systemd (sd_listen_fds(3)) or resolved and
 * bound here.
 *
 * Set-up only, so it may block in the resolver. The descriptor belongs to the caller.
 */
#ifndef IO_LISTEN_H
#define IO_LISTEN_H

#include "base/err.h"

struct input_options;

/* Where to listen. */
struct listen_on {
    const char *text;       /* the address as people wrote it, for the log and for errors */
    const char *host;       /* a name or address without brackets, or the path of a unix socket */
    uint16_t port;          /* 0: a free one */
    bool over_unix;         /* host is a path */
    unsigned socket_mode;   /* of a unix socket; 0: everyone may write */
    bool shares;            /* the port, with other processes that do */
    struct err_place place; /* in the configuration, for errors */
};

/* Where an input listens. It lives as long as opt. */
struct listen_on listen_on_input(const struct input_options *opt);

struct listener {
    int fd;            /* non-blocking, close-on-exec; for a stream type already listening */
    uint16_t port;     /* 0 for a unix socket */
    char *unlink_path; /* socket file made here, to be removed at the end; or NULL */
    unsigned seat;     /* in a table of this module */
    bool passed;       /* the socket is systemd's, which keeps it, and what is in its buffer, for the next process */
};

/*
 * socktype: SOCK_DGRAM or SOCK_STREAM. A socket that systemd passed is taken when type and address fit: its
 * own duplicate, so an input can be closed and opened again while the process lives. A socket file is removed
 * first only if nobody listens on it. False and an entry in d, naming address and remedy.
 */
bool listen_open(struct listener *l, const struct listen_on *on, int socktype, struct diag *d);
void listen_close(struct listener *l);
/*
 * A reload: what is opened next at the address of a socket that is lent takes that socket over, with all that has come
 * to it, instead of binding one. listen_lend: those that were opened for this text are lent; NULL: none is any more.
 * One thread at a time.
 */
void listen_lend(const char *text);
/* Whether such a socket was taken over. */
bool listen_is_taken(const char *text);
/* Only this host can reach it: a loopback address, or a unix socket. */
bool listener_is_loopback(const struct listener *l);
/* When all inputs are open: one log line for each socket that systemd passed and none of them took, since whoever sends
   there waits for nothing. */
void listen_say_unclaimed(void);

/* SO_RCVBUFFORCE, then SO_RCVBUF; a log line when the kernel gave less than that many bytes. 0: as it is. text:
   the address, for the log. */
void listen_receive_buffer(int fd, const char *text, uint64_t bytes);

#endif
