#include "app/page_files.h"

const struct page_file *page_files_find(struct slice path)
{
    struct slice rest = path;
    if (!slice_starts(rest, SLICE(PAGE_FILES_AT)))
        return NULL;
    rest = slice_from(rest, sizeof PAGE_FILES_AT - 1);
    if (!slice_is(slice_split(&rest, '/'), page_files_hash))
        return NULL;
    for (const struct page_file *f = page_files; f->name; f++)
        if (slice_is(rest, f->name))
            return f;
    return NULL;
}

const char *page_files_type(const struct page_file *f)
{
    struct slice name = slice_str(f->name);
    return slice_ends(name, SLICE(".js"))    ? "text/javascript; charset=utf-8"
           : slice_ends(name, SLICE(".css")) ? "text/css; charset=utf-8"
                                             : "image/svg+xml";
}
