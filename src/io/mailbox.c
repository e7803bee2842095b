#include "io/mailbox.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/xalloc.h"

struct mailbox {
    pthread_mutex_t lock;
    struct mail *first, **last;
    int fd;
    struct event *wake;
    void (*receive)(void *u, struct mail *m);
    void *u;
};

static void hand_out(struct mailbox *b)
{
    pthread_mutex_lock(&b->lock);
    struct mail *m = b->first;
    b->first = NULL;
    b->last = &b->first;
    pthread_mutex_unlock(&b->lock);
    for (struct mail *next; m; m = next) {
        next = m->next;
        b->receive(b->u, m);
    }
}

static void mailbox_on_wake(evutil_socket_t fd, short what, void *u)
{
    uint64_t n;
    ssize_t got = read(fd, &n, sizeof n);
    (void)what;
    (void)got; /* only the wake-up matters; the list says what there is */
    hand_out(u);
}

struct mailbox *mailbox_new(struct event_base *base, void (*receive)(void *u, struct mail *m), void *u)
{
    struct mailbox *b = xcalloc(1, sizeof *b);
    int rc = pthread_mutex_init(&b->lock, NULL);
    assert(rc == 0);
    b->last = &b->first;
    b->receive = receive;
    b->u = u;
    b->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    assert(b->fd >= 0);
    b->wake = event_new(base, b->fd, EV_READ | EV_PERSIST, mailbox_on_wake, b);
    assert(b->wake);
    event_add(b->wake, NULL);
    return b;
}

void mailbox_post(struct mailbox *b, struct mail *m)
{
    m->next = NULL;
    pthread_mutex_lock(&b->lock);
    bool was_empty = b->first == NULL;
    *b->last = m;
    b->last = &m->next;
    pthread_mutex_unlock(&b->lock);
    if (!was_empty)
        return;
    uint64_t one = 1;
    ssize_t rc;
    do
        rc = write(b->fd, &one, sizeof one);
    while (rc < 0 && errno == EINTR);
}

void mailbox_free(struct mailbox *b)
{
    hand_out(b);
    event_free(b->wake);
    close(b->fd);
    pthread_mutex_destroy(&b->lock);
    free(b);
}
