// gate: walks a call through the eight steps (steps.c). It is the only room that knows all the
// others on the road, and the only one that writes a struct call. Its steps fetch, call and store;
// what there is to know lies in the rooms below.
#ifndef GATE_GATE_H
#define GATE_GATE_H
#include "api/api.h"
#include "audit/audit.h"
#include "guard/guard.h"
#include "http/http.h"
#include "learn/learn.h"
#include "ledger/ledger.h"
#include "route/route.h"
#include "upstream/upstream.h"

struct gate_settings {
#define SETTING(type, field, ...) setting_##type field;
#include "gate/settings.def"
#undef SETTING
};
extern const struct conf_table gate_setting_table;

// One loaded configuration: immutable once it is given to the gate, which frees it with the last
// call under it.
struct snapshot {
    struct gate_settings gate;
    struct net_settings net;
    struct http_settings http;
    struct upstream_settings upstream;
    struct ledger_settings ledger;
    struct conversation_settings conversations;
    struct audit_settings audit;
    struct learn_settings learn;
    struct fleet fleet;
    struct tenants tenants;
    struct policy policy;
    struct guard_policy guard;
    struct route_model model;
    struct engine_config *engines;
    size_t engine_count;
    void (*free)(struct snapshot *s); // NULL: it is nobody's
};

// A page that is no call: health, metrics. Fills body and content type, returns the status.
struct gate;
struct view; // what a worker serves by at present
struct gate_page {
    const char *path, *content_type;
    int (*write)(const struct view *v, struct buf *out);
};

// Where another configuration comes from, on SIGHUP. read is called on a thread of its own: a whole
// snapshot (with its free), or NULL and why. Outlives the gate.
enum { GATE_WHY = 800 };
struct gate_source {
    struct snapshot *(*read)(void *arg, char ret_why[GATE_WHY]);
    void *arg;
};

// Starts engines, ledger and workers; ret_why says what to do when it cannot. pages end with a NULL
// path. The snapshot is taken whether it can or not.
enum err gate_new(struct snapshot *take_s, const struct gate_page *pages, struct gate **ret_gate,
                  char ret_why[256]) must_check;
int gate_port(const struct gate *g);
// From here on SIGHUP reads the configuration anew. Before gate_run.
void gate_reloads_from(struct gate *g, const struct gate_source *source);
// Serves until SIGINT or SIGTERM (drains) or gate_stop.
void gate_run(struct gate *g);
void gate_stop(struct gate *g); // any thread
void gate_free(struct gate *g);
const struct view *gate_view(const struct gate *g); // only while it does not run
const struct snapshot *gate_snapshot(const struct view *v);
enum health gate_health(const struct view *v, unsigned target);
bool gate_ready(const struct view *v); // a target is up
// The decision log cannot be written: nothing goes to zones that are not local. False where none is
// kept.
bool gate_audit_failing(const struct view *v);
#endif
