#include "core/import_fail2ban_pattern.h"

#include <string.h>

#include "core/import.h"

static const struct {
    const char *tag, *match;
    bool client;
} own_tags[] = {{"HOST", "%{IPORHOST:client}", true},
                {"ADDR", "%{IP:client}", true},
                {"IP4", "%{IPV4:client}", true},
                {"IP6", "%{IPV6:client}", true},
                {"DNS", "%{HOSTNAME:client}", true},
                {"CIDR", "\\d{1,3}", false},
                {"SUBNET", "%{IP:client}(?:/\\d{1,3})?", true}};

/* What marks several lines as one story, or a part as the text, is no capture here. */
static bool is_mark(struct slice name)
{
    return slice_starts(name, SLICE("MLF")) || slice_is(name, "CONTENT") || slice_is(name, "NOFAIL");
}

/* The name of a group, as PCRE2 takes it; *same: how many there are of this name, this one included. */
static void group_of(struct fail2ban_pattern *c, struct slice name, char group[FAIL2BAN_GROUP_MAX], unsigned *same)
{
    size_t n = 0;
    for (; n < name.n && n < FAIL2BAN_GROUP_MAX - 1; n++)
        group[n] = name.p[n] == '-' ? '_' : ascii_lower(name.p[n]);
    group[n] = '\0';
    *same = 1;
    for (unsigned i = 0; i < c->n_names; i++)
        *same += strcmp(c->names[i], group) == 0;
    if (c->n_names < FAIL2BAN_NAMES_MAX)
        memcpy(c->names[c->n_names++], group, FAIL2BAN_GROUP_MAX);
}

/* At the opening of <F-NAME>. */
static void open_group(struct fail2ban_pattern *c, struct slice name)
{
    char group[FAIL2BAN_GROUP_MAX];
    unsigned same;
    group_of(c, name, group, &same);
    if (is_mark(name) || !name.n || c->n_names == FAIL2BAN_NAMES_MAX)
        sbuf_adds(&c->out, SLICE("(?:"));
    else if (same > 1)
        sbuf_addf(&c->out, "(?<%s_%u>", group, same);
    else
        sbuf_addf(&c->out, "(?<%s>", group);
    /* Among alternatives it says something of one of them alone. */
    c->no_failure |= !c->depth && (slice_is(name, "NOFAIL") || slice_is(name, "MLFGAINED"));
    c->opened++;
}

/* At "<". Returns how much of it has been taken. */
static size_t carry_tag(struct fail2ban_pattern *c, struct slice s)
{
    struct slice rest = slice_from(s, 1), name = slice_split(&rest, '>');
    for (size_t i = 0; rest.p && i < sizeof own_tags / sizeof *own_tags; i++)
        if (slice_is(name, own_tags[i].tag)) {
            sbuf_adds(&c->out, slice_str(own_tags[i].match));
            c->has_client |= own_tags[i].client;
            return name.n + 2;
        }
    if (rest.p && slice_starts(name, SLICE("F-"))) {
        open_group(c, slice_from(name, 2));
        return name.n + 2;
    }
    if (rest.p && slice_starts(name, SLICE("/F-")) && c->opened) {
        c->opened--;
        sbuf_addc(&c->out, ')');
        return name.n + 2;
    }
    sbuf_addc(&c->out, '<');
    return 1;
}

/* At "\". Python's \Z is the very end. */
static size_t carry_escape(struct fail2ban_pattern *c, struct slice s)
{
    if (s.n < 2)
        sbuf_adds(&c->out, SLICE("\\\\"));
    else if (s.p[1] == 'Z')
        sbuf_adds(&c->out, SLICE("\\z"));
    else
        sbuf_adds(&c->out, slice_sub(s, 0, 2));
    return s.n < 2 ? 1 : 2;
}

static size_t carry_other(struct fail2ban_pattern *c, struct slice s)
{
    char b = s.p[0];
    c->class = b == '[' || (c->class && b != ']');
    if (!c->class && b == '(')
        c->depth++;
    else if (!c->class && b == ')' && c->depth)
        c->depth--;
    if (slice_starts(s, SLICE("%{"))) /* text, and no reference of Grok */
        sbuf_adds(&c->out, SLICE("%\\"));
    else if (b != FAIL2BAN_PREFIX)
        sbuf_addc(&c->out, b);
    return 1;
}

void fail2ban_pattern_read(struct fail2ban_pattern *c, struct slice s)
{
    *c = (struct fail2ban_pattern){.class = false};
    sbuf_init(&c->out, IMPORT_PATTERN_BYTES);
    for (size_t i = 0, n; i < s.n; i += n) {
        struct slice rest = slice_from(s, i);
        n = s.p[i] == '\\'               ? carry_escape(c, rest)
            : s.p[i] == '<' && !c->class ? carry_tag(c, rest)
                                         : carry_other(c, rest);
    }
}
