#include "core/trace_name.h"

struct slice trace_name_path(struct slice file)
{
    static const struct slice scheme = {"file://", 7}, here = {"./", 2};
    if (slice_starts(file, scheme))
        slice_skip(&file, scheme.n);
    while (slice_starts(file, here))
        slice_skip(&file, here.n);
    return file;
}

struct slice trace_name_base(struct slice file)
{
    file = slice_split(&file, '?');
    for (size_t i = file.n; i-- > 0;)
        if (file.p[i] == '/' || file.p[i] == '\\')
            return slice_from(file, i + 1);
    return file;
}

/* --- what does not vary --- */

enum {
    HASH_DIGITS = 8,      /* a hexadecimal word of so many, digits among them, is a hash or an address */
    GENERATED_DIGITS = 4, /* the same in the name of a class that CGLIB has made */
    ID_DIGITS = 5         /* a number of so many is an id */
};

static bool is_word(char c)
{
    return ascii_alnum(c) || c == '_' || (unsigned char)c >= 0x80;
}

/* How many bytes from the first on are such. */
static size_t run(struct slice s, bool (*is)(char c))
{
    size_t n = 0;
    while (n < s.n && is(s.p[n]))
        n++;
    return n;
}

/* Behind these a compiler or a runtime counts. */
static const struct counted {
    const char *language; /* NULL: of any */
    const char *before;
} counted[] = {
    {NULL, "$"},        /* lambdas, anonymous and inner classes: Java, Kotlin, Scala */
    {NULL, "$Proxy"},   /* java.lang.reflect */
    {NULL, "Accessor"}, /* the same: GeneratedMethodAccessor12 */
    {NULL, "#"},        /* closures: Rust, Swift */
    {NULL, ">b__"},     /* what C# makes of lambdas, */
    {NULL, ">d__"},     /* of asynchronous methods, */
    {NULL, "|"},        /* of local functions */
    {NULL, "DisplayClass"},
    {NULL, "@"},       /* Dart: names of a library's own */
    {NULL, "-fun-"},   /* Erlang */
    {NULL, "(index "}, /* Promise.all of JavaScript */
    {NULL, "(eval "},  /* Perl, Ruby */
    {"php", ".php("},  /* a place in the name of evaluated code */
    {"go", ".func"},   /* closures */
    {"go", ".gowrap"},
    {"go", ".deferwrap"},
    {"java", "__"}, /* Clojure */
    {"java", "$eval"},
};

static bool is_counted(struct slice language, struct slice before)
{
    for (size_t i = 0; i < sizeof counted / sizeof *counted; i++)
        if (slice_ends(before, slice_str(counted[i].before)) &&
            (!counted[i].language || slice_is(language, counted[i].language)))
            return true;
    return false;
}

/* What follows a number that was left out: `.func1.2`, `c__DisplayClass3_0`, a view's `___12345_678`. */
static bool joins_numbers(struct slice rest)
{
    return rest.n > 1 && (rest.p[0] == '.' || rest.p[0] == '_') && ascii_digit(rest.p[1]);
}

/* A number at the front that a machine has counted or drawn, with those joined to it; 0: it is part of the name. */
static size_t number(struct slice language, struct slice rest, struct slice before)
{
    size_t n = run(rest, ascii_digit);
    if (n == 0 || (n < ID_DIGITS && !is_counted(language, before)))
        return 0;
    while (joins_numbers(slice_from(rest, n)))
        n += 1 + run(slice_from(rest, n + 1), ascii_digit);
    return n;
}

/* A hash or an address at the front, which stands behind no other part of a word: hexadecimal, long, and no word that a
 * person wrote, as it has digits. CGLIB leaves zeros away. */
static size_t hash(struct slice rest, struct slice before)
{
    if (before.n && is_word(before.p[before.n - 1])) /* first, as each byte of a long word is asked */
        return 0;
    struct slice word = slice_sub(rest, 0, run(rest, is_word));
    size_t digits = 0, least = slice_ends(before, SLICE("$$")) ? GENERATED_DIGITS : HASH_DIGITS;
    if (slice_starts(word, SLICE("0x")))
        return slice_is_hex(slice_from(word, 2)) ? word.n : 0;
    for (size_t i = 0; i < word.n; i++)
        digits += ascii_digit(word.p[i]);
    return word.n >= least && digits && slice_is_hex(word) ? word.n : 0;
}

/* Where a name goes on with the place that the code stands at: PHP's closures and anonymous classes. Or with a word
 * that was drawn for it: classes that Byte Buddy has made. */
static size_t place(struct slice rest, struct slice before)
{
    ptrdiff_t end;
    if (slice_ends(before, SLICE("$HibernateProxy$")) || slice_ends(before, SLICE("$ByteBuddy$")))
        return run(rest, is_word);
    if (slice_ends(before, SLICE("{closure")) && rest.p[0] == ':') {
        end = slice_find(rest, SLICE("}"));
        return end < 0 ? rest.n : (size_t)end;
    }
    if (!slice_ends(before, SLICE("class@anonymous")))
        return 0;
    end = slice_find(rest, SLICE("->"));
    end = end < 0 ? slice_find(rest, SLICE("::")) : end;
    return end < 0 ? rest.n : (size_t)end;
}

/* Rust's symbols end in the hash of their crate's build. */
static struct slice without_crate_hash(struct slice name)
{
    ptrdiff_t at = slice_rfind(name, SLICE("::h"));
    bool found = at >= 0 && name.n - (size_t)at == 3 + 16 && slice_is_hex(slice_from(name, (size_t)at + 3));
    return found ? slice_sub(name, 0, (size_t)at) : name;
}

/* A view of Rails is a method whose name ends in two such numbers, of which the sign is another underscore. */
static void trim_underscores(struct sbuf *out, size_t begin)
{
    while (out->n > begin && out->p[out->n - 1] == '_')
        out->n--;
}

/* Most names have neither: a hash, a number and a place have digits, what was drawn stands behind a dollar. */
static bool may_vary(struct slice name)
{
    for (size_t i = 0; i < name.n; i++)
        if (ascii_digit(name.p[i]) || name.p[i] == '$')
            return true;
    return slice_find(name, SLICE("@anonymous")) >= 0;
}

void trace_name_stable(struct slice language, struct slice name, struct sbuf *out)
{
    size_t begin = out->n;
    if (!may_vary(name)) {
        sbuf_adds(out, name);
        return;
    }
    name = without_crate_hash(name);
    for (size_t i = 0; i < name.n;) {
        struct slice rest = slice_from(name, i), before = slice_sub(name, 0, i);
        size_t n = place(rest, before);
        n = n ? n : hash(rest, before);
        n = n ? n : number(language, rest, before);
        if (n >= ID_DIGITS)
            trim_underscores(out, begin);
        if (n && out->n > begin && slice_ends(before, SLICE("[")) && slice_starts(slice_from(rest, n), SLICE("]"))) {
            out->n--; /* Rust's crates: core[c1f1a4ba060b9bfa]::fmt, where the short form has core::fmt */
            n++;
        }
        if (!n)
            sbuf_addc(out, name.p[i++]);
        i += n;
    }
}
