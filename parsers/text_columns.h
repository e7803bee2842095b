/*
 * text_columns: lines in which host, program, process and level stand in columns of their own: Corosync, Pacemaker,
 * Prosody, Kamailio, coturn, NetworkManager, Rspamd, Icinga, Android's logcat, programs of Windows, names and numbers
 * between bars. Part of text_layout. Pure.
 */
#ifndef PARSERS_TEXT_COLUMNS_H
#define PARSERS_TEXT_COLUMNS_H

#include "parsers/record.h"

/* As text_layout. */
bool text_columns(struct slice *s, bool stamped, struct record *r);

#endif
