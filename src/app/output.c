#include "app/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/command.h"

/* stdio keeps that a write failed, and not why; by the end of a command errno has been used for other things. */
static int first_error;

static ssize_t output_write_out(void *u, const char *bytes, size_t n)
{
    size_t done = 0;
    (void)u;
    while (done < n && !first_error) {
        ssize_t written = write(STDOUT_FILENO, bytes + done, n - done);
        if (written > 0)
            done += (size_t)written;
        else if (written == 0 || errno != EINTR)
            first_error = written == 0 ? EIO : errno;
    }
    return (ssize_t)done; /* less than n is an error, fopencookie(3) */
}

void output_open(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
    FILE *out = fopencookie(NULL, "w", (cookie_io_functions_t){.write = output_write_out});
    if (!out)
        return;
    setvbuf(out, NULL, isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF, BUFSIZ);
    stdout = out;
}

int output_close(int status)
{
    fflush(stdout);
    if (!first_error || first_error == EPIPE)
        return status;
    fprintf(stderr, "crumbd: standard output cannot be written: %s\n", strerror(first_error));
    return EXIT_CANNOT_RUN;
}
