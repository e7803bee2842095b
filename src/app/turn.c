#include "app/turn.h"

#include <stdio.h>

#include "io/clock.h"

void turn_watch_init(struct turn_watch *w)
{
    *w = (struct turn_watch){0};
    pthread_mutex_init(&w->lock, NULL);
}

void turn_watch_done(struct turn_watch *w)
{
    pthread_mutex_destroy(&w->lock);
}

void turn_begin(struct turn_watch *w, int input, struct slice who)
{
    int64_t now_us = clock_mono_us();
    pthread_mutex_lock(&w->lock);
    w->open = true;
    w->turn.input = input;
    w->turn.began_us = now_us;
    who = slice_sub(who, 0, TURN_WHO_MAX - 1);
    if (who.n)
        memcpy(w->turn.who, who.p, who.n);
    w->turn.who[who.n] = '\0';
    pthread_mutex_unlock(&w->lock);
}

static bool look(struct turn_watch *w, struct turn *out, bool end)
{
    int64_t now_us = clock_mono_us();
    pthread_mutex_lock(&w->lock);
    bool open = w->open;
    if (open) {
        *out = w->turn;
        out->took_us = now_us - out->began_us;
        w->open = !end;
    }
    pthread_mutex_unlock(&w->lock);
    return open;
}

bool turn_end(struct turn_watch *w, struct turn *out)
{
    return look(w, out, true);
}

bool turn_look(struct turn_watch *w, struct turn *out)
{
    return look(w, out, false);
}

void turn_log(enum log_level level, const char *msg, const struct turn *t, const struct input_options *inputs)
{
    log_at(level, msg, log_c("input", t->input == TURN_NO_INPUT ? "none" : inputs[t->input].text),
           log_c("from", t->who), log_i("ms", t->took_us / 1000));
}
