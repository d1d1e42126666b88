// loop.c: the event loop of one worker, posts from other threads, deadlines, tickers, signals.
// Invariants: (1) all but net_loop_post and net_loop_stop happens on the loop's thread; (2) a
// deadline queue is in order of time, as all of its deadlines are equally long; (3) the deadline
// timer runs no later than any armed deadline asks for. It may run earlier: disarming leaves it
// alone, and it sets itself anew.
#include "net/inner.h"
#include <sched.h>
#include <signal.h>

static const struct setting_row setting_rows[] = {
#define SETTING(...) SETTING_ROW(struct net_settings, __VA_ARGS__),
#include "net/settings.def"
#undef SETTING
};
enum { GRAIN_MS_MAX = 32 }; // a power of two, as each grain

const struct conf_table net_setting_table = {setting_rows, countof(setting_rows), NULL};

// --- deadlines -----------------------------------------------------------------------------------

// The deadlines' clock is the loop's: it stands still for a turn and counts milliseconds.
static int64_t now_ms(const struct net_loop *l)
{
    return (int64_t)uv_now(&l->uv);
}

// When the timer must look for this deadline. Rounded up, so that idle connections by the thousand
// do not wake the loop each on its own.
static int64_t look_ms(const struct net_deadlines *q, const struct net_deadline *d)
{
    return (d->due_ms + q->grain_ms - 1) & -q->grain_ms;
}

static void look_at(struct net_loop *l, int64_t at_ms, uv_timer_cb on_tick)
{
    int64_t now = now_ms(l);
    l->tick_ms = at_ms;
    must(uv_timer_start(&l->tick, on_tick, at_ms > now ? (uint64_t)(at_ms - now) : 0, 0) == 0);
}

static void look_again(struct net_loop *l, uv_timer_cb on_tick)
{
    int64_t next = INT64_MAX;
    list_each(q, &l->deadline_queues, struct net_deadlines, all)
    {
        struct net_deadline *d = list_first(&q->queue, struct net_deadline, at);
        if (d && look_ms(q, d) < next)
            next = look_ms(q, d);
    }
    if (next != INT64_MAX)
        look_at(l, next, on_tick);
}

// A deadline's fn may arm and disarm others, make queues and end them.
static void on_tick(uv_timer_t *t)
{
    struct net_loop *l = t->data;
    int64_t now = now_ms(l);
    l->tick_ms = 0; // what is armed meanwhile is looked at below
    l->tick_next = l->deadline_queues.next;
    while (l->tick_next != &l->deadline_queues) {
        struct net_deadlines *q = container_of(l->tick_next, struct net_deadlines, all);
        struct net_deadline *d;
        l->tick_now = q;
        l->tick_next = q->all.next;
        while (l->tick_now && (d = list_first(&q->queue, struct net_deadline, at)) &&
               d->due_ms <= now) {
            list_remove(&d->at);
            d->fn(d);
        }
    }
    l->tick_now = NULL;
    l->tick_ms = INT64_MAX;
    look_again(l, on_tick);
}

void net_deadlines_init(struct net_deadlines *q, struct net_loop *l, int64_t after_ms)
{
    must(after_ms >= 0);
    list_init(&q->queue);
    q->after_ms = after_ms;
    q->grain_ms = 1;
    while (q->grain_ms < GRAIN_MS_MAX && q->grain_ms * 2 <= after_ms / 8)
        q->grain_ms *= 2;
    q->loop = l;
    list_push_back(&l->deadline_queues, &q->all);
}

void net_deadlines_done(struct net_deadlines *q)
{
    list_each(d, &q->queue, struct net_deadline, at) list_remove(&d->at);
    if (q->loop->tick_next == &q->all)
        q->loop->tick_next = q->all.next;
    if (q->loop->tick_now == q)
        q->loop->tick_now = NULL;
    list_remove(&q->all);
}

void net_deadline_init(struct net_deadline *d, void (*fn)(struct net_deadline *))
{
    list_init(&d->at);
    d->due_ms = 0;
    d->fn = fn;
}

void net_deadline_arm(struct net_deadlines *q, struct net_deadline *d)
{
    must(d->fn);
    list_remove(&d->at);
    d->due_ms = now_ms(q->loop) + 1 + q->after_ms;
    list_push_back(&q->queue, &d->at);
    int64_t at_ms = look_ms(q, d);
    if (at_ms < q->loop->tick_ms)
        look_at(q->loop, at_ms, on_tick);
}

void net_deadline_disarm(struct net_deadline *d)
{
    list_remove(&d->at);
}

struct own_queue {
    struct list at;
    struct net_deadlines q;
};

struct net_deadlines *loop_deadlines(struct net_loop *l, int64_t after_ms)
{
    list_each(o, &l->own_queues, struct own_queue, at)
    {
        if (o->q.after_ms == after_ms)
            return &o->q;
    }
    struct own_queue *o = mem_new(sizeof *o);
    net_deadlines_init(&o->q, l, after_ms);
    list_push_back(&l->own_queues, &o->at);
    return &o->q;
}

static void free_own_queues(struct net_loop *l)
{
    list_each(o, &l->own_queues, struct own_queue, at)
    {
        net_deadlines_done(&o->q);
        list_remove(&o->at);
        mem_free(o);
    }
}

// --- life and posts ------------------------------------------------------------------------------

static void on_wake(uv_async_t *a)
{
    struct net_loop *l = a->data;
    pthread_mutex_lock(&l->lock);
    struct post *p = l->posts;
    bool stopping = l->stopping;
    l->posts = NULL;
    l->posts_tail = &l->posts;
    pthread_mutex_unlock(&l->lock);
    while (p) {
        struct post *next = p->next;
        p->fn(p->arg);
        mem_free(p);
        p = next;
    }
    sock_tell_late(l);
    if (stopping)
        uv_stop(&l->uv);
}

void loop_wake(struct net_loop *l)
{
    uv_async_send(&l->wake);
}

static void run_turns(struct net_loop *l)
{
    struct net_turn *t;
    while ((t = list_first(&l->turns, struct net_turn, at)) != NULL) {
        list_remove(&t->at);
        t->fn(t);
    }
}

static void on_turn_end(uv_check_t *c)
{
    run_turns(c->data);
}

static void on_turn_begin(uv_prepare_t *p)
{
    run_turns(p->data);
}

void net_turn_init(struct net_turn *t, void (*fn)(struct net_turn *))
{
    list_init(&t->at);
    t->fn = fn;
}

void net_turn_end(struct net_loop *l, struct net_turn *t)
{
    list_remove(&t->at);
    list_push_back(&l->turns, &t->at);
}

void net_turn_forget(struct net_turn *t)
{
    list_remove(&t->at);
}

struct net_loop *net_loop_new(const struct net_settings *s)
{
    struct net_loop *l = mem_new(sizeof *l);
    must(s && uv_loop_init(&l->uv) == 0);
    must(uv_async_init(&l->uv, &l->wake, on_wake) == 0);
    must(uv_timer_init(&l->uv, &l->tick) == 0);
    pthread_mutex_init(&l->lock, NULL);
    l->wake.data = l->tick.data = l;
    l->posts_tail = &l->posts;
    l->settings = s;
    l->read_buf = mem_resize(NULL, READ_BYTES);
    list_init(&l->deadline_queues);
    list_init(&l->own_queues);
    list_init(&l->socks);
    list_init(&l->late);
    list_init(&l->dns);
    l->tick_ms = INT64_MAX;
    list_init(&l->turns);
    must(uv_check_init(&l->uv, &l->turn_end) == 0 && uv_prepare_init(&l->uv, &l->turn_begin) == 0);
    l->turn_end.data = l->turn_begin.data = l;
    must(uv_check_start(&l->turn_end, on_turn_end) == 0);
    must(uv_prepare_start(&l->turn_begin, on_turn_begin) == 0);
    uv_unref((uv_handle_t *)&l->turn_end);
    uv_unref((uv_handle_t *)&l->turn_begin);
    signal(SIGPIPE, SIG_IGN); // a peer that left is an error of the write, not the process's end
    return l;
}

static void free_handle_data(uv_handle_t *h)
{
    mem_free(h->data);
}

// What was left open: tickers, signals, listeners, children. Each handle's data is its own struct.
static void close_handle(uv_handle_t *h, void *loop)
{
    struct net_loop *l = loop;
    bool own = h == (uv_handle_t *)&l->wake || h == (uv_handle_t *)&l->tick ||
               h == (uv_handle_t *)&l->turn_end || h == (uv_handle_t *)&l->turn_begin;
    if (!uv_is_closing(h))
        uv_close(h, own ? NULL : free_handle_data);
}

void net_loop_free(struct net_loop *l)
{
    if (!l)
        return;
    sock_close_all(l);
    dns_free(l);
    uv_walk(&l->uv, close_handle, l);
    uv_run(&l->uv, UV_RUN_DEFAULT); // their callbacks, and lookups that are under way
    sock_tell_late(l);
    must(list_empty(&l->socks) && list_empty(&l->late));
    must(uv_loop_close(&l->uv) == 0);
    free_own_queues(l);
    tls_context_free(l->tls);
    while (l->posts) {
        struct post *p = l->posts;
        l->posts = p->next;
        mem_free(p);
    }
    pthread_mutex_destroy(&l->lock);
    mem_free(l->read_buf);
    mem_free(l);
}

void net_loop_run(struct net_loop *l)
{
    uv_run(&l->uv, UV_RUN_DEFAULT);
    pthread_mutex_lock(&l->lock);
    l->stopping = false;
    pthread_mutex_unlock(&l->lock);
}

void net_loop_stop(struct net_loop *l)
{
    pthread_mutex_lock(&l->lock);
    l->stopping = true;
    pthread_mutex_unlock(&l->lock);
    uv_async_send(&l->wake);
}

void net_loop_post(struct net_loop *l, void (*fn)(void *arg), void *arg)
{
    struct post *p = mem_new(sizeof *p);
    must(fn);
    p->fn = fn;
    p->arg = arg;
    pthread_mutex_lock(&l->lock);
    *l->posts_tail = p;
    l->posts_tail = &p->next;
    pthread_mutex_unlock(&l->lock);
    uv_async_send(&l->wake);
}

int64_t net_now_us(const struct net_loop *l)
{
    (void)l;
    return (int64_t)(uv_hrtime() / 1000);
}

unsigned net_cpu_count(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    int n = CPU_COUNT(&set);
    return n > 0 ? (unsigned)n : 1;
}

// --- tickers and signals -------------------------------------------------------------------------

struct net_ticker {
    uv_timer_t uv;
    void (*fn)(void *arg);
    void *arg;
};

static void on_ticker(uv_timer_t *t)
{
    struct net_ticker *k = t->data;
    k->fn(k->arg);
}

struct net_ticker *net_ticker_new(struct net_loop *l, int64_t every_ms, void (*fn)(void *arg),
                                  void *arg)
{
    struct net_ticker *k = mem_new(sizeof *k);
    must(every_ms > 0 && fn);
    k->fn = fn;
    k->arg = arg;
    must(uv_timer_init(&l->uv, &k->uv) == 0);
    k->uv.data = k;
    must(uv_timer_start(&k->uv, on_ticker, (uint64_t)every_ms, (uint64_t)every_ms) == 0);
    return k;
}

void net_ticker_free(struct net_ticker *t)
{
    if (t)
        uv_close((uv_handle_t *)&t->uv, free_handle_data);
}

struct watched_signal {
    uv_signal_t uv;
    void (*fn)(void *arg, int signo);
    void *arg;
};

static void on_uv_signal(uv_signal_t *s, int signo)
{
    struct watched_signal *w = s->data;
    w->fn(w->arg, signo);
}

void net_on_signal(struct net_loop *l, int signo, void (*fn)(void *arg, int signo), void *arg)
{
    struct watched_signal *w = mem_new(sizeof *w);
    must(fn);
    w->fn = fn;
    w->arg = arg;
    must(uv_signal_init(&l->uv, &w->uv) == 0);
    w->uv.data = w;
    must(uv_signal_start(&w->uv, on_uv_signal, signo) == 0);
}
