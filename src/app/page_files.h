/*
 * page_files: the files of src/page, which are part of the program: style, scripts and picture of the status page.
 *
 * Their address holds a hash of them all, so what is behind an address never changes. src/page/embed makes their bytes
 * into page_files.
 */
#ifndef APP_PAGE_FILES_H
#define APP_PAGE_FILES_H

#include "base/slice.h"

#define PAGE_FILES_AT "/page/"

struct page_file {
    const char *name; /* NULL behind the last */
    struct slice body;
};

extern const char page_files_hash[];
extern const struct page_file page_files[];

/* The file at such an address; NULL: there is none. */
const struct page_file *page_files_find(struct slice path);
/* Its Content-Type. */
const char *page_files_type(const struct page_file *f);

#endif
