#include "app/loader.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/confine.h"
#include "base/xalloc.h"
#include "io/mailbox.h"

enum { LOADER_NICE = 10 };

struct loader {
    struct mail mail; /* the job is done */
    struct mailbox *box;
    const struct sandbox *sandbox;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t change;
    loader_f *job, *done; /* job NULL: none is to be done */
    void *u;
    bool ending;
};

static void *loader_run(void *u)
{
    struct loader *l = u;
    pthread_setname_np(pthread_self(), "loader");
    (void)!setpriority(PRIO_PROCESS, (id_t)gettid(), LOADER_NICE); /* reading goes on beside it */
    confine_calls(l->sandbox, SANDBOX_LOADER);
    pthread_mutex_lock(&l->lock);
    for (;;) {
        while (!l->job && !l->ending)
            pthread_cond_wait(&l->change, &l->lock);
        loader_f *job = l->job;
        if (!job)
            break;
        pthread_mutex_unlock(&l->lock);
        job(l->u);
        pthread_mutex_lock(&l->lock);
        l->job = NULL;
        mailbox_post(l->box, &l->mail);
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

static void loader_on_mail(void *u, struct mail *m)
{
    struct loader *l = u;
    (void)m;
    loader_f *done = l->done;
    done(l->u);
}

struct loader *loader_new(struct event_base *base, const struct sandbox *sandbox)
{
    struct loader *l = xcalloc(1, sizeof *l);
    sigset_t all, before;
    l->sandbox = sandbox;
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->change, NULL);
    l->box = mailbox_new(base, loader_on_mail, l);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the main thread's */
    int rc = pthread_create(&l->thread, NULL, loader_run, l);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc == 0)
        return l;
    mailbox_free(l->box);
    free(l);
    return NULL;
}

void loader_give(struct loader *l, loader_f *job, loader_f *done, void *u)
{
    pthread_mutex_lock(&l->lock);
    assert(!l->job);
    l->job = job;
    l->done = done;
    l->u = u;
    pthread_cond_signal(&l->change);
    pthread_mutex_unlock(&l->lock);
}

void loader_free(struct loader *l)
{
    if (!l)
        return;
    pthread_mutex_lock(&l->lock);
    l->ending = true;
    pthread_cond_signal(&l->change);
    pthread_mutex_unlock(&l->lock);
    pthread_join(l->thread, NULL);
    mailbox_free(l->box);
    pthread_mutex_destroy(&l->lock);
    pthread_cond_destroy(&l->change);
    free(l);
}
