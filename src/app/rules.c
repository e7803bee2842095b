#include "app/rules.h"

#include "app/file.h"

static bool load_file(struct ruleset *set, const char *path, struct diag *d)
{
    struct sbuf text;
    sbuf_init(&text, CONF_BYTES_MAX);
    bool read = file_read(path, CONF_BYTES_MAX, &text, d, (struct err_place){0});
    struct conf_file *f = read ? conf_parse(path, sbuf_slice(&text), d) : NULL;
    sbuf_free(&text);
    return f && rule_load(set, f, d);
}

bool rules_load_files(struct ruleset *set, char **files, unsigned n, struct diag *d)
{
    bool ok = true;
    for (unsigned i = 0; i < n; i++)
        ok &= load_file(set, files[i], d);
    return ok;
}

bool rules_load(struct ruleset *set, const struct settings *s, struct diag *d)
{
    char **files;
    unsigned n = settings_rule_files(s, &files, d);
    bool ok = rules_load_files(set, files, n, d);
    settings_files_free(files, n);
    if (ok)
        rule_ready(set, true);
    return ok;
}
