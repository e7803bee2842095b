/* input_trouble: what keeps an input from reading, as the page and the metrics show it. */
#include <stdarg.h>
#include <stdio.h>

#include "io/input.h"

void input_trouble(struct input *in, const struct input_sink *sink, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(in->trouble.text, sizeof in->trouble.text, fmt, ap);
    va_end(ap);
    in->trouble.us = sink->now_us(sink->u);
    in->changed = true;
}
