// cascade.h: a local target tries cloud work first. Nothing of its answer goes out before it passed
// its check; where it fails, the plan's next target is asked, and where none of those answers, the
// local answer is sent after all. Private to gate. Whoever has no cascade (l->cascade is NULL) pays
// for one pointer that is looked at.
#ifndef GATE_CASCADE_H
#define GATE_CASCADE_H
#include "gate/worker.h"

void cascade_begin(struct live_call *l);           // the local try was started
bool cascade_holds(const struct live_call *l);     // its answer may not go out yet
void cascade_event(struct live_call *l, str data); // of the held stream
bool cascade_read_end(struct live_call *l);        // true: still held, or l went on without it
enum err cascade_judge(struct live_call *l, enum err e); // how the try ended; OK: it goes out
bool cascade_turns(const struct live_call *l); // any error of a target leads to another answer
bool cascade_waits(const struct live_call *l); // a whole local answer is at hand
// No other target answered: the local answer is l's again, to be sent. False where there is none.
bool cascade_return(struct live_call *l);
void cascade_end(struct live_call *l); // the call is over
#endif
