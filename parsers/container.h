/*
 * container: which container a log file belongs to, as its path and what the runtime keeps beside it tell.
 *
 *   /var/log/pods/NAMESPACE_POD_UID/CONTAINER/N.log                Kubernetes
 *   /var/log/containers/POD_NAMESPACE_CONTAINER-ID.log             links to these
 *   /var/lib/docker/containers/ID/ID-json.log, config.v2.json      Docker
 *
 * What stands before these parts of a path does not matter: host file systems are mounted anywhere. Slices live in the
 * arena given. Bounded: texts are cut, and of many labels the first count. Pure.
 */
#ifndef PARSERS_CONTAINER_H
#define PARSERS_CONTAINER_H

#include "base/arena.h"

enum { CONTAINER_LABELS_MAX = 32, CONTAINER_TEXT_MAX = 256 };

struct container_label {
    struct slice key, value;
};

struct container {
    struct slice name; /* without one that is known: the first 12 digits of the id, as `docker ps` shows it */
    struct slice app;  /* what its replicas have in common: container of a pod, service, else the name; or empty */
    struct slice id, image, pod, pod_uid, namespace;
    unsigned n_labels;
    struct container_label labels[CONTAINER_LABELS_MAX];
};

/* Adds what the path of a log file tells. False, and nothing added: no path of a container's log. */
bool container_from_path(struct container *c, struct arena *a, struct slice path);
/* Adds what Docker's config.v2.json tells; nothing when that is broken. */
void container_from_config(struct container *c, struct arena *a, struct slice json);
/* Afterwards: fills in what follows from the rest. */
void container_finish(struct container *c);

/* What a name of a record's field is of a container: container, container_id, pod, pod_uid, namespace, image,
 * label.KEY. */
enum container_member {
    CONTAINER_NONE,
    CONTAINER_NAME,
    CONTAINER_ID,
    CONTAINER_POD,
    CONTAINER_POD_UID,
    CONTAINER_NAMESPACE,
    CONTAINER_IMAGE,
    CONTAINER_LABEL,
    CONTAINER_MEMBER_N
};
enum container_member container_member(struct slice name);
/* The value of a member; name: all of it, since a label is found by the rest of its name. */
struct slice container_value(const struct container *c, enum container_member member, struct slice name);
struct slice container_get(const struct container *c, struct slice name);
/* The same for all containers that follow each other in the same place of a pod, else for the container. */
uint64_t container_key(const struct container *c);
struct container *container_keep(struct arena *a, const struct container *c);

#endif
