/*
 * redis_remedy: what to do about what a Redis answers, or does not, in its own words. For in_redis and shared_limits.
 */
#ifndef IO_REDIS_REMEDY_H
#define IO_REDIS_REMEDY_H

/* why: what went wrong; its code may stand anywhere in it. A fixed text. */
const char *redis_remedy(const char *why);

#endif
