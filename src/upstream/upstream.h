// upstream: targets. Pools of connections, health, tries. One struct upstream a worker thread (no
// lock on a call's road); health is shared by all workers through struct upstream_health (atomics).
// A non-local socket is opened or written only under a clearance.
#ifndef UPSTREAM_UPSTREAM_H
#define UPSTREAM_UPSTREAM_H
#include "base/conf.h"
#include "base/metrics.h"
#include "call/call.h"
#include "http/http.h"
#include "net/net.h"

struct upstream_settings {
#define SETTING(type, field, ...) setting_##type field;
#include "upstream/settings.def"
#undef SETTING
};
extern const struct conf_table upstream_setting_table;

struct preset {
    const char *name, *dialect, *base_url, *key_variable, *zone, *probe, *ports, *model;
};
extern const struct preset upstream_presets[];
extern const size_t upstream_preset_count;
const struct preset *upstream_preset(str name); // NULL when unknown

// --- health, shared ------------------------------------------------------------------------------

struct upstream_health;
struct upstream_health *upstream_health_new(const struct fleet *f,
                                            const struct upstream_settings *s);
// For another fleet: targets that are the same in both (name, address and zone) keep their health
// and share it with the table before, so that tries which still run there count here, too.
struct upstream_health *upstream_health_next(const struct upstream_health *before,
                                             const struct fleet *fleet_before,
                                             const struct fleet *f,
                                             const struct upstream_settings *s);
void upstream_health_free(struct upstream_health *h);
// A copy for one choice: ret_health[target], in flight on each. A target that is down and due for a
// trial is shown as up to one caller.
void upstream_health_copy(struct upstream_health *h, int64_t now_us, uint8_t *ret_health,
                          uint32_t *ret_in_flight);
enum health upstream_health_of(const struct upstream_health *h, unsigned target, int64_t now_us);
void upstream_health_set(struct upstream_health *h, unsigned target,
                         enum health to); // engine children, probes

// --- clearance -----------------------------------------------------------------------------------

// Permission for one call to be sent to one target. Made only by gate (gate/clearance.c) from the
// screening and the plan; upstream compares it with the target's zone before it opens or writes.
struct clearance {
    const struct call *call;
    unsigned target, zone;
    enum label label;
    uint64_t policy; // the fleet's, under which it was planned
    uint64_t stamp;  // a digest over the above, kept apart: a clearance cannot be made by hand
};
bool upstream_clearance_holds(const struct clearance *c, const struct fleet *f);
uint64_t upstream_clearance_stamp(const struct clearance *c);

// --- tries ---------------------------------------------------------------------------------------

struct upstream;
struct upstream *upstream_new(struct net_loop *l, const struct fleet *f, struct upstream_health *h,
                              const struct upstream_settings *s, struct metrics *m);
void upstream_free(struct upstream *u);

// Events of one try, in this order; on_end always comes last and exactly once, unless it was
// cancelled.
struct upstream_events {
    void (*on_head)(void *arg, const struct http_head *head); // lent
    void (*on_body)(void *arg, str bytes);                    // lent
    void (*on_read_end)(void *arg); // all of the body that one read brought was given; may be NULL
    void (*on_end)(void *arg, enum err e); // OK: the answer is whole
};
struct upstream_request {
    const struct clearance *clearance;
    const char *path; // below the target's base URL: "/chat/completions"
    const str *body;  // 20 slices at most, lent until on_head or on_end
    unsigned body_count;
    size_t body_bytes;
    const struct http_head *client; // headers to forward (filtered), may be NULL
    str accept;                     // Accept header
    struct try *try;                // filled with times, status, reuse
};
struct upstream_try;
// Starts: takes a pooled connection or opens one. A kept connection that the target had closed
// before any byte of the answer is replaced by a fresh one without a word. Never calls back from
// inside.
struct upstream_try *upstream_try(struct upstream *u, const struct upstream_request *r,
                                  const struct upstream_events *e, void *arg);
void upstream_cancel(struct upstream_try *t); // closes the connection at once; no more events
void upstream_pause(struct upstream_try *t);  // back-pressure from the client
void upstream_resume(struct upstream_try *t);

// --- discovery and engines -----------------------------------------------------------------------

// Looks for engines on loopback (presets with ports) and keys in the environment; adds a target for
// each model found to `f` (its arrays in the arena, TARGET_MAX at most). Blocks at most wait_ms.
// Only at start.
struct upstream_found {
    char what[128]; // "ollama on 127.0.0.1:11434: qwen3:8b", for people
};
size_t upstream_discover(struct arena *a, const char *(*env)(const char *), int64_t wait_ms,
                         struct fleet *f, struct upstream_found *ret_found); // TARGET_MAX rows

// Engines log (room "upstream"): nobody calls them who could be told.
// An engine that weir starts itself: any command line that serves HTTP.
struct engine_config {
    str name;
    char **argv;     // NULL-ended; {port} is replaced
    char **env;      // NULL-ended NAME=value, or NULL
    str health_url;  // http://127.0.0.1:PORT/health
    str log_path;    // empty: discarded
    unsigned target; // whose health follows it
    int64_t start_timeout_ms;
};
struct engines;
// Starts all, waits for their health in the background, restarts what dies (1 s, doubling to 60 s).
struct engines *upstream_engines_new(struct net_loop *l, const struct engine_config *rows,
                                     size_t count, struct upstream_health *h);
// Ends the children (TERM, then KILL after 5 s) and waits for them, running the loop meanwhile.
void upstream_engines_free(struct engines *e);
// All that the child is started with is the same.
bool upstream_engine_same(const struct engine_config *a, const struct engine_config *b);
// The same engines as another configuration has them: its rows, targets and health from here on.
void upstream_engines_follow(struct engines *e, const struct engine_config *rows,
                             struct upstream_health *h);
// Asks local targets that are not up for their health, every probe_every. On one loop only.
struct probes;
struct probes *upstream_probes_new(struct net_loop *l, const struct fleet *f,
                                   struct upstream_health *h, const struct upstream_settings *s);
void upstream_probes_free(struct probes *p);
#endif
