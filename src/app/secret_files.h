/*
 * secret_files: warns of files with secrets that others may read, as ssh does, and of a DSN that goes over the network
 * in the clear.
 */
#ifndef APP_SECRET_FILES_H
#define APP_SECRET_FILES_H

#include "app/settings.h"
#include "base/err.h"

/* Looks at the configuration with a DSN in it, dsn_file, keys of TLS and the store. */
void secret_files_check(const struct settings *s, struct diag *d);
/* What others may read although it is a secret: the file's modes and those of the folders above it. */
void secret_file_check(const char *what, const char *path, struct diag *d);

#endif
