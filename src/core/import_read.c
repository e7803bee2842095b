/* import_read: the kinds of files, and who reads each. */
#include "core/import.h"

const char *const import_kinds[] = {
    [IMPORT_FAIL2BAN] = "fail2ban", [IMPORT_GROK] = "grok", [IMPORT_FLUENT_BIT] = "fluent-bit", NULL};

void import_read(struct import *im, struct slice text)
{
    static void (*const readers[])(struct import *, struct slice) = {
        [IMPORT_FAIL2BAN] = import_fail2ban, [IMPORT_GROK] = import_grok, [IMPORT_FLUENT_BIT] = import_fluent_bit};
    im->count = 5; /* as fail2ban has it where nothing says otherwise */
    im->within = SLICE("10m");
    readers[im->kind](im, slice_sub(text, 0, IMPORT_FILE_BYTES));
}
