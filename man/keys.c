/*
 * keys: the key list of a manual page, a JSON Schema, or the keys that came since a version, from the table that reads
 * the file. Runs while building.
 *
 *   keys man|schema crumbd|crumbd-rules|crumbd-traces
 *   keys since KEYS crumbd|crumbd-rules              KEYS: a file of lines `crumbd NAME.NAME`, of that version
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/settings.h"
#include "core/rule_keys.h"
#include "core/trace_keys.h"
#include "text/keys.h"

enum { TEXT_BYTES_MAX = 4 << 20, PATH_BYTES_MAX = 256 };

static const struct file {
    const char *name, *title;
    const struct key_table *table;
} files[] = {
    {"crumbd", "crumbd.yaml", &settings_table},
    {"crumbd-rules", "crumbd rules", &rule_pack_table},
    {"crumbd-traces", "crumbd traces", &trace_grammar_table},
};

/* --- since --- */

struct since {
    const char *file;
    struct slice before; /* text of the list */
    struct sbuf *out;
};

static bool was_there(const struct since *s, const char *path)
{
    char line[PATH_BYTES_MAX + 40];
    int n = snprintf(line, sizeof line, "\n%s %s\n", s->file, path);
    return slice_find(s->before, slice_of(line, (size_t)n)) >= 0;
}

static bool ends_sentence(struct slice help, size_t i)
{
    return i + 2 < help.n && help.p[i] == '.' && help.p[i + 1] == ' ' && ascii_capital(help.p[i + 2]);
}

/* The first sentence, as mdoc takes it. */
static void put_sentence(struct slice help, struct sbuf *out)
{
    size_t n = 0;
    while (n < help.n && !ends_sentence(help, n))
        n++;
    struct slice first = slice_sub(help, 0, n + 1);
    for (size_t i = 0; i < first.n; i++)
        if (first.p[i] == '\\')
            sbuf_adds(out, SLICE("\\e"));
        else
            sbuf_addc(out, first.p[i]);
}

static void put_key(const struct since *s, const struct key *k, const char *path)
{
    sbuf_addf(s->out, ".It Cm %s\n", path);
    put_sentence(slice_str(k->help), s->out);
    if (k->def)
        sbuf_addf(s->out, "\nDefault: %s.", k->def);
    sbuf_addc(s->out, '\n');
}

/* A table that is new has its keys in the page of its file. */
static void put_since(const struct since *s, const struct key_table *t, const char *prefix)
{
    for (const struct key *k = t->keys; k->name; k++) {
        char path[PATH_BYTES_MAX];
        snprintf(path, sizeof path, "%s%s", prefix, k->name);
        bool free_names = strcmp(k->name, "*") == 0;
        if (free_names || !was_there(s, path)) {
            if (!free_names)
                put_key(s, k, path);
            continue;
        }
        const struct key_table *inner = k->type == KEY_TABLE ? k->table : k->of ? k->of->table : NULL;
        snprintf(path, sizeof path, "%s%s.", prefix, k->name);
        if (inner && inner != t)
            put_since(s, inner, path);
    }
}

static bool list_since(const char *list, const struct file *f, struct sbuf *out)
{
    struct sbuf before;
    sbuf_init(&before, TEXT_BYTES_MAX);
    FILE *in = fopen(list, "r");
    for (int c; in && (c = getc(in)) != EOF;)
        sbuf_addc(&before, (char)c);
    const struct since s = {.file = f->name, .before = sbuf_slice(&before), .out = out};
    sbuf_adds(out, SLICE(".Bl -tag -width Ds -compact\n"));
    put_since(&s, f->table, "");
    sbuf_adds(out, SLICE(".El\n"));
    bool read = in && before.n;
    if (in)
        fclose(in);
    sbuf_done(&before);
    return read;
}

/* --- the others --- */

static const struct file *file_of(const char *name)
{
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (strcmp(name, files[i].name) == 0)
            return &files[i];
    return NULL;
}

static bool put(const char *what, const struct file *f, struct sbuf *out)
{
    if (strcmp(what, "man") == 0) {
        sbuf_adds(out, SLICE(".Bl -tag -width Ds\n"));
        keys_man(f->table, out);
        sbuf_adds(out, SLICE(".El\n"));
    } else {
        keys_schema(f->table, f->title, out);
    }
    return true;
}

int main(int argc, char **argv)
{
    bool since = argc == 4 && strcmp(argv[1], "since") == 0;
    const struct file *f = since || argc == 3 ? file_of(argv[argc - 1]) : NULL;
    struct sbuf out;
    if (!f)
        return fputs("usage: keys man|schema|since KEYS crumbd|crumbd-rules|crumbd-traces\n", stderr), 2;
    sbuf_init(&out, TEXT_BYTES_MAX);
    bool good = (since ? list_since(argv[2], f, &out) : put(argv[1], f, &out)) && !out.over &&
                fwrite(out.p, 1, out.n, stdout) == out.n && fflush(stdout) == 0;
    sbuf_done(&out);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
