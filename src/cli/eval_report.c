// eval_report.c: what weir eval found, as text, as JSON, and as one page of HTML with its charts
// drawn in SVG, which loads nothing from anywhere. No text of a row is in any of them.
#include "cli/eval.h"
#include <math.h>

static const char *const names[FIGURE_COUNT] = {
#define EVAL_NAME(name, say) #name,
    EVAL_FIGURES(EVAL_NAME)
#undef EVAL_NAME
};
static const char *const says[FIGURE_COUNT] = {
#define EVAL_SAY(name, say) say,
    EVAL_FIGURES(EVAL_SAY)
#undef EVAL_SAY
};

static bool has_bins(const struct eval_bin *bins)
{
    double rows = 0;
    for (unsigned b = 0; b < EVAL_BINS; b++)
        rows += bins[b].rows;
    return rows > 0;
}

// --- text ------------------------------------------------------------------------

static void put_reliability(struct buf *out, const char *what, const struct eval_bin *bins)
{
    if (!has_bins(bins))
        return;
    buf_printf(out, "\np_local_ok against %s:\n  told   rows  mean told  true\n", what);
    for (unsigned b = 0; b < EVAL_BINS; b++)
        if (bins[b].rows > 0)
            buf_printf(out, "  %.1f  %6.0f       %.3f  %.3f\n", b / (double)EVAL_BINS, bins[b].rows,
                       bins[b].p / bins[b].rows, bins[b].ok / bins[b].rows);
}

static void put_curve(const struct eval_report *r, struct buf *out)
{
    const struct value *f = r->figure;
    struct eval_point points[EVAL_POINTS];
    if (!r->has_curve) {
        if (r->outcomes)
            buf_put(out, S("\nthe strong model is no better on these rows: no gap to recover\n"));
        return;
    }
    eval_points(r, points);
    buf_printf(out, "\nrouter         APGR  CPT(50)  CPT(80)\n");
    buf_printf(out, "weir          %.3f    %5.1f%%   %5.1f%%\n", f[FIGURE_apgr].is,
               100 * f[FIGURE_cpt50].is, 100 * f[FIGURE_cpt80].is);
    buf_printf(out, "length        %.3f    %5.1f%%   %5.1f%%\n", f[FIGURE_length_apgr].is,
               100 * f[FIGURE_length_cpt50].is, 100 * f[FIGURE_length_cpt80].is);
    buf_printf(out,
               "random        0.500     50.0%%    80.0%%   95 %% of orders: APGR %.3f to %.3f\n",
               r->random_low, r->random_high);
    buf_printf(out, "always local: quality %.4f; always cloud: %.4f\n", r->weir.weak,
               r->weir.strong);
    buf_printf(out,
               "\ncloud calls     cost  weir    length  random  (* nothing cheaper is as good)\n");
    for (unsigned i = 0; i < EVAL_POINTS; i++)
        buf_printf(out, "     %5.1f%%  %8.4g  %.4f%s %.4f  %.4f\n", 100 * points[i].share,
                   points[i].cost, points[i].weir, points[i].frontier ? "*" : " ", points[i].length,
                   points[i].random);
}

static void put_tasks(const struct eval_report *r, struct buf *out)
{
    if (!r->tasks)
        return;
    buf_put(out, S("\ntask            rows  precision  recall\n"));
    for (unsigned t = 0; t < TASK_COUNT; t++) {
        const struct eval_task *k = &r->task[t];
        if (k->are)
            buf_printf(out, "%-14s %5zu       %.2f    %.2f\n", task_name((enum task)t), k->are,
                       k->said ? (double)k->hits / (double)k->said : 0,
                       (double)k->hits / (double)k->are);
    }
}

void eval_put_text(const struct eval_report *r, struct buf *out)
{
    const struct eval_rows *from = r->from;
    must(from);
    buf_printf(out,
               "%zu rows: %zu with a task, %zu local or cloud, %zu with outcomes; weights %s\n",
               r->rows, r->tasks, r->places, r->outcomes, from->digest);
    if (from->other + from->unlabelled + from->bad)
        buf_printf(out, "passed over: %zu not asked for, %zu without a label, %zu unreadable\n",
                   from->other, from->unlabelled, from->bad);
    for (unsigned f = 0; f < FIGURE_COUNT; f++) {
        const struct value *v = &r->figure[f];
        if (isnan(v->is))
            continue;
        buf_printf(out, "  %-32s %.3f", says[f], v->is);
        if (!isnan(v->low))
            buf_printf(out, "  [%.3f, %.3f]", v->low, v->high);
        buf_putc(out, '\n');
    }
    put_curve(r, out);
    put_reliability(out, "places", r->place_bin);
    put_reliability(out, "outcomes", r->outcome_bin);
    put_tasks(r, out);
}

// --- JSON ------------------------------------------------------------------------

static void put_number(struct buf *out, double v)
{
    if (isnan(v))
        buf_put(out, S("null"));
    else
        buf_printf(out, "%.6g", v);
}

static void json_bins(struct buf *out, const char *name, const struct eval_bin *bins)
{
    bool first = true;
    buf_printf(out, ",\"%s\":[", name);
    for (unsigned b = 0; b < EVAL_BINS; b++) {
        if (bins[b].rows <= 0)
            continue;
        buf_printf(out, "%s{\"from\":%.1f,\"rows\":%.0f,\"told\":%.6g,\"true\":%.6g}",
                   first ? "" : ",", b / (double)EVAL_BINS, bins[b].rows, bins[b].p / bins[b].rows,
                   bins[b].ok / bins[b].rows);
        first = false;
    }
    buf_putc(out, ']');
}

static void json_curve(const struct eval_report *r, struct buf *out)
{
    struct eval_point points[EVAL_POINTS];
    if (!r->has_curve)
        return;
    eval_points(r, points);
    buf_put(out, S(",\"random\":{\"apgr\":0.5,\"cpt50\":0.5,\"cpt80\":0.8,\"apgr_low\":"));
    put_number(out, r->random_low);
    buf_put(out, S(",\"apgr_high\":"));
    put_number(out, r->random_high);
    buf_printf(out, "},\"always_local\":%.6g,\"always_cloud\":%.6g,\"frontier\":[", r->weir.weak,
               r->weir.strong);
    for (unsigned i = 0; i < EVAL_POINTS; i++)
        buf_printf(out,
                   "%s{\"cloud_share\":%.2f,\"cost\":%.6g,\"weir\":%.6g,\"length\":%.6g,"
                   "\"random\":%.6g,\"frontier\":%s}",
                   i ? "," : "", points[i].share, points[i].cost, points[i].weir, points[i].length,
                   points[i].random, points[i].frontier ? "true" : "false");
    buf_putc(out, ']');
}

void eval_put_json(const struct eval_report *r, struct buf *out)
{
    bool first = true;
    must(r->from);
    buf_printf(
        out,
        "{\"rows\":%zu,\"tasks\":%zu,\"places\":%zu,\"outcomes\":%zu,\"not_asked_for\":%zu,"
        "\"unlabelled\":%zu,\"unreadable\":%zu,\"weights\":\"%s\",\"draws\":%u,\"seed\":%llu,"
        "\"figures\":{",
        r->rows, r->tasks, r->places, r->outcomes, r->from->other, r->from->unlabelled,
        r->from->bad, r->from->digest, r->draws, (unsigned long long)r->seed);
    for (unsigned f = 0; f < FIGURE_COUNT; f++) {
        const struct value *v = &r->figure[f];
        if (isnan(v->is))
            continue;
        buf_printf(out, "%s\"%s\":{\"value\":%.6g,\"low\":", first ? "" : ",", names[f], v->is);
        put_number(out, v->low);
        buf_put(out, S(",\"high\":"));
        put_number(out, v->high);
        buf_putc(out, '}');
        first = false;
    }
    buf_putc(out, '}');
    json_curve(r, out);
    json_bins(out, "place_reliability", r->place_bin);
    json_bins(out, "outcome_reliability", r->outcome_bin);
    buf_put(out, S(",\"by_task\":{"));
    first = true;
    for (unsigned t = 0; t < TASK_COUNT; t++)
        if (r->task[t].are) {
            buf_printf(out, "%s\"%s\":{\"rows\":%zu,\"said\":%zu,\"hits\":%zu}", first ? "" : ",",
                       task_name((enum task)t), r->task[t].are, r->task[t].said, r->task[t].hits);
            first = false;
        }
    buf_put(out, S("}}\n"));
}

// --- HTML ------------------------------------------------------------------------

enum { CHART_W = 460, CHART_H = 300, LEFT = 52, RIGHT = 14, TOP = 12, BOTTOM = 40 };

static const char style[] =
    "<style>:root{color-scheme:light "
    "dark;--ink:#1c2733;--dim:#66727f;--line:#d8dee4;--weir:#0b6e99;"
    "--length:#c2691b;--back:#fff}@media(prefers-color-scheme:dark){:root{--ink:#e4e9ee;"
    "--dim:#98a4b0;--line:#39434d;--weir:#5bbce4;--length:#eaa25f;--back:#14191e}}"
    "body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--back);"
    "max-width:1000px;margin:2em auto;padding:0 1em}h1{font-size:1.5em}h2{font-size:1.1em;"
    "margin-top:2em}.dim,svg text{color:var(--dim);fill:var(--dim)}table{border-collapse:collapse}"
    "td,th{padding:.25em .8em;border-bottom:1px solid var(--line);text-align:right;"
    "font-variant-numeric:tabular-nums}td:first-child,th:first-child{text-align:left}"
    ".charts{display:flex;flex-wrap:wrap;gap:1.5em}figure{margin:0;max-width:100%}"
    "figcaption{font-weight:600}svg{max-width:100%;height:auto;font-size:11px}"
    ".axis{stroke:var(--line)}path{fill:none;stroke-width:2}.weir{stroke:var(--weir)}"
    ".length{stroke:var(--length)}.random{stroke:var(--dim);stroke-dasharray:4 4;stroke-width:1}"
    "circle{fill:var(--weir)}.key .weir,.key .length,.key .random{border-top:2px solid;"
    "padding:0 .3em;margin-right:1em}.key .weir{color:var(--weir)}.key .length{color:"
    "var(--length)}.key .random{color:var(--dim);border-top-style:dashed}</style>";

// A chart's window: what lies at its corners.
struct window {
    double x0, x1, y0, y1;
};

static double at_x(const struct window *w, double x)
{
    return LEFT + (x - w->x0) / (w->x1 - w->x0) * (CHART_W - LEFT - RIGHT);
}

static double at_y(const struct window *w, double y)
{
    return CHART_H - BOTTOM - (y - w->y0) / (w->y1 - w->y0) * (CHART_H - TOP - BOTTOM);
}

static void begin_chart(struct buf *out, const struct window *w, const char *title,
                        const char *x_name)
{
    enum { TICKS = 5 };
    must(w->x1 > w->x0 && w->y1 > w->y0);
    buf_printf(out,
               "<figure><figcaption>%s</figcaption><svg viewBox=\"0 0 %d %d\" width=\"%d\" "
               "role=\"img\" aria-label=\"%s\">",
               title, CHART_W, CHART_H, CHART_W, title);
    for (int i = 0; i <= TICKS; i++) {
        double x = w->x0 + (w->x1 - w->x0) * i / TICKS, y = w->y0 + (w->y1 - w->y0) * i / TICKS;
        buf_printf(out,
                   "<line class=\"axis\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
                   "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.3g</text>"
                   "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.3g</text>",
                   LEFT, CHART_W - RIGHT, at_y(w, y), at_y(w, y), LEFT - 6, at_y(w, y) + 4, y,
                   at_x(w, x), CHART_H - BOTTOM + 16, x);
    }
    buf_printf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>",
               (CHART_W + LEFT - RIGHT) / 2, CHART_H - 6, x_name);
}

static void end_chart(struct buf *out)
{
    buf_put(out, S("</svg></figure>"));
}

static void put_line(struct buf *out, const struct window *w, const double (*points)[2],
                     const char *kind)
{
    buf_printf(out, "<path class=\"%s\" d=\"", kind);
    for (unsigned i = 0; i < EVAL_POINTS; i++)
        buf_printf(out, "%c%.1f %.1f", i ? 'L' : 'M', at_x(w, points[i][0]), at_y(w, points[i][1]));
    buf_put(out, S("\"/>"));
}

// Quality by x, for weir, length and chance.
static void put_quality(struct buf *out, const struct eval_point points[EVAL_POINTS], bool by_cost)
{
    struct window w = {0, 1, INFINITY, -INFINITY};
    double weir[EVAL_POINTS][2], length[EVAL_POINTS][2], chance[EVAL_POINTS][2];
    for (unsigned i = 0; i < EVAL_POINTS; i++) {
        const struct eval_point *p = &points[i];
        w.y0 = fmin(w.y0, fmin(p->weir, fmin(p->length, p->random)));
        w.y1 = fmax(w.y1, fmax(p->weir, fmax(p->length, p->random)));
        weir[i][0] = length[i][0] = chance[i][0] = by_cost ? p->cost : p->share;
        weir[i][1] = p->weir;
        length[i][1] = p->length;
        chance[i][1] = p->random;
    }
    if (by_cost) {
        w.x0 = fmin(points[0].cost, points[EVAL_POINTS - 1].cost);
        w.x1 = fmax(points[0].cost, points[EVAL_POINTS - 1].cost);
        if (!(w.x1 > w.x0))
            return; // both cost the same: there is nothing to weigh
    }
    begin_chart(out, &w, by_cost ? "Quality by cost" : "Quality by share of cloud calls",
                by_cost ? "mean cost of a call; dots: nothing cheaper is as good"
                        : "share of calls that go to the cloud");
    put_line(out, &w, chance, "random");
    put_line(out, &w, length, "length");
    put_line(out, &w, weir, "weir");
    for (unsigned i = 0; i < EVAL_POINTS && by_cost; i++)
        if (points[i].frontier)
            buf_printf(out, "<circle r=\"4\" cx=\"%.1f\" cy=\"%.1f\"/>", at_x(&w, weir[i][0]),
                       at_y(&w, weir[i][1]));
    end_chart(out);
}

static void put_calibration(struct buf *out, const char *title, const struct eval_bin *bins)
{
    const struct window w = {0, 1, 0, 1};
    double most = 0;
    if (!has_bins(bins))
        return;
    begin_chart(out, &w, title, "p_local_ok; a dot's size is its share of the rows");
    buf_printf(out, "<path class=\"random\" d=\"M%.1f %.1fL%.1f %.1f\"/>", at_x(&w, 0), at_y(&w, 0),
               at_x(&w, 1), at_y(&w, 1));
    for (unsigned b = 0; b < EVAL_BINS; b++)
        most = fmax(most, bins[b].rows);
    for (unsigned b = 0; b < EVAL_BINS; b++)
        if (bins[b].rows > 0)
            buf_printf(out, "<circle r=\"%.1f\" cx=\"%.1f\" cy=\"%.1f\"/>",
                       2 + 8 * sqrt(bins[b].rows / most), at_x(&w, bins[b].p / bins[b].rows),
                       at_y(&w, bins[b].ok / bins[b].rows));
    end_chart(out);
}

static void html_figures(const struct eval_report *r, struct buf *out)
{
    buf_put(out, S("<h2>Figures</h2><table><tr><th>figure</th><th>value</th><th>95 % interval</th>"
                   "</tr>"));
    for (unsigned f = 0; f < FIGURE_COUNT; f++) {
        const struct value *v = &r->figure[f];
        if (isnan(v->is))
            continue;
        buf_printf(out, "<tr><td>%s</td><td>%.3f</td><td>", says[f], v->is);
        if (!isnan(v->low))
            buf_printf(out, "%.3f to %.3f", v->low, v->high);
        buf_put(out, S("</td></tr>"));
    }
    if (r->has_curve)
        buf_printf(out, "<tr><td>APGR of chance</td><td>0.500</td><td>%.3f to %.3f</td></tr>",
                   r->random_low, r->random_high);
    buf_put(out, S("</table>"));
}

static void html_tasks(const struct eval_report *r, struct buf *out)
{
    if (!r->tasks)
        return;
    buf_put(out, S("<h2>Tasks</h2><table><tr><th>task</th><th>rows</th><th>precision</th>"
                   "<th>recall</th></tr>"));
    for (unsigned t = 0; t < TASK_COUNT; t++) {
        const struct eval_task *k = &r->task[t];
        if (k->are)
            buf_printf(out, "<tr><td>%s</td><td>%zu</td><td>%.2f</td><td>%.2f</td></tr>",
                       task_name((enum task)t), k->are,
                       k->said ? (double)k->hits / (double)k->said : 0,
                       (double)k->hits / (double)k->are);
    }
    buf_put(out, S("</table>"));
}

void eval_put_html(const struct eval_report *r, struct buf *out)
{
    struct eval_point points[EVAL_POINTS];
    must(r->from);
    buf_put(out, S("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta "
                   "name=\"viewport\" content=\"width=device-width\"><title>weir eval</title>"));
    buf_put(out, str_c(style));
    buf_printf(
        out,
        "</head><body><h1>How good the classifier is</h1><p class=\"dim\">%zu rows: %zu with "
        "a task, %zu local or cloud, %zu with outcomes. Weights %s. %u draws, seed %llu.</p>",
        r->rows, r->tasks, r->places, r->outcomes, r->from->digest, r->draws,
        (unsigned long long)r->seed);
    html_figures(r, out);
    buf_put(out, S("<h2>Charts</h2>"));
    if (r->has_curve)
        buf_put(out, S("<p class=\"key\"><span class=\"weir\">weir</span><span class=\"length\">"
                       "prompt length</span><span class=\"random\">chance</span></p>"));
    buf_put(out, S("<div class=\"charts\">"));
    if (r->has_curve) {
        eval_points(r, points);
        put_quality(out, points, false);
        put_quality(out, points, true);
    }
    put_calibration(out, "p_local_ok against places", r->place_bin);
    put_calibration(out, "p_local_ok against outcomes", r->outcome_bin);
    buf_put(out, S("</div>"));
    html_tasks(r, out);
    buf_put(out, S("</body></html>\n"));
}
