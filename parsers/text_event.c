#include "parsers/text_event.h"

#include "parsers/level_said.h"
#include "parsers/text_fields.h"

static bool is_in_key(char c)
{
    return ascii_alnum(c) || c == '_' || c == '-' || c == '.' || c == '[' || c == ']';
}

/* CEF, 2 ("Character Encoding"): a bar in the header, a backslash and an equals sign anywhere, and in a value line
 * breaks. Another backslash is one that the sender forgot to write twice. */
static struct slice decoded(struct arena *a, struct slice s)
{
    return text_fields_unescape(a, s, "\\|=nr", "\\|=\n\r");
}

static void add(struct parse_ctx *ctx, struct record *r, struct slice name, struct slice value)
{
    value = slice_trim(value);
    if (name.n && value.n)
        record_put(r, name, decoded(ctx->arena, value), FIELD_STRING);
}

/* Where the key begins that ends at `end`, before its equals sign. */
static size_t key_at(struct slice s, size_t from, size_t end)
{
    while (end > from && is_in_key(s.p[end - 1]))
        end--;
    return end;
}

/* Values have blanks: one ends before the next key, which a blank is in front of and an equals sign behind. */
static void take_pairs(struct parse_ctx *ctx, struct record *r, struct slice s)
{
    struct slice key = SLICE_NONE;
    size_t value = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\\' || (s.p[i] == '=' && i + 1 < s.n && s.p[i + 1] == '='))
            i++;
        else if (s.p[i] == '=') {
            size_t at = key_at(s, value, i);
            if (at == i || (at && s.p[at - 1] != ' '))
                continue; /* no key: a sign in a value that nobody escaped */
            add(ctx, r, key, slice_sub(s, value, at));
            key = slice_sub(s, at, i);
            value = i + 1;
        }
    }
    add(ctx, r, key, slice_from(s, value));
}

/* "|^|" and "|x5E|" of LEEF 2.0, else a tab; a column that has an equals sign is a pair. */
static char take_separator(struct slice *s)
{
    struct slice rest = *s, column = slice_split(&rest, '|');
    size_t zero = slice_starts(column, SLICE("0x"));
    bool hex = column.n == 3 + zero && column.p[zero] == 'x' && slice_is_hex(slice_from(column, 1 + zero));
    if (!rest.p || (column.n > 1 && !hex))
        return '\t';
    *s = rest;
    if (!column.n)
        return '\t';
    if (!hex)
        return *column.p;
    return (char)(ascii_hex_value(column.p[1 + zero]) << 4 | ascii_hex_value(column.p[2 + zero]));
}

static void take_parted(struct parse_ctx *ctx, struct record *r, struct slice s, char separator)
{
    while (s.n) {
        struct slice value = slice_split(&s, separator), key = slice_split(&value, '=');
        add(ctx, r, slice_trim(key), value);
    }
}

static struct slice take_cef(struct parse_ctx *ctx, struct record *r, struct slice s)
{
    struct slice class = level_said_column(&s), name = level_said_column(&s);
    level_said_column(&s); /* the severity */
    add(ctx, r, SLICE("event_class"), class);
    add(ctx, r, SLICE("event_name"), name);
    take_pairs(ctx, r, s);
    return decoded(ctx->arena, slice_trim(name));
}

bool text_event(struct parse_ctx *ctx, struct record *r, struct slice text)
{
    struct slice product, s = text;
    if (!s.n || (*s.p != 'C' && *s.p != 'L') || !level_said_event(s, &product)) /* most lines */
        return false;
    level_said_column(&s);
    struct slice vendor = level_said_column(&s), name = SLICE_NONE;
    level_said_column(&s);
    struct slice version = level_said_column(&s);
    add(ctx, r, SLICE("device_vendor"), vendor);
    add(ctx, r, SLICE("device_product"), product);
    add(ctx, r, SLICE("device_version"), version);
    if (*text.p == 'C') {
        name = take_cef(ctx, r, s);
    } else {
        add(ctx, r, SLICE("event_class"), level_said_column(&s));
        char separator = take_separator(&s);
        take_parted(ctx, r, s, separator);
    }
    struct slice message = record_value(r, "msg");
    if (!r->app.n && !r->untrusted)
        r->app = decoded(ctx->arena, slice_trim(product));
    r->level = level_said(text);
    r->message = message.n ? message : name.n ? name : text;
    return true;
}
