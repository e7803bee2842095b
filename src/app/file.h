/*
 * file: a whole small file into memory, with errors that say what to do. Set-up only; it may block.
 */
#ifndef APP_FILE_H
#define APP_FILE_H

#include "base/err.h"
#include "base/sbuf.h"

/*
 * Appends the file to out, which has its own maximum as well. A regular file, a pipe or a device that ends;
 * reading stops with an error beyond max_bytes. False and an entry in d at `at` (or, when that names no file,
 * at the path itself).
 */
bool file_read(const char *path, size_t max_bytes, struct sbuf *out, struct diag *d, struct err_place at);

#endif
