// curve.c: what a router is worth, from requests of which two models' outcomes are known. The
// definitions are those of the RouteLLM paper: the area under the share of the quality gap that is
// recovered, over ten steps of the share of strong calls. Rows come sorted, and a bootstrap only
// changes how often each counts, so that a thousand draws sort nothing.
#include "base/rng.h"
#include "route/route.h"
#include <math.h>

enum { APGR_STEPS = 10 };
_Static_assert(CURVE_STEPS % APGR_STEPS == 0, "the coarse steps are among the fine ones");

static int by_score_falling(const void *a, const void *b)
{
    const struct route_outcome *x = a, *y = b;
    return (x->score < y->score) - (x->score > y->score);
}

void route_outcomes_sort(struct route_outcome *rows, size_t count)
{
    must(rows || count == 0);
    if (count)
        qsort(rows, count, sizeof *rows, by_score_falling);
}

static double times_of(const uint32_t *times, const struct route_outcome *row)
{
    return times ? times[row->row] : 1;
}

// First row behind those that score as row i does.
static size_t end_of_equals(const struct route_outcome *rows, size_t count, size_t i)
{
    size_t end = i + 1;
    must(i < count);
    while (end < count && rows[end].score >= rows[i].score)
        end++;
    must(end == count || rows[end].score < rows[i].score); // sorted
    return end;
}

// Quality at every step: the weak model's, and what the gaps of the highest scores add.
static void walk(const struct route_outcome *rows, const uint32_t *times, size_t count,
                 struct route_curve *c)
{
    double all = 0, passed = 0, gained = 0;
    unsigned step = 0;
    for (size_t i = 0; i < count; i++)
        all += times_of(times, &rows[i]);
    for (size_t i = 0, end; i < count; i = end) {
        double weight = 0, gain = 0;
        end = end_of_equals(rows, count, i);
        for (size_t k = i; k < end; k++) {
            weight += times_of(times, &rows[k]);
            gain += times_of(times, &rows[k]) * (rows[k].strong - rows[k].weak);
        }
        for (; step <= CURVE_STEPS && weight > 0; step++) {
            double part = (all * step / CURVE_STEPS - passed) / weight;
            if (part > 1)
                break;
            c->quality[step] = c->weak + (gained + gain * part) / all;
        }
        passed += weight;
        gained += gain;
    }
    for (; step <= CURVE_STEPS; step++) // what rounding left of the last step
        c->quality[step] = c->strong;
}

// The first crossing: the curve may fall again behind it.
static double share_for(const struct route_curve *c, double part)
{
    const double want = c->weak + part * (c->strong - c->weak);
    for (unsigned i = 1; i <= CURVE_STEPS; i++) {
        double a = c->quality[i - 1], b = c->quality[i];
        if (b >= want)
            return (i - 1 + (b > a ? fmax(0, (want - a) / (b - a)) : 0)) / CURVE_STEPS;
    }
    return 1;
}

bool route_curve(const struct route_outcome *rows, const uint32_t *times, size_t count,
                 struct route_curve *ret_curve)
{
    struct route_curve c = {0};
    double all = 0, area = 0;
    must(rows || count == 0);
    for (size_t i = 0; i < count; i++) {
        all += times_of(times, &rows[i]);
        c.weak += times_of(times, &rows[i]) * rows[i].weak;
        c.strong += times_of(times, &rows[i]) * rows[i].strong;
    }
    if (!(c.strong > c.weak))
        return false;
    c.weak /= all;
    c.strong /= all;
    walk(rows, times, count, &c);
    for (unsigned k = 0; k < APGR_STEPS; k++)
        area += (c.quality[k * (CURVE_STEPS / APGR_STEPS)] +
                 c.quality[(k + 1) * (CURVE_STEPS / APGR_STEPS)]) /
                2 / APGR_STEPS;
    c.apgr = (area - c.weak) / (c.strong - c.weak);
    c.cpt50 = share_for(&c, 0.5);
    c.cpt80 = share_for(&c, 0.8);
    *ret_curve = c;
    return true;
}

double route_auc(const struct route_outcome *rows, const uint32_t *times, size_t count)
{
    double good = 0, bad = 0, wins = 0; // so far, from the highest score down
    for (size_t i = 0, end; i < count; i = end) {
        double new_good = 0, new_bad = 0;
        end = end_of_equals(rows, count, i);
        for (size_t k = i; k < end; k++)
            *(rows[k].strong > rows[k].weak ? &new_good : &new_bad) += times_of(times, &rows[k]);
        wins += new_bad * good + new_bad * new_good / 2;
        good += new_good;
        bad += new_bad;
    }
    return good > 0 && bad > 0 ? wins / (good * bad) : NAN;
}

void route_resample(uint32_t *times, size_t count, uint64_t *seed)
{
    must(times && count > 0);
    memset(times, 0, count * sizeof *times);
    for (size_t i = 0; i < count; i++)
        times[rng_next(seed) % count]++;
}

// The chance of `good` or more successes of `count` where each succeeds with chance p.
static double chance_of_so_many(size_t good, size_t count, double p)
{
    double term = 0, sum = 0, all = lgamma((double)count + 1);
    for (size_t k = good; k <= count; k++) {
        term = exp(all - lgamma((double)k + 1) - lgamma((double)(count - k) + 1) +
                   (double)k * log(p) + (double)(count - k) * log1p(-p));
        sum += term;
        if (term < 1e-12 * sum && (double)k > p * (double)count)
            break;
    }
    return sum;
}

double route_bound_below(size_t good, size_t count, double confidence)
{
    double low = 0, high = 1;
    must(good <= count && confidence > 0 && confidence < 1);
    if (good == 0)
        return 0;
    for (int i = 0; i < 50; i++) {
        double p = (low + high) / 2;
        *(chance_of_so_many(good, count, p) < 1 - confidence ? &low : &high) = p;
    }
    return low;
}

size_t route_rows_wanted(double share, double want, double confidence)
{
    enum { MOST = 1000000 };
    size_t low = 0, high = 1;
    must(share >= 0 && share <= 1);
    while (route_bound_below((size_t)(share * (double)high), high, confidence) < want) {
        low = high;
        high *= 2;
        if (high > MOST)
            return SIZE_MAX;
    }
    while (high - low > 1) { // rounding makes it rise unevenly: near enough
        size_t n = (low + high) / 2;
        *(route_bound_below((size_t)(share * (double)n), n, confidence) < want ? &low : &high) = n;
    }
    return high;
}
