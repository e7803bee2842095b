#include "core/request_fields.h"

#include "text/json.h"

enum { NAME_MAX = 64 };

/* Names of fields without case and punctuation. Members of objects have the object's name before theirs. */
static const char *const method_names[] = {
    "method", "requestmethod", "httpmethod", "httprequestmethod", "reqmethod", "httprequestrequestmethod", NULL};
static const char *const url_names[] = {"url",
                                        "uri",
                                        "path",
                                        "requesturl",
                                        "requesturi",
                                        "requestpath",
                                        "httpurl",
                                        "httptarget",
                                        "httppath",
                                        "urlfull",
                                        "urloriginal",
                                        "urlpath",
                                        "requrl",
                                        "requri",
                                        "reqpath",
                                        "originalurl",
                                        "httprequestrequesturl",
                                        NULL};
static const char *const host_names[] = {"requesthost",        "httphost",         "authority",
                                         "urldomain",          "reqhost",          "reqheadershost",
                                         "requestheadershost", "requestauthority", NULL};
static const char *const agent_names[] = {
    "useragent",           "httpuseragent",           "useragentoriginal",    "requestuseragent",
    "reqheadersuseragent", "requestheadersuseragent", "httprequestuseragent", NULL};
/* Objects that hold a request. */
static const char *const object_names[] = {"req", "request", "http", "httprequest", "url", NULL};

struct plain_name {
    char text[NAME_MAX];
    size_t n;
};

static bool add_name(struct plain_name *to, struct slice name)
{
    for (size_t i = 0; i < name.n; i++) {
        if (!ascii_alnum(name.p[i]))
            continue;
        if (to->n == sizeof to->text)
            return false;
        to->text[to->n++] = ascii_lower(name.p[i]);
    }
    return true;
}

static bool is_one_of(const struct plain_name *name, const char *const *names)
{
    for (; *names; names++)
        if (slice_is(slice_of(name->text, name->n), *names))
            return true;
    return false;
}

static void set(struct slice *to, struct slice value)
{
    if (!to->n)
        *to = value;
}

/* A whole URL under a name that says no more is mostly one that was asked for here. */
static bool is_of_request(const struct plain_name *name, struct slice url)
{
    return slice_starts(url, SLICE("/")) || slice_find(slice_of(name->text, name->n), SLICE("req")) >= 0;
}

static void take_member(struct request_fields *q, const struct plain_name *name, struct slice value)
{
    if (is_one_of(name, method_names))
        set(&q->method, value);
    else if (is_one_of(name, url_names) && is_of_request(name, value))
        set(&q->url, value);
    else if (is_one_of(name, host_names))
        set(&q->host, value);
    else if (is_one_of(name, agent_names))
        set(&q->agent, value);
}

struct object {
    struct request_fields *request;
    struct plain_name name;
    struct arena *arena;
};

/* Returns a header's value; of a list, as Caddy has it, the first. */
static struct slice text_of(const struct json_member *m, struct arena *a)
{
    const struct json_node *list = m->type == JSON_ARRAY ? json_tree(a, m->value) : NULL;
    const struct json_node *first = list ? list->child : NULL;
    if (m->type == JSON_STRING)
        return m->value;
    return first && first->type == JSON_STRING ? first->text : SLICE_NONE;
}

static bool request_fields_member(void *u, const struct json_member *m)
{
    const struct object *o = u;
    struct plain_name name = o->name;
    if (add_name(&name, m->name))
        take_member(o->request, &name, text_of(m, o->arena));
    return true;
}

static bool is_http_method(struct slice s)
{
    static const char *const methods[] = {"GET",     "POST",     "PUT",       "DELETE", "PATCH", "HEAD", "OPTIONS",
                                          "CONNECT", "PROPFIND", "PROPPATCH", "MKCOL",  "MOVE",  "COPY", "REPORT"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (slice_is(s, methods[i]))
            return true;
    return false;
}

static bool is_target(struct slice s)
{
    return slice_starts(s, SLICE("/")) || slice_starts(s, SLICE("http://")) || slice_starts(s, SLICE("https://"));
}

bool request_fields_are(struct slice method, struct slice url)
{
    return method.n && is_http_method(method) && is_target(url); /* most records say neither */
}

static void look(const struct field *f, struct arena *a, struct request_fields *to)
{
    struct object o = {.request = to, .arena = a};
    if (!add_name(&o.name, f->name))
        return;
    if (f->type == FIELD_STRING)
        take_member(to, &o.name, f->value);
    else if (f->type == FIELD_JSON && is_one_of(&o.name, object_names))
        json_members(f->value, a, 2, request_fields_member, &o, NULL);
}

bool request_fields_find(const struct record *r, struct arena *a, struct request_fields *out)
{
    *out = (struct request_fields){.method = SLICE_NONE};
    for (unsigned i = 0; i < r->n_fields; i++)
        look(&r->fields[i], a, out);
    return request_fields_are(out->method, out->url);
}

bool request_fields_of_object(const struct record *r, struct arena *a, struct request_fields *out)
{
    *out = (struct request_fields){.method = SLICE_NONE};
    for (unsigned i = 0; i < r->n_fields; i++)
        if (r->fields[i].type == FIELD_JSON)
            look(&r->fields[i], a, out);
    return request_fields_are(out->method, out->url);
}
