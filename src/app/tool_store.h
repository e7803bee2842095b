/*
 * tool_store: the store that a command looks at: the one of --store, else that of the configuration. Also beside the
 * daemon that has it.
 */
#ifndef APP_TOOL_STORE_H
#define APP_TOOL_STORE_H

#include "io/store.h"

/* path: of the store; NULL: what the configuration `config` says. NULL: stderr has been told why. *its_path is the
 * caller's to free in any case. */
struct store *tool_store_open(const char *command, const char *config, const char *path, char **its_path);

#endif
