// audit.c: the decision log's thread and the workers' side. Workers put records into one queue;
// the thread writes all that is there and synchronises once for all of them, so that the more calls
// wait, the less each costs. Numbered invariants:
// (1) A ticket is answered OK only after its record was synchronised.
// (2) When a batch is refused, its tickets are answered with an error and their records dropped;
//     the others stay, up to the queue's bound, and are written later.
// (3) A writer's tickets are in the order of their records. Of results that a worker has not yet
//     taken one that is bad makes all bad: too careful, never too bold.
#include "audit/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "base/time.h"
#include <stdatomic.h>

enum { RETRY_US = 1000000, WRITTEN = 0, LOST = 1, REFUSED = 2 };

static const struct setting_row setting_rows[] = {
#define SETTING(...) SETTING_ROW(struct audit_settings, __VA_ARGS__),
#include "audit/settings.def"
#undef SETTING
};
const struct conf_table audit_setting_table = {setting_rows, countof(setting_rows), NULL};

struct audit_writer {
    struct audit *audit;
    struct net_loop *loop;
    struct metrics *metrics;
    struct net_deadlines late;
    struct list waiting; // tickets, oldest first
    uint64_t last;       // ticket's number
    struct buf record;   // being made
    // --- under the audit's lock
    struct list at; // audit->writers
    uint64_t done;  // tickets up to this one are answered
    bool bad, told; // told: the loop knows that there is something to take
};

// Of a record in the queue; its bytes follow.
struct entry {
    struct audit_writer *writer; // NULL: nobody waits
    uint64_t ticket;
    size_t n;
};

struct audit {
    const struct audit_settings *settings;
    _Atomic(struct audit_tenants *) tenants; // the newest table, which leads to the older ones
    struct metrics *metrics;
    pthread_t thread;
    atomic_bool failing;
    _Atomic int64_t commit_since_us; // 0: none is under way
    // --- under the lock
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct list writers;
    struct buf queue;
    size_t kept_bytes; // as kept.n
    uint64_t lost;     // not yet said in the log
    unsigned waiters;  // entries in the queue that somebody waits for
    bool stopping;
    // --- the thread's own
    struct audit_file *file;
    struct buf kept; // taken from the queue
    int64_t last_us, checkpoint_us, failing_since_us;
    bool copy_failing;
};

// --- the workers' side ---------------------------------------------------------------------------

static void ended(struct audit_ticket *t, enum err e)
{
    struct audit_writer *w = t->writer;
    if (e != OK)
        metric_add(w->metrics, METRIC_audit_records, REFUSED, 1);
    metric_observe_us(w->metrics, METRIC_audit_wait, net_now_us(w->loop) - t->since_us);
    audit_forget(t);
    t->on_done(t, e);
}

static void take_results(void *arg)
{
    struct audit_writer *w = arg;
    struct audit_ticket *t;
    pthread_mutex_lock(&w->audit->lock);
    uint64_t done = w->done;
    bool bad = w->bad;
    w->told = w->bad = false;
    pthread_mutex_unlock(&w->audit->lock);
    while ((t = list_first(&w->waiting, struct audit_ticket, at)) && t->number <= done)
        ended(t, bad ? ERR_NO_AUDIT : OK);
}

static void on_late(struct net_deadline *d)
{
    ended(container_of(d, struct audit_ticket, late), ERR_NO_AUDIT);
}

void audit_ticket_init(struct audit_ticket *t, void (*on_done)(struct audit_ticket *t, enum err e))
{
    *t = (struct audit_ticket){.on_done = on_done};
    list_init(&t->at);
    net_deadline_init(&t->late, on_late);
}

bool audit_waits(const struct audit_ticket *t)
{
    return !list_empty(&t->at);
}

void audit_forget(struct audit_ticket *t)
{
    list_remove(&t->at);
    net_deadline_disarm(&t->late);
}

struct audit_writer *audit_writer_new(struct audit *a, struct net_loop *l, struct metrics *m)
{
    if (!a)
        return NULL;
    struct audit_writer *w = mem_new(sizeof *w);
    must(l && m);
    w->audit = a;
    w->loop = l;
    w->metrics = m;
    list_init(&w->waiting);
    buf_init(&w->record, AUDIT_LINE_MAX - 256);
    net_deadlines_init(&w->late, l, a->settings->wait);
    pthread_mutex_lock(&a->lock);
    list_push_back(&a->writers, &w->at);
    pthread_mutex_unlock(&a->lock);
    return w;
}

// Of records that still wait to be written nobody is told any more.
static void forget_writer(struct buf *queue, const struct audit_writer *w, unsigned *waiters)
{
    struct entry e;
    for (size_t at = 0; at < queue->n; at += sizeof e + e.n) {
        memcpy(&e, queue->p + at, sizeof e);
        if (e.writer != w)
            continue;
        e.writer = NULL;
        *waiters -= 1;
        memcpy(queue->p + at, &e, sizeof e);
    }
}

void audit_writer_free(struct audit_writer *w)
{
    if (!w)
        return;
    must(list_empty(&w->waiting));
    pthread_mutex_lock(&w->audit->lock);
    list_remove(&w->at);
    forget_writer(&w->audit->queue, w, &w->audit->waiters);
    pthread_mutex_unlock(&w->audit->lock);
    net_deadlines_done(&w->late);
    buf_done(&w->record);
    mem_free(w);
}

// False where the queue has no room for it; that is told in the log where it may get lost.
static bool put_entry(struct audit *a, struct entry e, const struct buf *record, bool may_be_lost)
{
    pthread_mutex_lock(&a->lock);
    bool first = a->queue.n == 0, waits = e.writer != NULL;
    bool room =
        !record->over && a->kept_bytes + a->queue.n + sizeof e + e.n <= (size_t)a->settings->queue;
    if (room) {
        buf_put(&a->queue, str_of((const char *)&e, sizeof e));
        buf_put(&a->queue, buf_str(record));
        must(!a->queue.over);
        a->waiters += waits;
    } else {
        a->lost += may_be_lost;
    }
    bool wake = room && (first || (waits && a->waiters == 1));
    pthread_mutex_unlock(&a->lock);
    if (wake)
        pthread_cond_signal(&a->wake);
    return room;
}

// Hands the record that was made over.
static bool hand_over(struct audit_writer *w, struct audit_ticket *t)
{
    struct entry e = {t ? w : NULL, t ? t->number : 0, w->record.n};
    bool room = put_entry(w->audit, e, &w->record, !t);
    if (!room && !t)
        metric_add(w->metrics, METRIC_audit_records, LOST, 1);
    w->record.over = false;
    buf_clear(&w->record);
    return room;
}

static void code_body(const struct audit *a, struct audit_ticket *t, const struct call *c)
{
    struct audit_hash mac;
    if (t->has_mac)
        return;
    audit_mac(audit_tenants_key(atomic_load_explicit(&a->tenants, memory_order_acquire), c->tenant),
              c->ask.body, &mac);
    memcpy(t->mac, mac.b, sizeof t->mac);
    t->has_mac = true;
}

enum { DIGEST = 17 };

static str policy_of(const struct fleet *f, char room[DIGEST])
{
    snprintf(room, DIGEST, "%016llx", (unsigned long long)f->policy);
    return str_c(room);
}

enum err audit_send(struct audit_writer *w, struct audit_ticket *t, const struct call *c,
                    const struct fleet *f, unsigned target)
{
    if (!w)
        return OK;
    const struct audit *a = w->audit;
    struct audit_hash mac;
    char digest[DIGEST];
    must(!audit_waits(t) && target < f->target_count);
    bool local = f->zones[f->targets[target].zone].local;
    if (!local && audit_failing(a)) {
        metric_add(w->metrics, METRIC_audit_records, REFUSED, 1);
        return ERR_NO_AUDIT;
    }
    code_body(a, t, c);
    memcpy(mac.b, t->mac, sizeof mac.b);
    struct audit_sending s = {c, f, target, c->try_count + 1, &mac, policy_of(f, digest)};
    audit_put_send(&w->record, &s, time_wall_us());
    if (local) {
        (void)hand_over(w, NULL); // lost: counted
        return OK;
    }
    t->writer = w;
    t->number = w->last + 1;
    t->since_us = net_now_us(w->loop);
    if (!hand_over(w, t)) {
        metric_add(w->metrics, METRIC_audit_records, REFUSED, 1);
        return ERR_NO_AUDIT;
    }
    w->last++;
    list_push_back(&w->waiting, &t->at);
    net_deadline_arm(&w->late, &t->late);
    return OK;
}

void audit_end(struct audit_writer *w, const struct call *c, const struct fleet *f)
{
    char digest[DIGEST];
    if (!w)
        return;
    audit_put_end(&w->record, c, f, policy_of(f, digest));
    (void)hand_over(w, NULL);
}

bool audit_lowered(struct audit *a, const struct audit_lowering *w)
{
    struct buf record;
    if (!a)
        return true;
    buf_init(&record, 4096);
    audit_put_lower(&record, w);
    bool room = put_entry(a, (struct entry){NULL, 0, record.n}, &record, false);
    buf_done(&record);
    return room;
}

bool audit_failing(const struct audit *a)
{
    if (!a)
        return false;
    int64_t since_us = atomic_load_explicit(&a->commit_since_us, memory_order_relaxed);
    if (since_us && time_mono_us() - since_us > a->settings->wait * 1000)
        return true; // the disk hangs
    return atomic_load_explicit(&a->failing, memory_order_relaxed);
}

// --- the thread ----------------------------------------------------------------------------------

// With the lock held: until there is something to do, or an end to make.
static void wait_for_work(struct audit *a)
{
    while (!a->stopping) {
        bool failing = atomic_load(&a->failing), work = a->queue.n || a->kept.n || failing;
        int64_t due_us = a->last_us + (failing ? RETRY_US : a->settings->batch * 1000);
        bool sign = audit_file_is_unsigned(a->file);
        if (a->waiters && !failing)
            return;
        if (!work && sign)
            due_us = a->checkpoint_us + a->settings->checkpoint * 1000;
        if ((work || sign) && time_mono_us() >= due_us)
            return;
        struct timespec t = {due_us / 1000000, due_us % 1000000 * 1000};
        if (work || sign)
            pthread_cond_timedwait(&a->wake, &a->lock, &t);
        else
            pthread_cond_wait(&a->wake, &a->lock);
    }
}

// With the lock held: what came joins what was kept.
static void take_queue(struct audit *a)
{
    if (a->kept.n == 0) {
        struct buf empty = a->kept;
        a->kept = a->queue;
        a->queue = empty;
    } else {
        buf_put(&a->kept, buf_str(&a->queue));
        buf_clear(&a->queue);
    }
    must(!a->kept.over);
    a->kept_bytes = a->kept.n;
    a->waiters = 0;
}

static unsigned put_all(struct audit *a, uint64_t lost)
{
    struct entry e;
    struct buf rest;
    unsigned count = 0;
    if (lost || atomic_load(&a->failing)) {
        buf_init(&rest, 4096);
        audit_put_gap(&rest, lost, time_wall_us());
        audit_file_put(a->file, buf_str(&rest));
        buf_done(&rest);
        count++;
    }
    for (size_t at = 0; at < a->kept.n; at += sizeof e + e.n, count++) {
        memcpy(&e, a->kept.p + at, sizeof e);
        must(at + sizeof e + e.n <= a->kept.n);
        audit_file_put(a->file, str_of(a->kept.p + at + sizeof e, e.n));
    }
    return count;
}

static bool is_known(const struct audit *a, const struct audit_writer *w)
{
    list_each(known, &a->writers, struct audit_writer, at)
    {
        if (known == w)
            return true;
    }
    return false;
}

// With the lock held: everyone who waited is told; what was written, or waited for, goes.
static void settle(struct audit *a, bool good)
{
    struct entry e;
    size_t to = 0;
    for (size_t at = 0, n; at < a->kept.n; at += n) {
        memcpy(&e, a->kept.p + at, sizeof e);
        n = sizeof e + e.n;
        struct audit_writer *w = e.writer;
        if (w && is_known(a, w)) {
            must(e.ticket > w->done);
            w->done = e.ticket;
            w->bad |= !good;
            if (!w->told)
                net_loop_post(w->loop, take_results, w);
            w->told = true;
        }
        if (good || w)
            continue;
        memmove(a->kept.p + to, a->kept.p + at, n);
        to += n;
    }
    a->kept.n = to;
    a->kept_bytes = to;
}

static void now_refused(struct audit *a, const char *why)
{
    if (atomic_exchange(&a->failing, true))
        return;
    a->failing_since_us = time_mono_us();
    metric_set(a->metrics, METRIC_audit_failing, 0, 1);
    log_error("audit", "%s; local targets serve, nothing is sent to other zones", why);
}

static void now_taken(struct audit *a)
{
    if (!atomic_exchange(&a->failing, false))
        return;
    metric_set(a->metrics, METRIC_audit_failing, 0, 0);
    log_warn("audit", "writing again after %lld s",
             (long long)((time_mono_us() - a->failing_since_us) / 1000000));
}

static void sign(struct audit *a)
{
    char why[AUDIT_WHY] = "";
    bool good = audit_file_checkpoint(a->file, why);
    a->checkpoint_us = time_mono_us();
    if (good != a->copy_failing)
        return;
    a->copy_failing = !good;
    metric_set(a->metrics, METRIC_audit_copy_failing, 0, !good);
    if (good)
        log_warn("audit", "checkpoints are written again");
    else
        log_error("audit", "%s; records are written, checkpoints are not", why);
}

// One batch, of which no lock is held.
static bool write_kept(struct audit *a, uint64_t lost)
{
    char why[AUDIT_WHY] = "";
    atomic_store(&a->commit_since_us, time_mono_us());
    unsigned count = put_all(a, lost);
    bool good = count == 0 || audit_file_commit(a->file, why);
    atomic_store(&a->commit_since_us, 0);
    a->last_us = time_mono_us();
    if (good && count)
        metric_add(a->metrics, METRIC_audit_records, WRITTEN, count);
    if (good)
        now_taken(a);
    else
        now_refused(a, why);
    if (good && audit_file_is_unsigned(a->file) &&
        a->last_us >= a->checkpoint_us + a->settings->checkpoint * 1000)
        sign(a);
    return good;
}

static void *thread_main(void *arg)
{
    struct audit *a = arg;
    bool last = false;
    pthread_mutex_lock(&a->lock);
    while (!last) {
        wait_for_work(a);
        last = a->stopping;
        take_queue(a);
        uint64_t lost = a->lost;
        pthread_mutex_unlock(&a->lock);
        bool good = write_kept(a, lost);
        pthread_mutex_lock(&a->lock);
        if (good)
            a->lost -= lost;
        settle(a, good);
    }
    pthread_mutex_unlock(&a->lock);
    if (a->kept.n)
        log_error("audit", "%zu bytes of records are lost: the disk refused them to the end",
                  a->kept.n);
    return NULL;
}

// --- life ----------------------------------------------------------------------------------------

static void free_audit(struct audit *a)
{
    if (a->file)
        audit_file_close(a->file);
    audit_tenants_free(a->tenants);
    buf_done(&a->queue);
    buf_done(&a->kept);
    pthread_cond_destroy(&a->wake);
    pthread_mutex_destroy(&a->lock);
    mem_free(a);
}

uint64_t audit_digest(str policy)
{
    struct audit_hash h;
    uint64_t digest = 0;
    audit_sha256(&policy, 1, &h);
    for (unsigned i = 0; i < sizeof digest; i++)
        digest = digest << 8 | h.b[i];
    return digest;
}

// The log's first word: which policy decides from here on. It and a first checkpoint show while
// somebody looks that both places can be written.
static enum err say_policy(struct audit *a, str policy, char why[256])
{
    struct buf rest;
    buf_init(&rest, AUDIT_LINE_MAX);
    audit_put_policy(&rest, true, policy, time_wall_us());
    audit_file_put(a->file, buf_str(&rest));
    buf_done(&rest);
    bool good = audit_file_commit(a->file, why) && audit_file_checkpoint(a->file, why);
    a->last_us = a->checkpoint_us = time_mono_us();
    return good ? OK : ERR_BAD_FILE;
}

enum err audit_tenants(struct audit *a, const struct tenants *t, char ret_why[256])
{
    if (!a)
        return OK;
    struct audit_tenants *k = atomic_load_explicit(&a->tenants, memory_order_relaxed);
    enum err e = audit_tenants_load(a->settings->path, t, &k, ret_why);
    if (e == OK)
        atomic_store_explicit(&a->tenants, k, memory_order_release);
    return e;
}

bool audit_policy(struct audit *a, str policy)
{
    struct buf rest;
    if (!a)
        return true;
    buf_init(&rest, AUDIT_LINE_MAX);
    audit_put_policy(&rest, false, policy, time_wall_us());
    bool room = put_entry(a, (struct entry){.n = rest.n}, &rest, false);
    buf_done(&rest);
    return room;
}

enum err audit_open(const struct audit_start *s, struct audit **ret_audit, char ret_why[256])
{
    if (s->settings->path.n == 0) {
        *ret_audit = NULL;
        return OK;
    }
    struct audit *a = mem_new(sizeof *a);
    thread_lock_init(&a->lock, &a->wake);
    a->settings = s->settings;
    list_init(&a->writers);
    buf_init(&a->queue, (size_t)s->settings->queue);
    buf_init(&a->kept, (size_t)s->settings->queue);
    enum err e = audit_file_open(s->settings, &a->file, ret_why);
    if (e == OK)
        e = audit_tenants(a, s->tenants, ret_why);
    if (e == OK)
        e = say_policy(a, s->policy, ret_why);
    if (e != OK) {
        free_audit(a);
        return e;
    }
    a->metrics = metrics_new();
    thread_start(&a->thread, thread_main, a);
    *ret_audit = a;
    return OK;
}

void audit_close(struct audit *a)
{
    if (!a)
        return;
    pthread_mutex_lock(&a->lock);
    must(list_empty(&a->writers) && !a->stopping);
    a->stopping = true;
    pthread_mutex_unlock(&a->lock);
    pthread_cond_signal(&a->wake);
    pthread_join(a->thread, NULL);
    metric_set(a->metrics, METRIC_audit_failing, 0, 0);
    metric_set(a->metrics, METRIC_audit_copy_failing, 0, 0);
    free_audit(a);
}
