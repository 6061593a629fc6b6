/* What the traffic kernel works on: its input, as benchmarks/limit/traffic_kernel.py lays it out, and one page at work. */
#ifndef TRAFFIC_H
#define TRAFFIC_H

#include "draws.h"

enum { BUMP = 3, TIERS = 4, HOUR = 3600, DAY = 86400, SLOTS = 1024 };
enum { NEVER = -(1 << 30) }; /* a time before any cool-down */
enum { PURCHASED, EARNED, VALUES }; /* what captions can be the best by: purchases and dollars a view */

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
    double log_rate;
    int32_t price, id, arrives, retires;
} Entry; /* of a page's bank, in order of tier and then of arrival */

typedef struct {
    long sends, unfilled, purchases, counted, late, revenue, best, successes;
    double regret, regret_usd;
} Result;

typedef struct {
    const Rules *rules;
    const Page *pages;
    const Entry *bank;
    const double *season, *hours, *recovery, *log_price;
    const long *cycle;
    long rows, captions, days, length; /* of the cycle of tiers */
} Problem;

/* The cold captions of a tier, never chosen so far: equals but for what the policy cannot see. They lie side by side,
   in an order of their own; those that have retired stay among them until they are more than half. */
typedef struct {
    double *log[VALUES]; /* of purchases and of dollars a view; the latter accurate to LOG_ERROR */
    int32_t *id, *price, *retires;
    long listed, alive;
} Cold;

typedef struct {
    double value;
    int32_t id;
} Leader;

/* The best cold captions of a tier, the best first; as many as have been asked for, or none. */
typedef struct {
    Leader *list;
    long size;
} Leaders;

/* A warm caption, twice: what choosing looks at, and the rest. */
typedef struct {
    double rate, x, y;
    int32_t last_used, price;
} Caption;

typedef struct {
    double log_rate, wear;
    int32_t n, s, worn_on, uses, id, retires;
} History;

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
    Cold store; /* where the cold captions of all tiers lie, one tier after the other */
    Cold cold[TIERS];
    Leaders leaders[BUMP][VALUES];
    Caption *captions, fresh; /* in order of becoming warm; one of which nothing is known */
    History *history;
    int32_t *in_use; /* the warm captions that have not retired, one tier after the other */
    long arrived[TIERS], using[TIERS], warm, week;
    Slot *plan;
    Message *messages;
    double *rising; /* EMVs above 0 in the window, ascending */
    double *draw;   /* scratch of a day's plan */
    int32_t *order;
    long slots, priced_sends, refresh, sent, counted, gone, window, positives;
    int32_t *eligible;
    double *x, *y, *score;        /* of the eligible captions */
    double *top_score, *top_luck; /* of a decision's best */
    int32_t *chosen;
    double *best[VALUES], *own; /* true values: the largest, and of the chosen */
} State;

static inline double wear_on(long day, long c, const State *s) {
    const History *h = &s->history[c];
    return h->wear == 0.0 ? 0.0 : h->wear * s->p->recovery[day - h->worn_on];
}
static inline double rate_on(long day, long c, const State *s) {
    return s->captions[c].rate * (1.0 - wear_on(day, c, s));
}

/* Put a value into the descending falling[0, size), whose last falls out. */
static inline void sink(double *falling, long size, double value) {
    long place = size - 1;
    for (; place > 0 && falling[place - 1] < value; place--) falling[place] = falling[place - 1];
    falling[place] = value;
}

#endif
