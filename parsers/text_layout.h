/*
 * text_layout: lines in which the level does not stand where loggers put it, and that are known by more than one sign:
 * PostgreSQL (text_postgresql.h), AWS' Node.js, mongod to 4.2, Dovecot, WebSphere, ESXi, Ceph, GlusterFS, Telegraf, SQL
 * Server, Windows' servicing logs. Pure.
 */
#ifndef PARSERS_TEXT_LAYOUT_H
#define PARSERS_TEXT_LAYOUT_H

#include "parsers/record.h"

/* *s: what follows the time, if there is one (stamped). True: r has the level and who speaks, *s is the message. */
bool text_layout(struct slice *s, bool stamped, struct record *r);

#endif
