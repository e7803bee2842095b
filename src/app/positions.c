#include "app/positions.h"

#include <stdlib.h>

#include "base/xalloc.h"

void positions_add(void *u, const struct position *p)
{
    struct positions *l = u;
    l->v = xroom(l->v, l->n, sizeof *l->v);
    l->v[l->n] = *p;
    l->v[l->n].input = arena_dup(&l->arena, p->input);
    l->v[l->n].part = arena_dup(&l->arena, p->part);
    l->v[l->n].blob = arena_dup(&l->arena, p->blob);
    l->n++;
}

void positions_done(struct positions *p)
{
    free(p->v);
    arena_done(&p->arena);
    *p = (struct positions){0};
}
