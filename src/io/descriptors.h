/*
 * descriptors: how many a process may have, and what one has to say.
 */
#ifndef IO_DESCRIPTORS_H
#define IO_DESCRIPTORS_H

#include <stdbool.h>

/* Raises the soft limit, usually 1024 for programs that use select(2), to the hard one. True when there is
   room now that was not there before. */
bool descriptors_more(void);
/* Returns how many descriptors this process may have now. */
unsigned descriptors_limit(void);
/* True when reading from fd, or accepting, would not wait. */
bool descriptor_readable(int fd);

#endif
