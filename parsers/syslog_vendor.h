/*
 * syslog_vendor: what Cisco, FortiGate and VMware write instead of a header, for syslog_legacy.c. Pure.
 */
#ifndef PARSERS_SYSLOG_VENDOR_H
#define PARSERS_SYSLOG_VENDOR_H

#include "parsers/parser.h"

/*
 * Cisco: what stands before the mnemonic: sequence number and host, each ended by a colon, in either order,
 * processor, stamp. Nothing is taken unless a stamp (behind a number, a processor or a bare colon) or a
 * mnemonic follows: "host: stamp text" may be a tag and its text.
 */
bool syslog_cisco(struct parse_ctx *ctx, struct record *r, struct slice *s);
/* FortiGate: no header, key=value from the first byte on; sets all of the record. */
bool syslog_fortigate(struct parse_ctx *ctx, struct record *r, struct slice s);
/* The level as Cisco's mnemonics and VMware's text have it. */
void syslog_vendor_level(struct parse_ctx *ctx, struct record *r);

#endif
