/* tail_check: what a start would find of a tail, for `crumbd check`. */
#include "io/tail.h"

#include <stdlib.h>
#include <unistd.h>

#include "io/safe_glob.h"

enum { TOLD_MAX = 8 /* paths of one input */ };

struct inspection {
    const struct input_options *opt;
    struct diag *diag;
    unsigned files, unread;
};

static void tell(struct inspection *c, const char *what, const char *path, const struct safe_why *why)
{
    if (safe_absent(why) || why->reason == SAFE_FOLDER || ++c->unread > TOLD_MAX)
        return;
    char *text = tail_why_not(path, why);
    err_add(c->diag, ERR_WARNING, c->opt->place, "%s %s: %s", what, path, text);
    free(text);
}

static void tail_check_one(void *u, const char *path, int folder)
{
    struct inspection *c = u;
    struct stat st;
    struct safe_why why;
    (void)folder;
    if (safe_is_pattern(c->opt->text) && tail_is_compressed(path))
        return;
    int fd = safe_open(path, &st, &why);
    c->files += fd >= 0;
    if (fd >= 0)
        close(fd);
    else
        tell(c, "cannot read", path, &why);
}

static void tail_check_blind(void *u, const char *folder, const struct safe_why *why)
{
    tell(u, "cannot list", folder, why);
}

bool tail_check(const struct input_options *opt, struct diag *d)
{
    struct inspection c = {.opt = opt, .diag = d};
    if (!tail_acceptable(opt, d))
        return false;
    safe_glob(opt->text, &(struct safe_glob){&c, tail_check_one, tail_check_blind, NULL});
    if (c.unread > TOLD_MAX)
        err_add(d, ERR_WARNING, opt->place, "and %u more of %s cannot be read", c.unread - TOLD_MAX, opt->text);
    if (!c.files && !c.unread)
        err_add(d, ERR_WARNING, opt->place, "there is no file yet at %s; crumbd waits for one", opt->text);
    return true;
}
