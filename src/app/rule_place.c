#include "app/rule_place.h"

#include "app/file.h"
#include "app/settings.h"
#include "base/xalloc.h"

static char *place_in(const struct conf_file *f, struct slice id)
{
    const struct conf_node *list = f->root ? conf_get(f->root, "rules") : NULL;
    for (const struct conf_node *n = list ? list->child : NULL; n; n = n->next) {
        const struct conf_node *its = n->type == CONF_MAP ? conf_get(n, "id") : NULL;
        if (its && slice_eq(its->text, id))
            return xasprintf("%s:%u", f->name, its->line);
    }
    return NULL;
}

static char *look_in(const char *path, struct slice id, struct diag *d)
{
    struct sbuf text;
    sbuf_init(&text, CONF_BYTES_MAX);
    bool there =
        file_read(path, CONF_BYTES_MAX, &text, d, (struct err_place){0}) && slice_find(sbuf_slice(&text), id) >= 0;
    struct conf_file *f = there ? conf_parse(path, sbuf_slice(&text), d) : NULL;
    char *place = f ? place_in(f, id) : NULL;
    conf_free(f);
    sbuf_done(&text);
    return place;
}

char *rule_place(const char *config, struct slice id)
{
    struct diag d = {0}; /* what is wrong with them is `crumbd check`'s to say */
    struct settings *s = settings_load(config, &d);
    char **files = NULL, *place = NULL;
    unsigned n = s ? settings_rule_files(s, &files, &d) : 0;
    for (unsigned i = 0; i < n && !place; i++)
        place = look_in(files[i], id, &d);
    if (s)
        settings_files_free(files, n);
    settings_unref(s);
    err_done(&d);
    return place;
}
