// loop_test.c: deadlines in their order, posts from other threads, tickers, signals.
#include "net/rig_test.h"
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

// --- the end of a turn ---------------------------------------------------------------------------

struct turner {
    struct net_turn t;
    struct rig *rig;
    struct turner *next; // asked for inside of its own
    int ran, order;
};
static int turns_so_far;

static void turn_ended(struct net_turn *t)
{
    struct turner *a = container_of(t, struct turner, t);
    a->ran++;
    a->order = ++turns_so_far;
    if (a->next)
        net_turn_end(a->rig->loop, &a->next->t);
    else
        net_loop_stop(a->rig->loop);
}

static void ask_for_turns(void *arg)
{
    struct turner *all = arg; // first, second, dropped
    int before = turns_so_far;
    net_turn_end(all[0].rig->loop, &all[0].t);
    net_turn_end(all[0].rig->loop, &all[2].t);
    net_turn_end(all[0].rig->loop, &all[0].t); // once is enough
    net_turn_forget(&all[2].t);
    CHECK(turns_so_far == before); // never from inside
}

TEST(what_waits_for_the_end_of_a_turn_runs_once_and_in_order)
{
    struct rig r;
    struct turner all[3] = {{.rig = &r, .next = &all[1]}, {.rig = &r}, {.rig = &r}};
    rig_init(&r);
    for (size_t i = 0; i < countof(all); i++)
        net_turn_init(&all[i].t, turn_ended);
    for (int posted = 0; posted < 2; posted++) { // from outside of the loop, and within it
        turns_so_far = 0;
        if (posted)
            net_loop_post(r.loop, ask_for_turns, all);
        else
            ask_for_turns(all);
        rig_run(&r);
        CHECK(all[0].ran == posted + 1 && all[0].order == 1);
        CHECK(all[1].ran == posted + 1 && all[1].order == 2 && all[2].ran == 0);
    }
    rig_done(&r);
}

// --- deadlines -----------------------------------------------------------------------------------

struct alarm {
    struct net_deadline d;
    struct rig *rig;
    int fired, order;
    int64_t at_us;
};
static int fired_so_far;

static void fire(struct net_deadline *d)
{
    struct alarm *a = container_of(d, struct alarm, d);
    CHECK(!net_deadline_armed(d));
    a->fired++;
    a->order = ++fired_so_far;
    a->at_us = net_now_us(a->rig->loop);
}

static void fire_and_stop(struct net_deadline *d)
{
    fire(d);
    net_loop_stop(container_of(d, struct alarm, d)->rig->loop);
}

TEST(deadlines_fire_once_in_their_order_and_not_early)
{
    struct rig r;
    struct net_deadlines shorter, longer;
    struct alarm a = {.rig = &r}, b = {.rig = &r}, c = {.rig = &r}, never = {.rig = &r};
    rig_init(&r);
    fired_so_far = 0;
    net_deadlines_init(&longer, r.loop, 40);
    net_deadlines_init(&shorter, r.loop, 10);
    net_deadline_init(&a.d, fire);
    net_deadline_init(&b.d, fire);
    net_deadline_init(&c.d, fire_and_stop);
    net_deadline_init(&never.d, fire);
    int64_t begin = net_now_us(r.loop);
    net_deadline_arm(&longer, &c.d);
    net_deadline_arm(&shorter, &a.d);
    net_deadline_arm(&shorter, &never.d);
    net_deadline_arm(&shorter, &b.d);
    CHECK(net_deadline_armed(&a.d));
    net_deadline_disarm(&never.d);
    net_deadline_disarm(&never.d);    // fine when not armed
    net_deadline_arm(&shorter, &a.d); // starts anew, behind b
    rig_run(&r);
    CHECK(b.order == 1 && a.order == 2 && c.order == 3 && never.fired == 0);
    CHECK(a.fired == 1 && a.at_us - begin >= 10000 && c.at_us - begin >= 40000);
    net_deadlines_done(&shorter);
    net_deadlines_done(&longer);
    rig_done(&r);
}

struct ender {
    struct net_deadline d;
    struct net_deadlines *queues[2]; // ended by it
    struct rig *rig;
};

static void end_queues(struct net_deadline *d)
{
    struct ender *e = container_of(d, struct ender, d);
    for (size_t i = 0; i < countof(e->queues); i++) {
        net_deadlines_done(e->queues[i]);
        mem_free(e->queues[i]);
    }
    net_loop_stop(e->rig->loop);
}

TEST(a_deadline_may_end_its_own_queue_and_the_next)
{
    struct rig r;
    struct ender e = {.rig = &r};
    struct alarm same = {.rig = &r}, other = {.rig = &r};
    rig_init(&r);
    for (size_t i = 0; i < countof(e.queues); i++) {
        e.queues[i] = mem_new(sizeof *e.queues[i]);
        net_deadlines_init(e.queues[i], r.loop, 5);
    }
    net_deadline_init(&e.d, end_queues);
    net_deadline_init(&same.d, fire);
    net_deadline_init(&other.d, fire);
    net_deadline_arm(e.queues[0], &e.d);
    net_deadline_arm(e.queues[0], &same.d);
    net_deadline_arm(e.queues[1], &other.d);
    rig_run(&r);
    CHECK(same.fired == 0 && other.fired == 0 && !net_deadline_armed(&other.d));
    rig_done(&r);
}

static void arm_again(struct net_deadline *d)
{
    struct alarm *a = container_of(d, struct alarm, d);
    struct net_deadlines *q = a->rig->arg;
    if (++a->fired == 5)
        net_loop_stop(a->rig->loop);
    net_deadline_arm(q, d);
}

TEST(a_deadline_of_no_length_may_arm_itself_again)
{
    struct rig r;
    struct net_deadlines q;
    struct alarm a = {.rig = &r};
    rig_init(&r);
    r.arg = &q;
    net_deadlines_init(&q, r.loop, 0);
    net_deadline_init(&a.d, arm_again);
    net_deadline_arm(&q, &a.d);
    rig_run(&r);
    CHECK(a.fired >= 5);
    net_deadlines_done(&q);
    rig_done(&r);
}

TEST(a_loop_sleeps_while_no_deadline_is_near)
{
    struct rig r;
    struct net_deadlines longer, shorter;
    struct alarm far = {.rig = &r}, near = {.rig = &r};
    struct rusage before, after;
    rig_init(&r);
    net_deadlines_init(&longer, r.loop, 5000);
    net_deadlines_init(&shorter, r.loop, 400);
    net_deadline_init(&far.d, fire);
    net_deadline_init(&near.d, fire_and_stop);
    net_deadline_arm(&longer, &far.d);
    net_deadline_arm(&shorter, &near.d);
    getrusage(RUSAGE_THREAD, &before);
    rig_run(&r);
    getrusage(RUSAGE_THREAD, &after);
    CHECK(after.ru_nvcsw - before.ru_nvcsw < 5); // every 50 ms would be 8
    CHECK(near.fired == 1 && far.fired == 0);
    net_deadlines_done(&longer);
    net_deadlines_done(&shorter);
    rig_done(&r);
}

TEST(a_disarmed_head_does_not_hide_who_is_behind_it)
{
    struct rig r;
    struct net_deadlines q, longer;
    struct alarm first = {.rig = &r}, second = {.rig = &r}, last = {.rig = &r};
    rig_init(&r);
    net_deadlines_init(&q, r.loop, 10);
    net_deadlines_init(&longer, r.loop, 30);
    net_deadline_init(&first.d, fire);
    net_deadline_init(&second.d, fire);
    net_deadline_init(&last.d, fire_and_stop);
    net_deadline_arm(&q, &first.d);
    net_deadline_arm(&longer, &last.d);
    net_deadline_arm(&q, &second.d);
    net_deadline_disarm(&first.d);
    rig_run(&r);
    CHECK(first.fired == 0 && second.fired == 1 && last.fired == 1);
    CHECK(!r.late && last.at_us - second.at_us < 1000000);
    net_deadlines_done(&q);
    net_deadlines_done(&longer);
    rig_done(&r);
}

// --- posts ---------------------------------------------------------------------------------------

enum { POSTS = 2000, POSTERS = 3 };
struct posted {
    struct rig *rig;
    pthread_t loop_thread;
    int seen[POSTERS], left;
};
struct poster {
    struct posted *all;
    int index;
};
struct letter {
    struct poster *from;
    int number;
};

static void receive(void *arg)
{
    struct letter *l = arg;
    struct posted *all = l->from->all;
    CHECK(pthread_equal(pthread_self(), all->loop_thread));
    CHECK(all->seen[l->from->index]++ == l->number); // in order, from each thread
    mem_free(l);
    if (--all->left == 0)
        net_loop_stop(all->rig->loop);
}

static void *send_letters(void *arg)
{
    struct poster *p = arg;
    for (int i = 0; i < POSTS; i++) {
        struct letter *l = mem_new(sizeof *l);
        *l = (struct letter){p, i};
        net_loop_post(p->all->rig->loop, receive, l);
    }
    return NULL;
}

TEST(posts_of_many_threads_arrive_on_the_loops_thread_in_order)
{
    struct rig r;
    struct posted all = {.rig = &r, .loop_thread = pthread_self(), .left = POSTS * POSTERS};
    struct poster posters[POSTERS];
    pthread_t threads[POSTERS];
    rig_init(&r);
    for (int i = 0; i < POSTERS; i++) {
        posters[i] = (struct poster){&all, i};
        REQUIRE(pthread_create(&threads[i], NULL, send_letters, &posters[i]) == 0);
    }
    rig_run(&r);
    for (int i = 0; i < POSTERS; i++)
        pthread_join(threads[i], NULL);
    CHECK(all.left == 0);
    rig_done(&r);
}

static void *stop_from_afar(void *arg)
{
    net_loop_stop(arg);
    return NULL;
}

TEST(another_thread_may_stop_a_loop_before_and_while_it_runs)
{
    struct rig r;
    pthread_t thread;
    rig_init(&r);
    for (int i = 0; i < 20; i++) {
        REQUIRE(pthread_create(&thread, NULL, stop_from_afar, r.loop) == 0);
        if (i % 2)
            pthread_join(thread, NULL);
        rig_run(&r);
        if (i % 2 == 0)
            pthread_join(thread, NULL);
    }
    rig_done(&r);
}

static void never(void *arg UNUSED)
{
    CHECK(!"a post that a loop did not come to");
}

TEST(posts_that_a_loop_did_not_come_to_go_with_it)
{
    struct rig r;
    rig_init(&r);
    net_loop_post(r.loop, never, NULL);
    rig_done(&r); // LeakSanitizer looks
}

// --- tickers and signals -------------------------------------------------------------------------

struct ticks {
    struct rig *rig;
    struct net_ticker *ticker;
    int count;
};

static void tick(void *arg)
{
    struct ticks *t = arg;
    if (++t->count < 3)
        return;
    net_ticker_free(t->ticker); // inside its own call
    net_loop_stop(t->rig->loop);
}

TEST(a_ticker_repeats_until_it_is_freed)
{
    struct rig r;
    struct ticks t = {.rig = &r};
    rig_init(&r);
    t.ticker = net_ticker_new(r.loop, 2, tick, &t);
    rig_run(&r);
    CHECK(t.count == 3);
    rig_done(&r);
}

static void on_signal(void *arg, int signo)
{
    struct rig *r = arg;
    CHECK(signo == SIGUSR1);
    r->arg = r;
    net_loop_stop(r->loop);
}

TEST(a_signal_is_heard_on_the_loop)
{
    struct rig r;
    rig_init(&r);
    net_on_signal(r.loop, SIGUSR1, on_signal, &r);
    raise(SIGUSR1);
    CHECK(!r.arg);
    rig_run(&r);
    CHECK(r.arg == &r && net_cpu_count() >= 1);
    rig_done(&r);
}
