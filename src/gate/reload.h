// reload.h: a configuration read anew while weir runs. All but reload_fixed on worker 0's thread.
#ifndef GATE_RELOAD_H
#define GATE_RELOAD_H
#include "gate/view.h"

// In the order of the metric config_reloads.
enum reload_result { RELOAD_TAKEN, RELOAD_MISTAKE, RELOAD_REFUSED };

struct reload;
struct reload *reload_new(struct gate *g, struct worker *first, const struct gate_source *source);
void reload_ask(struct reload *r);
void reload_free(struct reload *r); // after the loops; waits for its thread
// True, with its name, where a setting differs that only a restart can change.
bool reload_fixed(const struct snapshot *was, const struct snapshot *is, char ret_name[64]);

// --- what it asks of the gate: gate.c
// -------------------------------------------------------------

struct epoch *gate_epoch(const struct gate *g); // in force; not counted
// Any thread, one at a time.
enum err gate_take_tenants(struct gate *g, const struct tenants *t, char why[256]) must_check;
// The same for the file of rows, where none was open so far.
enum err gate_take_learn(struct gate *g, const struct learn_settings *s, char why[256]) must_check;
// From here on; every worker takes it at a turn of its loop. False, and nothing is taken, where the
// decision log cannot say so.
bool gate_change(struct gate *g, struct epoch *take_e) must_check;
#endif
