// list.h: intrusive doubly linked lists. A node is in at most one list; a list is a head node.
// Membership is state (pgbouncer's idea): counts shown anywhere are list lengths.
#ifndef BASE_LIST_H
#define BASE_LIST_H
#include "base/base.h"

struct list {
    struct list *next, *prev;
};

static inline void list_init(struct list *l)
{
    l->next = l->prev = l;
}
static inline bool list_empty(const struct list *l)
{
    return l->next == l;
}
static inline void list_remove(struct list *n)
{
    n->prev->next = n->next;
    n->next->prev = n->prev;
    n->next = n->prev = n;
}
static inline void list_push_back(struct list *l, struct list *n)
{
    n->prev = l->prev;
    n->next = l;
    l->prev->next = n;
    l->prev = n;
}
static inline void list_push_front(struct list *l, struct list *n)
{
    list_push_back(l->next, n);
}
#define list_first(l, type, member)                                                                \
    (list_empty(l) ? NULL : container_of((l)->next, type, member))
// `it` may be removed inside the loop.
#define list_each(it, l, type, member)                                                             \
    for (type *it = container_of((l)->next, type, member),                                         \
              *it##_next = container_of(it->member.next, type, member);                            \
         &it->member != (l);                                                                       \
         it = it##_next, it##_next = container_of(it->member.next, type, member))
#endif
