/*
 * settings_parts: what the files of settings share. Nobody else includes it.
 */
#ifndef APP_SETTINGS_PARTS_H
#define APP_SETTINGS_PARTS_H

#include "app/settings.h"

/* keys_ctx.u is the struct settings while a configuration is bound. */

/* A configuration file's text alone, before the environment and the host are asked. NULL with errors in d. */
struct settings *settings_read(const char *path, struct slice text, struct diag *d);

/* A path as KEY_CUSTOM into a char *, beside the configuration file when it is relative. */
extern const struct key_custom settings_path;
/* How records are joined, into a struct join_options. */
extern const struct key_custom settings_join;
/* An address or a range. */
extern const struct key settings_cidr;
/* An entry of `inputs`. */
extern const struct key settings_input;

/* The snapshot's one copy of a zone. NULL with an error at the place. */
const struct zone *settings_zone(struct settings *s, struct slice name, struct diag *d, struct err_place at);
void settings_free_zones(struct settings *s);

/* host:port, [v6]:port or name:port. False and *why, a fixed text, when it is none. host is allocated in a.
 */
bool settings_address(struct slice text, struct arena *a, char **host, uint16_t *port, const char **why);
/* An input with its defaults; kind, transport and address are the caller's. */
void settings_input_defaults(struct settings *s, struct input_options *o);
/* udp://host:port and so on; false with *why. */
bool settings_input_address(struct input_options *o, enum input_kind kind, struct slice text, struct arena *a,
                            const char **why);

/* Fills s->inputs with what this host has, looking for files below root ("" for all of it). False, with an
   entry in d, only for a wrong UDP_ADDR, TCP_ADDR or SYSLOG_ADDR. */
bool settings_find_inputs(struct settings *s, const char *root, struct diag *d);

#endif
