#include "app/colour.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "parsers/level.h"

bool colour_wanted(void)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    return isatty(STDOUT_FILENO) && !(no && *no) && !(term && strcmp(term, "dumb") == 0);
}

unsigned colour_columns(void)
{
    struct winsize w;
    return isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 ? w.ws_col : 0;
}

const char *colour(bool on, enum colour which)
{
    static const char *const begin[] = {
        [COLOUR_PLAIN] = "\x1b[0m",   [COLOUR_DIM] = "\x1b[2m",    [COLOUR_BOLD] = "\x1b[1m", [COLOUR_RED] = "\x1b[31m",
        [COLOUR_YELLOW] = "\x1b[33m", [COLOUR_GREEN] = "\x1b[32m", [COLOUR_BLUE] = "\x1b[34m"};
    return on ? begin[which] : "";
}

enum colour colour_of_level(struct slice level)
{
    static const enum colour of[] = {
        [LEVEL_NONE] = COLOUR_DIM,       [LEVEL_DEBUG] = COLOUR_DIM, [LEVEL_INFO] = COLOUR_BLUE,
        [LEVEL_WARNING] = COLOUR_YELLOW, [LEVEL_ERROR] = COLOUR_RED, [LEVEL_FATAL] = COLOUR_RED};
    return of[level_by_name(level)];
}
