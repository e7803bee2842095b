#include "text/conf.h"
#include "text/json.h"

static struct slice take_digits(struct slice *s)
{
    size_t n = 0;
    while (n < s->n && ascii_digit(s->p[n]))
        n++;
    struct slice digits = slice_sub(*s, 0, n);
    *s = slice_from(*s, n);
    return digits;
}

static bool take_one(struct slice *s, char a, char b)
{
    if (!s->n || (s->p[0] != a && s->p[0] != b))
        return false;
    *s = slice_from(*s, 1);
    return true;
}

/* e, a sign, digits; what is there is taken in any case. False: digits are missing. */
static bool take_exponent(struct slice *s, struct slice *out)
{
    struct slice from = *s;
    if (!take_one(s, 'e', 'E'))
        return true;
    take_one(s, '-', '+');
    bool has_digits = take_digits(s).n > 0;
    *out = slice_sub(from, 0, from.n - s->n);
    return has_digits;
}

/* A number of YAML 1.2's core schema in JSON's spelling; false when the word is none. */
static bool json_number(struct slice s, struct sbuf *out)
{
    bool minus = s.n && s.p[0] == '-';
    take_one(&s, '-', '+');
    struct slice whole = take_digits(&s), fraction = SLICE_NONE, exponent = SLICE_NONE;
    if (take_one(&s, '.', '.'))
        fraction = take_digits(&s);
    if (!take_exponent(&s, &exponent) || s.n || whole.n + fraction.n == 0)
        return false;
    while (whole.n > 1 && whole.p[0] == '0')
        whole = slice_from(whole, 1);
    sbuf_addf(out, "%s%.*s%s%.*s%.*s", minus ? "-" : "", SLICE_ARG(whole.n ? whole : SLICE("0")), fraction.n ? "." : "",
              SLICE_ARG(fraction), SLICE_ARG(exponent));
    return true;
}

static void json_scalar(struct json *j, const struct conf_node *n)
{
    static const char *const truth[] = {"true", "True", "TRUE", "false", "False", "FALSE"};
    for (int i = 0; i < 6 && !n->quoted; i++)
        if (slice_is(n->text, truth[i])) {
            json_bool(j, i < 3);
            return;
        }
    struct sbuf number;
    sbuf_init(&number, 512);
    if (conf_null(n))
        json_raw(j, SLICE("null"));
    else if (!n->quoted && json_number(n->text, &number) && !number.over)
        json_raw(j, sbuf_slice(&number));
    else
        json_str(j, n->text);
    sbuf_done(&number);
}

static void json_node(struct json *j, const struct conf_node *n)
{
    if (n->type == CONF_SCALAR) {
        json_scalar(j, n);
        return;
    }
    if (n->type == CONF_MAP)
        json_map(j);
    else
        json_array(j);
    for (const struct conf_node *c = n->child; c; c = c->next) {
        if (n->type == CONF_MAP)
            json_key_s(j, c->key);
        json_node(j, c);
    }
    if (n->type == CONF_MAP)
        json_map_end(j);
    else
        json_array_end(j);
}

void conf_json(const struct conf_node *n, struct sbuf *out)
{
    struct json j;
    json_start(&j, out);
    json_node(&j, n);
    json_end(&j);
}
