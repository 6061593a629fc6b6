/* What the traffic kernel works on: its input, as benchmarks/limit/traffic.py lays it out, and one page at work. */
#ifndef TRAFFIC_H
#define TRAFFIC_H

#include "draws.h"

enum { BUMP = 3, TIERS = 4, HOUR = 3600, DAY = 86400, SLOTS = 1024 };

typedef struct {
    long least, most, every_day, priced_every_day, first_s, open_s, refresh_s, label_after_s, median_s, cool_down_s;
    double unpriced_share, fatigue_drop, drift_sigma, message_shape, delay_s, mean_views;
    double priced_mu, priced_sigma, unpriced_mu, unpriced_sigma;
    double z, successes, failures; /* of wilson_sample */
} Rules;

typedef struct {
    long replication, fans, priced_low, priced_high, gap_s;
    double phase;
    u64 slot_key, view_key, outcome_key, drift_key, policy_key;
    long tier_start[TIERS + 1];
} Page;

typedef struct {
    double rate;
    int32_t price, id, arrives, retires;
} Entry; /* of a page's bank */

typedef struct {
    long sends, unfilled, purchases, counted, late, revenue, best, successes;
    double regret, regret_usd;
} Result;

typedef struct {
    const Rules *rules;
    const Page *pages;
    const Entry *bank;
    const double *season, *hours, *recovery;
    const long *cycle;
    long rows, captions, days, length; /* of the cycle of tiers */
} Problem;

typedef struct {
    long last_used;
    double rate, wear, x, y;
    int32_t n, s, price, worn_on, uses, id;
} Caption;

typedef struct {
    long time, number;
    int32_t tier, caption, best;
    double factor, regret, regret_usd;
} Slot;

typedef struct {
    long time, views, purchases; /* all that will come; once counted, those known */
    int32_t caption, use;
    double emv;
} Message;

/* One page at work. Messages are kept in order of time: [0, gone) have left the median's window, [gone, counted) are in
   it, [counted, sent) wait for the update job. */
typedef struct {
    const Problem *p;
    const Rules *rules;
    const Page *page;
    const Entry *bank;
    const double *season;
    Result *result;
    Caption *captions;
    Slot *plan;
    Message *messages;
    double *rising; /* EMVs above 0 in the window, ascending */
    double *draw;   /* scratch of a day's plan */
    int32_t *order, *alive, *eligible;
    long alive_start[TIERS + 1];
    long slots, priced_sends, refresh, sent, counted, gone, window, positives;
    double *x, *y, *mean, *usd, *score; /* of the eligible captions */
    double *top_score, *top_luck;       /* of a decision's best */
    int32_t *chosen;
    double *best, *own; /* true means: the largest, and of the chosen */
} State;

static inline double wear_on(long day, const Caption *c, const State *s) {
    return c->wear == 0.0 ? 0.0 : c->wear * s->p->recovery[day - c->worn_on];
}

#endif
