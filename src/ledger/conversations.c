// conversations.c: see conversations.h. Numbered invariants: (1) a slot's label never falls but by
// conversations_set_label, or when it is given up; (2) a slot that no name and no second turn keeps
// never pushes another out; (3) `dirty` of a shard counts its slots that are, those that
// were given up before the file had them included.
#include "ledger/conversations.h"
#include "base/mem.h"
#include "base/thread.h"
#include <stdatomic.h>

enum { SHARDS = 64, WAYS = 8, PLACES = 1024, SPILL = 16 };

struct shard {
    pthread_mutex_t lock;
    atomic_uint dirty;
    struct slot *slots;       // sets * WAYS
    struct slot spill[SPILL]; // given up before the file had them
    unsigned spilled;
} __attribute__((aligned(64)));

struct conversations {
    struct shard shards[SHARDS];
    size_t sets; // of a shard
    uint32_t keep_s;
    pthread_mutex_t places_lock;
    atomic_uint place_count;
    struct place places[PLACES]; // own copies; only ever added to
};

struct conversations *conversations_new(const struct conversation_settings *s)
{
    struct conversations *c = mem_new(sizeof *c);
    must(s->size > 0 && s->keep > 0);
    c->sets = max_size(1, ((size_t)s->size + SHARDS * WAYS - 1) / (SHARDS * WAYS));
    c->keep_s = (uint32_t)(s->keep * 24 * 3600);
    must(pthread_mutex_init(&c->places_lock, NULL) == 0);
    for (unsigned i = 0; i < SHARDS; i++) {
        must(pthread_mutex_init(&c->shards[i].lock, NULL) == 0);
        c->shards[i].slots = mem_new_array(struct slot, c->sets * WAYS);
    }
    return c;
}

void conversations_free(struct conversations *c)
{
    if (!c)
        return;
    for (unsigned i = 0; i < SHARDS; i++) {
        pthread_mutex_destroy(&c->shards[i].lock);
        mem_free(c->shards[i].slots);
    }
    for (unsigned i = 0; i < c->place_count; i++) {
        mem_free((void *)(uintptr_t)c->places[i].target.p);
        mem_free((void *)(uintptr_t)c->places[i].zone.p);
    }
    pthread_mutex_destroy(&c->places_lock);
    mem_free(c);
}

size_t conversations_size(const struct conversations *c)
{
    return c->sets * SHARDS * WAYS;
}

// --- slots: all with the shard's lock held -------------------------------------------------------

static struct shard *shard_of(struct conversations *c, const uint64_t id[2])
{
    must(id[0]);
    return &c->shards[id[1] % SHARDS];
}

static struct slot *set_of(const struct conversations *c, struct shard *s, const uint64_t id[2])
{
    return s->slots + id[0] / 2 % c->sets * WAYS;
}

static struct slot *find(const struct conversations *c, struct shard *s, const uint64_t id[2])
{
    struct slot *set = set_of(c, s, id);
    for (unsigned i = 0; i < WAYS; i++)
        if (set[i].id[0] == id[0] && set[i].id[1] == id[1])
            return &set[i];
    return NULL;
}

static unsigned worth(const struct slot *s)
{
    if (!s->id[0])
        return 0;
    if (!(s->flags & SLOT_KEPT))
        return 1;
    unsigned named = s->flags & SLOT_NAMED ? 1 : 0;
    return 2 + named + 2 * (unsigned)s->label;
}

static void mark(struct shard *s, struct slot *slot, bool dirty)
{
    bool was = slot->flags & SLOT_DIRTY;
    if (dirty == was)
        return;
    slot->flags ^= SLOT_DIRTY;
    unsigned count = atomic_load_explicit(&s->dirty, memory_order_relaxed);
    must(dirty || count > 0);
    atomic_store_explicit(&s->dirty, dirty ? count + 1 : count - 1, memory_order_relaxed);
}

// A place for one that is not there; NULL where it is not worth anybody's.
static struct slot *make_room(const struct conversations *c, struct shard *s, const uint64_t id[2],
                              bool kept)
{
    struct slot *set = set_of(c, s, id), *least = set;
    for (unsigned i = 1; i < WAYS; i++) {
        unsigned a = worth(&set[i]), b = worth(least);
        if (a < b || (a == b && set[i].seen_s < least->seen_s))
            least = &set[i];
    }
    if (!kept && worth(least) > 1)
        return NULL;
    if (least->flags & SLOT_DIRTY && s->spilled < SPILL)
        s->spill[s->spilled++] = *least; // it stays counted
    else
        mark(s, least, false);
    *least = (struct slot){.id = {id[0], id[1]}};
    return least;
}

// --- the workers' side ---------------------------------------------------------------------------

static void tell(const struct slot *slot, struct conversation *of)
{
    of->known = true;
    of->turns = slot->turns;
    of->place = slot->place;
    if (of->named || of->goes_on) // else it begins anew, with the same words
        of->label = (enum label)slot->label;
}

bool conversations_turn(struct conversations *c, struct conversation *of, enum label label,
                        int64_t now_us, struct slot *ret_risen)
{
    struct shard *s = shard_of(c, of->id);
    uint32_t now_s = (uint32_t)(now_us / 1000000);
    bool kept = of->named || of->goes_on || label > LABEL_PUBLIC, rose = false;
    must(label <= LABEL_RESTRICTED);
    of->known = of->lost = false;
    of->label = LABEL_PUBLIC;
    of->turns = 0;
    of->place = 0;
    pthread_mutex_lock(&s->lock);
    struct slot *slot = find(c, s, of->id);
    if (slot && slot->seen_s + c->keep_s < now_s) { // expired
        mark(s, slot, false);
        *slot = (struct slot){.id = {of->id[0], of->id[1]}};
    } else if (slot) {
        tell(slot, of);
    }
    of->lost = of->named && of->goes_on && !of->known;
    if (of->lost)
        of->label = LABEL_RESTRICTED;
    label = label_join(label, of->label);
    if (!slot)
        slot = make_room(c, s, of->id, kept);
    if (slot) {
        rose = label > slot->label;
        slot->label = rose ? (uint8_t)label : slot->label;
        slot->seen_s = now_s;
        slot->turns++;
        slot->flags |= (of->named ? SLOT_NAMED : 0) | (kept ? SLOT_KEPT : 0);
        mark(s, slot, slot->flags & SLOT_KEPT);
        *ret_risen = *slot;
    }
    pthread_mutex_unlock(&s->lock);
    return rose;
}

void conversations_placed(struct conversations *c, const uint64_t id[2], uint16_t place)
{
    struct shard *s = shard_of(c, id);
    pthread_mutex_lock(&s->lock);
    struct slot *slot = find(c, s, id);
    if (slot && slot->place != place) {
        slot->place = place;
        mark(s, slot, slot->flags & SLOT_KEPT);
    }
    pthread_mutex_unlock(&s->lock);
}

bool conversations_set_label(struct conversations *c, const uint64_t id[2], enum label label)
{
    struct shard *s = shard_of(c, id);
    must(label <= LABEL_RESTRICTED);
    pthread_mutex_lock(&s->lock);
    struct slot *slot = find(c, s, id);
    if (slot)
        slot->label = (uint8_t)label;
    pthread_mutex_unlock(&s->lock);
    return slot != NULL;
}

// --- places --------------------------------------------------------------------------------------

static unsigned look_up(const struct conversations *c, str target, str zone)
{
    unsigned count = atomic_load_explicit(&c->place_count, memory_order_acquire);
    for (unsigned i = 0; i < count; i++)
        if (str_eq(c->places[i].target, target) && str_eq(c->places[i].zone, zone))
            return i + 1;
    return 0;
}

static str copy(str s)
{
    return str_of(mem_copy_str(s), s.n);
}

uint16_t conversations_place(struct conversations *c, str target, str zone)
{
    unsigned at = look_up(c, target, zone);
    if (at)
        return (uint16_t)at;
    pthread_mutex_lock(&c->places_lock);
    at = look_up(c, target, zone);
    unsigned count = atomic_load_explicit(&c->place_count, memory_order_relaxed);
    if (!at && count < PLACES) {
        c->places[count] = (struct place){copy(target), copy(zone)};
        atomic_store_explicit(&c->place_count, count + 1, memory_order_release);
        at = count + 1;
    }
    pthread_mutex_unlock(&c->places_lock);
    return (uint16_t)at;
}

struct place conversations_place_of(const struct conversations *c, uint16_t place)
{
    unsigned count = atomic_load_explicit(&c->place_count, memory_order_acquire);
    must(place <= count);
    return place ? c->places[place - 1] : (struct place){STR_NONE, STR_NONE};
}

// --- for the file --------------------------------------------------------------------------------

static size_t take_spill(struct shard *s, struct slot *ret_slots, size_t max)
{
    size_t n = 0;
    while (s->spilled && n < max) {
        struct slot *last = &s->spill[--s->spilled];
        mark(s, last, false);
        ret_slots[n++] = *last;
    }
    return n;
}

size_t conversations_take(struct conversations *c, struct slot *ret_slots, size_t max)
{
    size_t taken = 0;
    for (unsigned i = 0; i < SHARDS && taken < max; i++) {
        struct shard *s = &c->shards[i];
        if (atomic_load_explicit(&s->dirty, memory_order_relaxed) == 0)
            continue;
        pthread_mutex_lock(&s->lock);
        taken += take_spill(s, ret_slots + taken, max - taken);
        for (size_t k = 0; k < c->sets * WAYS && taken < max; k++) {
            if (!(s->slots[k].flags & SLOT_DIRTY))
                continue;
            must(s->slots[k].id[0]);
            ret_slots[taken++] = s->slots[k];
            mark(s, &s->slots[k], false);
        }
        pthread_mutex_unlock(&s->lock);
    }
    return taken;
}

void conversations_give_back(struct conversations *c, const struct slot *slots, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct shard *s = shard_of(c, slots[i].id);
        pthread_mutex_lock(&s->lock);
        struct slot *slot = find(c, s, slots[i].id);
        if (!slot && (slot = make_room(c, s, slots[i].id, true))) {
            *slot = slots[i];
            slot->flags &= (uint8_t)~SLOT_DIRTY;
        }
        mark(s, slot, true);
        pthread_mutex_unlock(&s->lock);
    }
}

bool conversations_are_dirty(const struct conversations *c)
{
    for (unsigned i = 0; i < SHARDS; i++)
        if (atomic_load_explicit(&c->shards[i].dirty, memory_order_relaxed))
            return true;
    return false;
}

void conversations_put(struct conversations *c, const struct slot *in)
{
    struct shard *s = shard_of(c, in->id);
    must(in->flags & SLOT_KEPT && in->label <= LABEL_RESTRICTED);
    pthread_mutex_lock(&s->lock);
    struct slot *slot = find(c, s, in->id);
    if (slot) {
        slot->label = in->label > slot->label ? in->label : slot->label;
    } else if ((slot = make_room(c, s, in->id, true))) {
        *slot = *in;
        slot->flags &= (uint8_t)~SLOT_DIRTY;
    }
    pthread_mutex_unlock(&s->lock);
}

void conversations_all_dirty(struct conversations *c)
{
    for (unsigned i = 0; i < SHARDS; i++) {
        struct shard *s = &c->shards[i];
        pthread_mutex_lock(&s->lock);
        for (size_t k = 0; k < c->sets * WAYS; k++)
            if (s->slots[k].flags & SLOT_KEPT)
                mark(s, &s->slots[k], true);
        pthread_mutex_unlock(&s->lock);
    }
}
