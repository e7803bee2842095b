/*
 * version: the names crumbd goes by upstream (sentry-protocol: sdk.name, User-Agent, sentry_client).
 */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

#include "config.h"

#define CRUMBD_SDK_NAME "crumbd.c"
#define CRUMBD_SDK_VERSION PACKAGE_VERSION

#endif
