#include "app/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/clock.h"

static void put_bytes(uint64_t bytes, char out[16])
{
    static const char units[] = "kMGTP";
    double v = (double)bytes / 1000;
    unsigned u = 0;
    while (v >= 1000 && u + 2 < sizeof units) {
        v /= 1000;
        u++;
    }
    snprintf(out, 16, v < 10 ? "%.1f %cB" : "%.0f %cB", v, units[u]);
}

static void put_left(int64_t s, char out[32])
{
    if (s < 90)
        snprintf(out, 32, "%" PRIi64 " s left", s);
    else if (s < 90 * 60)
        snprintf(out, 32, "%" PRIi64 " min left", s / 60);
    else
        snprintf(out, 32, "%.1f h left", (double)s / 3600);
}

uint64_t progress_size(char *const *paths, unsigned n)
{
    uint64_t all = 0;
    struct stat st;
    for (unsigned i = 0; i < n; i++) {
        if (strcmp(paths[i], "-") == 0 || stat(paths[i], &st) != 0 || !S_ISREG(st.st_mode))
            return 0;
        all += (uint64_t)st.st_size;
    }
    return all;
}

void progress_begin(struct progress *p, uint64_t total_bytes)
{
    int64_t now_ms = clock_mono_ms();
    *p = (struct progress){.on = isatty(STDERR_FILENO),
                           .total_bytes = total_bytes,
                           .begin_ms = now_ms,
                           .due_ms = now_ms + PROGRESS_EVERY_MS};
}

void progress_show(const struct progress *p, const char *besides)
{
    uint64_t all_bytes = p->total_bytes, done_bytes = p->done_bytes;
    int64_t ms = clock_mono_ms() - p->begin_ms;
    char done[16], all[16], rate[16], left[32] = "";
    if (!p->on)
        return;
    put_bytes(done_bytes, done);
    put_bytes(ms > 0 ? done_bytes * 1000 / (uint64_t)ms : 0, rate);
    put_bytes(all_bytes, all);
    if (done_bytes && done_bytes < all_bytes)
        put_left((int64_t)((double)(all_bytes - done_bytes) / (double)done_bytes * (double)ms / 1000), left);
    if (all_bytes)
        fprintf(stderr, "%3u %%  %s of %s, %s/s  %s  %s\033[K\r",
                done_bytes < all_bytes ? (unsigned)(100.0 * (double)done_bytes / (double)all_bytes) : 100, done, all,
                rate, left, besides);
    else
        fprintf(stderr, "%s, %s/s  %s\033[K\r", done, rate, besides);
}

void progress_add(struct progress *p, uint64_t bytes)
{
    p->done_bytes += bytes;
    if (!p->on || clock_mono_ms() < p->due_ms)
        return;
    p->due_ms = clock_mono_ms() + PROGRESS_EVERY_MS;
    progress_show(p, "");
}

void progress_end(const struct progress *p)
{
    if (p->on)
        fputs("\033[K", stderr);
}
