// conversations.h: what earlier turns left, in memory, shared by all workers. Sets of eight slots,
// each set under its shard's lock, which is held for one look and a change. Bounded at birth.
// A full set gives up the slot that is worth least, of those the one seen longest ago: first turns
// that nobody named, then conversations known by their beginning, then named ones, and restricted
// ones last of all. What was given up lies in the file still, but no call waits for that: a named
// conversation then counts as lost, which makes it restricted; of one known by its beginning the
// body is screened, all that its client did not trim away.
#ifndef LEDGER_CONVERSATIONS_H
#define LEDGER_CONVERSATIONS_H
#include "ledger/ledger.h"

enum {
    SLOT_NAMED = 1, // by the client's header
    SLOT_KEPT = 2,  // belongs in the file
    SLOT_DIRTY = 4, // and is newer than there
};
struct slot {
    uint64_t id[2]; // id[0] is 0 where it is free
    uint32_t seen_s, turns;
    uint16_t place; // conversations_place: who served the last turn; 0: nobody yet
    uint8_t label, flags;
};
_Static_assert(sizeof(struct slot) == 32, "as conversations.size says");

struct conversations;
struct conversations *conversations_new(const struct conversation_settings *s);
void conversations_free(struct conversations *c);

// One turn comes: fills what was known before it into `of` (its id, named and goes_on are set) and
// raises what is stored to `label`, or to restricted where it is lost. True where that rose and
// belongs in the file; then ret_risen is a copy.
bool conversations_turn(struct conversations *c, struct conversation *of, enum label label,
                        int64_t now_us, struct slot *ret_risen);
// Who serves it; does nothing where the conversation is not there any more.
void conversations_placed(struct conversations *c, const uint64_t id[2], uint16_t place);
// Lowers or raises what is stored, on an operator's word. False: it is not in memory.
bool conversations_set_label(struct conversations *c, const uint64_t id[2], enum label label);

// Target and zone as a small number, and back (1 ..). 0 where there are too many.
struct place {
    str target, zone;
};
uint16_t conversations_place(struct conversations *c, str target, str zone);
struct place conversations_place_of(const struct conversations *c, uint16_t place);

// For the file. take: copies of up to max slots that are newer than the file, clean from now on.
// give_back: those that the disk refused. put: one that was read. all_dirty: a new file is begun.
size_t conversations_take(struct conversations *c, struct slot *ret_slots, size_t max);
void conversations_give_back(struct conversations *c, const struct slot *slots, size_t count);
void conversations_put(struct conversations *c, const struct slot *s);
void conversations_all_dirty(struct conversations *c);
bool conversations_are_dirty(const struct conversations *c);
size_t conversations_size(const struct conversations *c);
#endif
