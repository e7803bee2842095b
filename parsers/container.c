#include "parsers/container.h"

#include "base/hash.h"
#include "text/json.h"

enum { ID_DIGITS = 64, SHORT_ID = 12 };

static struct slice keep(struct arena *a, struct slice s)
{
    return s.n ? arena_dup(a, slice_sub(s, 0, CONTAINER_TEXT_MAX)) : SLICE_NONE;
}

/* --- paths --- */

static bool is_id(struct slice s)
{
    return s.n == ID_DIGITS && slice_is_hex(s);
}

/* Takes the last component off the path. */
static struct slice take_last(struct slice *path)
{
    ptrdiff_t slash = slice_rfind(*path, SLICE("/"));
    struct slice last = slice_from(*path, (size_t)(slash + 1));
    *path = slice_sub(*path, 0, slash < 0 ? 0 : (size_t)slash);
    return last;
}

/* Splits at both underscores, which no name that Kubernetes allows has in it. */
static bool three_parts(struct slice s, struct slice part[3])
{
    part[0] = slice_split(&s, '_');
    part[1] = slice_split(&s, '_');
    part[2] = s;
    return part[0].n && part[1].n && part[2].n && !slice_chr(part[2], '_');
}

/* ID/ID-json.log, and what rotation makes of it. */
static bool docker_path(struct container *c, struct arena *a, struct slice path)
{
    struct slice file = take_last(&path), folder = take_last(&path);
    if (!is_id(folder) || !slice_starts(file, folder) || !slice_starts(slice_from(file, folder.n), SLICE("-json.log")))
        return false;
    c->id = keep(a, folder);
    return true;
}

/* NAMESPACE_POD_UID/CONTAINER/N.log, and what rotation makes of it. */
static bool pod_path(struct container *c, struct arena *a, struct slice path)
{
    struct slice file = take_last(&path), container = take_last(&path), folder = take_last(&path), part[3];
    size_t digits = 0;
    while (digits < file.n && ascii_digit(file.p[digits]))
        digits++;
    struct slice ext = slice_from(file, digits);
    if (!digits || !slice_starts(ext, SLICE(".log")) || (ext.n > 4 && ext.p[4] != '.') || !container.n ||
        !three_parts(folder, part))
        return false;
    c->namespace = keep(a, part[0]);
    c->pod = keep(a, part[1]);
    c->pod_uid = keep(a, part[2]);
    c->name = keep(a, container);
    return true;
}

/* POD_NAMESPACE_CONTAINER-ID.log */
static bool link_path(struct container *c, struct arena *a, struct slice path)
{
    struct slice file = take_last(&path), part[3];
    if (!slice_ends(file, SLICE(".log")) || !three_parts(slice_sub(file, 0, file.n - 4), part) ||
        part[2].n < ID_DIGITS + 2)
        return false;
    size_t name = part[2].n - ID_DIGITS - 1;
    struct slice id = slice_from(part[2], name + 1);
    if (part[2].p[name] != '-' || !is_id(id))
        return false;
    c->pod = keep(a, part[0]);
    c->namespace = keep(a, part[1]);
    c->name = keep(a, slice_sub(part[2], 0, name));
    c->id = keep(a, id);
    return true;
}

bool container_from_path(struct container *c, struct arena *a, struct slice path)
{
    return docker_path(c, a, path) || pod_path(c, a, path) || link_path(c, a, path);
}

/* --- Docker's config.v2.json --- */

struct config {
    struct container *c;
    struct arena *arena;
};

static bool container_config_member(void *u, const struct json_member *m)
{
    static const struct slice labels = {"Config.Labels.", 14};
    struct config *f = u;
    struct container *c = f->c;
    if (m->type != JSON_STRING)
        return true;
    if (slice_is(m->name, "Name"))
        c->name = keep(f->arena, slice_from(m->value, slice_starts(m->value, SLICE("/"))));
    else if (slice_is(m->name, "Config.Image"))
        c->image = keep(f->arena, m->value);
    else if (slice_starts(m->name, labels) && c->n_labels < CONTAINER_LABELS_MAX)
        c->labels[c->n_labels++] =
            (struct container_label){keep(f->arena, slice_from(m->name, labels.n)), keep(f->arena, m->value)};
    return true;
}

void container_from_config(struct container *c, struct arena *a, struct slice json)
{
    struct container before = *c;
    struct config f = {.c = c, .arena = a};
    if (json_members(json, a, 3, container_config_member, &f, NULL) != JSON_OK)
        *c = before;
}

/* --- the rest --- */

static struct slice label(const struct container *c, struct slice key)
{
    for (unsigned i = 0; i < c->n_labels; i++)
        if (slice_eq(c->labels[i].key, key))
            return c->labels[i].value;
    return SLICE_NONE;
}

static struct slice first(struct slice a, struct slice b)
{
    return a.n ? a : b;
}

void container_finish(struct container *c)
{
    /* Under Kubernetes Docker's own name is made of all that these labels say. */
    struct slice in_pod = label(c, SLICE("io.kubernetes.container.name"));
    c->name = first(in_pod, c->name);
    c->pod = first(c->pod, label(c, SLICE("io.kubernetes.pod.name")));
    c->pod_uid = first(c->pod_uid, label(c, SLICE("io.kubernetes.pod.uid")));
    c->namespace = first(c->namespace, label(c, SLICE("io.kubernetes.pod.namespace")));
    struct slice service =
        first(label(c, SLICE("com.docker.compose.service")), label(c, SLICE("com.docker.swarm.service.name")));
    c->app = c->pod.n ? c->name : first(service, c->name);
    c->name = first(c->name, slice_sub(c->id, 0, SHORT_ID));
}

static const struct {
    const char *name;
    size_t at; /* in struct container */
} members[CONTAINER_LABEL] = {
    [CONTAINER_NAME] = {"container", offsetof(struct container, name)},
    [CONTAINER_ID] = {"container_id", offsetof(struct container, id)},
    [CONTAINER_POD] = {"pod", offsetof(struct container, pod)},
    [CONTAINER_POD_UID] = {"pod_uid", offsetof(struct container, pod_uid)},
    [CONTAINER_NAMESPACE] = {"namespace", offsetof(struct container, namespace)},
    [CONTAINER_IMAGE] = {"image", offsetof(struct container, image)},
};

static const struct slice label_prefix = SLICE("label.");

enum container_member container_member(struct slice name)
{
    for (unsigned m = CONTAINER_NAME; m < CONTAINER_LABEL; m++)
        if (slice_is(name, members[m].name))
            return m;
    return slice_starts(name, label_prefix) ? CONTAINER_LABEL : CONTAINER_NONE;
}

struct slice container_value(const struct container *c, enum container_member member, struct slice name)
{
    struct slice value;
    if (member == CONTAINER_NONE)
        return SLICE_NONE;
    if (member == CONTAINER_LABEL)
        return label(c, slice_from(name, label_prefix.n));
    memcpy(&value, (const char *)c + members[member].at, sizeof value);
    return value;
}

struct slice container_get(const struct container *c, struct slice name)
{
    return container_value(c, container_member(name), name);
}

uint64_t container_key(const struct container *c)
{
    struct hash128 pod = hash128(HASH128_START, c->pod_uid);
    uint64_t key = c->pod_uid.n ? hash128(pod, c->name).low : hash128(pod, c->id.n ? c->id : c->name).low;
    return key ? key : 1;
}

struct container *container_keep(struct arena *a, const struct container *c)
{
    struct container *copy = arena_alloc(a, sizeof *copy);
    *copy = *c;
    struct slice *const texts[] = {&copy->name, &copy->app,     &copy->id,       &copy->image,
                                   &copy->pod,  &copy->pod_uid, &copy->namespace};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = keep(a, *texts[i]);
    for (unsigned i = 0; i < c->n_labels; i++)
        copy->labels[i] = (struct container_label){keep(a, c->labels[i].key), keep(a, c->labels[i].value)};
    return copy;
}
