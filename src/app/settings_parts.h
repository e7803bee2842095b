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
/* A Redis, into a struct redis_where. */
extern const struct key_custom settings_redis;
/* An address or a range. */
extern const struct key settings_cidr;
/* An entry of `notify`. */
extern const struct key settings_notify;
/* Reads the secrets of all of `notify`, and checks what they are part of. */
void settings_read_notify(struct settings *s, struct diag *d);
/* The first line of a small file, trimmed, in the arena; NULL with an entry in d. */
char *settings_first_line(struct settings *s, const char *path, struct diag *d, struct err_place at);
/* What `forward` holds, into the struct settings. */
extern const struct key_table settings_forward_table;
/* Whether a key of the file has a meaning: what is not there needs none. */
bool settings_forward_applies(const struct key *k, const void *base, const char **text);
/* With what it cannot stand together. */
void settings_forward_check(struct settings *s, struct diag *d);
/* What `kafka` of an input holds, into its struct input_options. */
extern const struct key_table settings_kafka_table, settings_redis_table;
/* The same of `forward`. */
extern const struct key_table settings_kafka_producer_table;
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
