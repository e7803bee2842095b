/*
 * keys: the key list of a manual page, or a JSON Schema, from the table that reads the file. Runs while
 * building.
 *
 *   keys man|schema crumbd|crumbd-rules|crumbd-traces
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/settings.h"
#include "core/rule_keys.h"
#include "core/trace_keys.h"
#include "text/keys.h"

enum { TEXT_BYTES_MAX = 4 << 20 };

static const struct {
    const char *name, *title;
    const struct key_table *table;
} files[] = {
    {"crumbd", "crumbd.yaml", &settings_table},
    {"crumbd-rules", "crumbd rules", &rule_pack_table},
    {"crumbd-traces", "crumbd traces", &trace_grammar_table},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 3 && i < sizeof files / sizeof *files; i++) {
        if (strcmp(argv[2], files[i].name) != 0)
            continue;
        struct sbuf out;
        sbuf_init(&out, TEXT_BYTES_MAX);
        bool man = strcmp(argv[1], "man") == 0;
        if (man) {
            sbuf_adds(&out, SLICE(".Bl -tag -width Ds\n"));
            keys_man(files[i].table, &out);
            sbuf_adds(&out, SLICE(".El\n"));
        } else {
            keys_schema(files[i].table, files[i].title, &out);
        }
        bool good = !out.over && fwrite(out.p, 1, out.n, stdout) == out.n && fflush(stdout) == 0;
        sbuf_done(&out);
        return good ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    fputs("usage: keys man|schema crumbd|crumbd-rules|crumbd-traces\n", stderr);
    return 2;
}
