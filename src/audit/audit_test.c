// audit_test.c: the decision log's thread and files, with a real loop: nobody is told before the
// record is on the disk, and whatever happens to the file, what is there holds.
#include "audit/file.h"
#include "audit/sample_test.h"
#include "tests/unit.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

struct world {
    struct sample *s;
    struct audit_settings settings;
    char folder[96];
    struct net_settings net;
    struct net_loop *loop;
    struct metrics *metrics;
    struct audit *audit;
    struct audit_writer *writer;
    struct tenant tenant;
    struct tenants tenants;
};

static struct world *world_now; // for callbacks, which know their ticket only

static struct world *world_new(void)
{
    struct world *w = mem_new(sizeof *w);
    w->s = sample_new();
    snprintf(w->folder, sizeof w->folder, "%s/audit", w->s->folder);
    conf_defaults(&w->settings, &audit_setting_table);
    conf_defaults(&w->net, &net_setting_table);
    w->settings.path = str_c(w->folder);
    w->settings.batch = 5;
    w->tenant = (struct tenant){.name = S("acme")};
    w->tenants = (struct tenants){.rows = &w->tenant, .count = 1};
    w->loop = net_loop_new(&w->net);
    w->metrics = metrics_new();
    world_now = w;
    return w;
}

static enum err world_open(struct world *w, char why[256])
{
    struct audit_start start = {&w->settings, &w->tenants, S("{\"a\":1}")};
    enum err e = audit_open(&start, &w->audit, why);
    if (e == OK)
        w->writer = audit_writer_new(w->audit, w->loop, w->metrics);
    return e;
}

static void world_close(struct world *w)
{
    audit_writer_free(w->writer);
    audit_close(w->audit);
    w->writer = NULL;
    w->audit = NULL;
}

static void remove_all(const char *path)
{
    char inside[512];
    DIR *d = opendir(path);
    const struct dirent *e;
    while (d && (e = readdir(d)))
        if (e->d_name[0] != '.') {
            snprintf(inside, sizeof inside, "%s/%s", path, e->d_name);
            if (unlink(inside) != 0)
                remove_all(inside);
        }
    if (d)
        closedir(d);
    rmdir(path);
}

static void world_free(struct world *w)
{
    if (w->writer)
        world_close(w);
    net_loop_free(w->loop);
    remove_all(w->folder);
    sample_free(w->s);
    mem_free(w);
}

static struct audit_report check(const struct world *w)
{
    struct audit_report r;
    struct audit_question q = {.path = w->settings.path, .to_us = INT64_MAX};
    audit_check(&q, &r);
    return r;
}

struct waiting {
    struct audit_ticket ticket;
    enum err e;
    bool done;
    uint64_t away; // recorded by then
};

static void on_done(struct audit_ticket *t, enum err e)
{
    struct waiting *at = container_of(t, struct waiting, ticket);
    at->e = e;
    at->done = true;
    at->away = check(world_now).away[LABEL_INTERNAL];
    net_loop_stop(world_now->loop);
}

static struct waiting waiting_new(void)
{
    struct waiting at = {.done = false};
    return at;
}

TEST(a_call_to_the_cloud_waits_until_its_record_is_in_the_file)
{
    struct world *w = world_new();
    struct waiting far = waiting_new(), near = waiting_new();
    char why[256] = "";
    REQUIRE(world_open(w, why) == OK);
    audit_ticket_init(&far.ticket, on_done);
    audit_ticket_init(&near.ticket, on_done);
    REQUIRE(audit_send(w->writer, &near.ticket, &w->s->call, &w->s->fleet, 0) == OK);
    CHECK(!audit_waits(&near.ticket)); // local: it waits for nothing
    REQUIRE(audit_send(w->writer, &far.ticket, &w->s->call, &w->s->fleet, 1) == OK);
    CHECK(audit_waits(&far.ticket) && !far.done);
    net_loop_run(w->loop);
    CHECK(far.done && far.e == OK && far.away == 1 && !audit_waits(&far.ticket));
    world_close(w);
    struct audit_report r = check(w);
    CHECK(r.whole && r.local[LABEL_INTERNAL] == 1 && r.is_signed == r.records && r.records == 4);
    world_free(w);
}

TEST(a_call_that_is_over_is_told_nothing)
{
    struct world *w = world_new();
    struct waiting gone = waiting_new(), stays = waiting_new();
    char why[256] = "";
    REQUIRE(world_open(w, why) == OK);
    audit_ticket_init(&gone.ticket, on_done);
    audit_ticket_init(&stays.ticket, on_done);
    REQUIRE(audit_send(w->writer, &gone.ticket, &w->s->call, &w->s->fleet, 1) == OK);
    audit_forget(&gone.ticket);
    REQUIRE(audit_send(w->writer, &stays.ticket, &w->s->call, &w->s->fleet, 1) == OK);
    net_loop_run(w->loop);
    CHECK(!gone.done && stays.done && stays.away == 2);
    world_free(w);
}

TEST(where_the_log_is_gone_nothing_may_be_sent_and_it_comes_back)
{
    struct world *w = world_new();
    struct waiting one = waiting_new(), two = waiting_new(), near = waiting_new();
    char why[256] = "", aside[128];
    int64_t refused = metrics_total(METRIC_audit_records, 2);
    snprintf(aside, sizeof aside, "%s/aside", w->s->folder);
    REQUIRE(world_open(w, why) == OK);
    CHECK(!audit_failing(w->audit));
    REQUIRE(rename(w->folder, aside) == 0);
    audit_ticket_init(&one.ticket, on_done);
    audit_ticket_init(&two.ticket, on_done);
    audit_ticket_init(&near.ticket, on_done);
    REQUIRE(audit_send(w->writer, &one.ticket, &w->s->call, &w->s->fleet, 1) == OK);
    net_loop_run(w->loop);
    CHECK(one.done && one.e == ERR_NO_AUDIT && audit_failing(w->audit));
    CHECK(audit_send(w->writer, &two.ticket, &w->s->call, &w->s->fleet, 1) == ERR_NO_AUDIT);
    CHECK(!audit_waits(&two.ticket));
    CHECK(audit_send(w->writer, &near.ticket, &w->s->call, &w->s->fleet, 0) == OK);
    CHECK(metrics_total(METRIC_audit_records, 2) == refused + 2);
    CHECK(metrics_total(METRIC_audit_failing, 0) == 1);
    REQUIRE(rename(aside, w->folder) == 0);
    CHECK(sample_metric(METRIC_audit_failing, 0, 0));
    REQUIRE(audit_send(w->writer, &two.ticket, &w->s->call, &w->s->fleet, 1) == OK);
    net_loop_run(w->loop);
    CHECK(two.done && two.e == OK);
    world_close(w);
    struct audit_report r = check(w);
    CHECK(r.whole && r.away[LABEL_INTERNAL] == 1 && r.local[LABEL_INTERNAL] == 1);
    world_free(w);
}

// A record that the queue has no room for is not waited for, and is counted where it is lost.
TEST(a_full_queue_refuses_and_says_how_much_was_lost)
{
    struct world *w = world_new();
    struct waiting at = waiting_new();
    char why[256] = "";
    w->settings.queue = 4096;
    w->settings.batch = 60000;
    int64_t before = metrics_total(METRIC_audit_records, 1);
    REQUIRE(world_open(w, why) == OK);
    for (unsigned i = 0; i < 40; i++)
        audit_end(w->writer, &w->s->call, &w->s->fleet);
    int64_t lost = metrics_total(METRIC_audit_records, 1) - before;
    CHECK(lost > 0);
    audit_ticket_init(&at.ticket, on_done);
    CHECK(audit_send(w->writer, &at.ticket, &w->s->call, &w->s->fleet, 1) == ERR_NO_AUDIT);
    world_close(w);
    struct audit_report r = check(w);
    CHECK(r.whole && r.lost == (uint64_t)lost);
    world_free(w);
}

TEST(a_log_goes_on_where_it_ended_and_a_torn_record_is_cut_off)
{
    struct world *w = world_new();
    char why[256] = "", path[AUDIT_PATH_MAX];
    REQUIRE(world_open(w, why) == OK);
    audit_end(w->writer, &w->s->call, &w->s->fleet);
    world_close(w);
    uint64_t records = check(w).records;
    audit_file_name(path, w->settings.path, 1, "log");
    int fd = open(path, O_WRONLY | O_APPEND);
    REQUIRE(fd >= 0 && write(fd, "{\"n\":3,\"pr", 10) == 10);
    close(fd);
    CHECK(check(w).whole && check(w).torn_bytes == 10);
    REQUIRE(world_open(w, why) == OK);
    world_close(w);
    struct audit_report r = check(w);
    CHECK(r.whole && r.torn_bytes == 0 && r.records == records + 1 && r.segments == 1);
    world_free(w);
}

TEST(a_log_that_was_cut_or_changed_is_not_gone_on_with)
{
    struct world *w = world_new();
    char why[256] = "", path[AUDIT_PATH_MAX];
    struct stat at;
    REQUIRE(world_open(w, why) == OK);
    audit_end(w->writer, &w->s->call, &w->s->fleet);
    world_close(w);
    audit_file_name(path, w->settings.path, 1, "log");
    REQUIRE(stat(path, &at) == 0);
    int fd = open(path, O_RDWR);
    char byte = 0;
    REQUIRE(fd >= 0 && pread(fd, &byte, 1, 300) == 1);
    byte ^= 1;
    REQUIRE(pwrite(fd, &byte, 1, 300) == 1);
    CHECK(world_open(w, why) == ERR_BAD_FILE && strstr(why, "weir audit verify"));
    byte ^= 1;
    REQUIRE(pwrite(fd, &byte, 1, 300) == 1 && ftruncate(fd, at.st_size - 1) == 0);
    CHECK(world_open(w, why) == ERR_BAD_FILE && strstr(why, "missing at its end"));
    close(fd);
    world_free(w);
}

TEST(a_key_that_others_may_read_or_that_is_none_is_refused)
{
    struct world *w = world_new();
    char why[256] = "", path[AUDIT_PATH_MAX];
    REQUIRE(world_open(w, why) == OK);
    world_close(w);
    audit_key_path(&w->settings, path);
    REQUIRE(chmod(path, 0640) == 0);
    CHECK(world_open(w, why) == ERR_BAD_FILE && strstr(why, "chmod 600"));
    REQUIRE(chmod(path, 0600) == 0 && truncate(path, 60) == 0);
    CHECK(world_open(w, why) == ERR_BAD_FILE && strstr(why, "64 hexadecimal digits"));
    world_free(w);
}

TEST(without_a_path_nothing_is_kept_and_nothing_is_asked)
{
    struct world *w = world_new();
    struct waiting at = waiting_new();
    char why[256] = "";
    w->settings.path = STR_NONE;
    REQUIRE(world_open(w, why) == OK);
    CHECK(!w->audit && !w->writer && !audit_failing(w->audit));
    audit_ticket_init(&at.ticket, on_done);
    CHECK(audit_send(w->writer, &at.ticket, &w->s->call, &w->s->fleet, 1) == OK);
    CHECK(!audit_waits(&at.ticket));
    audit_end(w->writer, &w->s->call, &w->s->fleet);
    world_free(w);
}

// The last line of the log's first segment that has this in it.
static bool says(const struct world *w, const char *word)
{
    static char bytes[1 << 16];
    char path[AUDIT_PATH_MAX];
    audit_file_name(path, w->settings.path, 1, "log");
    int fd = open(path, O_RDONLY);
    ssize_t n = fd < 0 ? 0 : read(fd, bytes, sizeof bytes - 1);
    close(fd);
    bytes[n > 0 ? n : 0] = 0;
    return strstr(bytes, word) != NULL;
}

TEST(another_policy_and_its_tenants_are_taken_while_it_runs)
{
    struct world *w = world_new();
    struct tenant rows[] = {{.name = S("new")}};
    const struct tenants more = {rows, 1, false};
    char why[256] = "", name[32];
    struct fleet next = w->s->fleet;
    const str policy = S("{\"a\":2}");
    REQUIRE(world_open(w, why) == OK);
    REQUIRE(audit_tenants(w->audit, &more, why) == OK);
    REQUIRE(audit_tenants(w->audit, &w->tenants, why) == OK); // and back: nobody is lost
    REQUIRE(audit_policy(w->audit, policy));
    next.policy = audit_digest(policy);
    audit_end(w->writer, &w->s->call, &w->s->fleet); // one that was under way
    w->s->call.tenant = S("new");
    w->s->call.try_count = 0;
    struct audit_ticket near;
    audit_ticket_init(&near, on_done);
    CHECK(audit_send(w->writer, &near, &w->s->call, &next, 0) == OK);
    world_close(w);
    CHECK(check(w).whole);
    snprintf(name, sizeof name, "%016llx", (unsigned long long)next.policy);
    CHECK(says(w, "\"kind\":\"policy\"") && says(w, "\"says\":{\"a\":2}") && says(w, name));
    CHECK(says(w, "\"tenant\":\"new\""));
    world_free(w);
}

TEST(a_policy_that_the_full_queue_cannot_take_is_refused_and_not_lost)
{
    struct world *w = world_new();
    char why[256] = "";
    w->settings.queue = 64;
    w->settings.batch = 60000;
    REQUIRE(world_open(w, why) == OK);
    CHECK(!audit_policy(w->audit, S("{\"a\":2}")));
    world_close(w);
    CHECK(check(w).whole && check(w).lost == 0);
    CHECK(audit_policy(NULL, S("{}")) && audit_tenants(NULL, &w->tenants, why) == OK); // none kept
    world_free(w);
}
