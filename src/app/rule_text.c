#include "app/rule_text.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_blank(char c)
{
    return c == ' ';
}

static size_t indent_of(struct slice line)
{
    return slice_span(line, is_blank);
}

/* A line of nothing, or a comment: it belongs to what follows it. */
static bool says_nothing(struct slice line)
{
    struct slice text = slice_trim(line);
    return !text.n || *text.p == '#';
}

static struct slice from_line(struct slice file, unsigned line)
{
    for (unsigned i = 1; i < line && file.n; i++)
        slice_split(&file, '\n');
    return file;
}

/* Adds an item, whose first line this is: all that stands deeper than its dash, or as deep as its first key. */
static void add_item(struct slice rest, struct sbuf *out)
{
    size_t before = out->n, kept = before, dash = indent_of(rest);
    bool dashed = dash < rest.n && rest.p[dash] == '-', first = true;
    while (rest.n && out->n - before < RULE_TEXT_SHOWN) {
        struct slice text = slice_split(&rest, '\n');
        size_t indent = indent_of(text);
        bool nothing = says_nothing(text);
        if (!first && !nothing && indent + !dashed <= dash)
            break;
        first = false;
        sbuf_adds(out, slice_from(text, indent < dash ? indent : dash));
        sbuf_addc(out, '\n');
        kept = nothing ? kept : out->n;
    }
    out->n = kept;
}

/* What stands in no list and in the first column is the file itself. */
static bool find_item(struct slice file, unsigned line, struct slice id, struct sbuf *out)
{
    struct slice rest = from_line(file, line);
    size_t before = out->n;
    if (rest.n && (*rest.p == ' ' || *rest.p == '-'))
        add_item(rest, out);
    bool found = !out->over && slice_find(slice_from(sbuf_slice(out), before), id) >= 0;
    out->n = found ? out->n : before;
    return found;
}

/* The whole file, or nothing. */
static bool read_file(const char *path, struct sbuf *out)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    bool ok = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= RULE_FILE_MAX;
    while (ok) {
        char *p = sbuf_room(out, 65536);
        ssize_t n = p ? read(fd, p, 65536) : -1;
        if (n <= 0) {
            ok = n == 0;
            break;
        }
        out->n += (size_t)n;
    }
    if (fd >= 0)
        close(fd);
    return ok;
}

bool rule_text(const struct rule *r, struct sbuf *out)
{
    struct sbuf file;
    sbuf_init(&file, RULE_FILE_MAX + 65536);
    bool found =
        r->place.file && read_file(r->place.file, &file) && find_item(sbuf_slice(&file), r->place.line, r->id, out);
    sbuf_done(&file);
    return found;
}
