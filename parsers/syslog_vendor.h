/*
 * syslog_vendor: what Cisco, UniFi and VMware write instead of a header, for syslog_legacy.c. Pure.
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
/* UniFi's access points: model, address and version where a host belongs. Sets the host, which is the address. */
bool syslog_unifi(struct record *r, struct slice *s);
/* The level as Cisco's mnemonics and VMware's text have it. */
void syslog_vendor_level(struct parse_ctx *ctx, struct record *r);

#endif
