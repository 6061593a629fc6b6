/* A page's bank as the weeks go by: captions arrive, drift, retire, and become warm when they are first chosen. Bit for
   bit sim/worlds/traffic_bank.py, where captions are cold and warm for a policy that sees cold ones as equals. */
#ifndef TRAFFIC_BANK_H
#define TRAFFIC_BANK_H

#include "traffic.h"
#include "traffic_leaders.h"

/* ---- drift: 64 coins a caption and week ---- */
typedef struct {
    u64 key;
    double size, drop;
} Walk;

static Walk walk_of(long week, const State *s) {
    double sigma = s->rules->drift_sigma;
    return (Walk){pull_key(s->page->drift_key, week), 0.25 * sigma, 64.0 * log(cosh(0.125 * sigma))};
}
static inline double step(Walk w, int32_t id) {
    return w.size * ((double)__builtin_popcountll(mix(arm_key(w.key, id))) - 32.0) - w.drop;
}
static void drift_cold(Walk w, Cold *cold) {
    double *restrict log_rate = cold->log[PURCHASED], *restrict log_usd = cold->log[EARNED];
    const int32_t *restrict id = cold->id;
    for (long i = 0; i < cold->listed; i++) {
        double by = step(w, id[i]);
        log_rate[i] += by, log_usd[i] += by;
    }
}

/* ---- a week ---- */
static void move(Cold *cold, long from, long to) {
    for (int by = 0; by < VALUES; by++) cold->log[by][to] = cold->log[by][from];
    cold->id[to] = cold->id[from], cold->price[to] = cold->price[from], cold->retires[to] = cold->retires[from];
}
static void retire_cold(long week, Cold *cold) {
    long kept = 0, alive = 0;
    for (long i = 0; i < cold->listed; i++) alive += cold->retires[i] > week;
    cold->alive = alive;
    if (2 * alive >= cold->listed) return;
    for (long i = 0; i < cold->listed; i++)
        if (cold->retires[i] > week) move(cold, i, kept++);
    cold->listed = kept;
}
static void keep_warm(int tier, long week, Walk w, State *s) {
    int32_t *in_use = s->in_use + s->page->tier_start[tier];
    long kept = 0, walks = tier != BUMP && w.size > 0.0;
    for (long i = 0; i < s->using[tier]; i++) {
        History *h = &s->history[in_use[i]];
        if (h->retires <= week) continue;
        if (walks) h->log_rate += step(w, h->id), s->captions[in_use[i]].rate = exp(h->log_rate);
        in_use[kept++] = in_use[i];
    }
    s->using[tier] = kept;
}
static void arrive(int tier, long week, State *s) {
    Cold *cold = &s->cold[tier];
    const Entry *entry = s->bank + s->page->tier_start[tier] + s->arrived[tier];
    const Entry *end = s->bank + s->page->tier_start[tier + 1], *first = entry;
    for (long i = cold->listed; entry < end && entry->arrives <= week; i++, entry++) {
        cold->log[PURCHASED][i] = entry->log_rate;
        cold->log[EARNED][i] = entry->log_rate + s->p->log_price[entry->price];
        cold->id[i] = entry->id, cold->price[i] = entry->price, cold->retires[i] = entry->retires;
    }
    s->arrived[tier] += entry - first, cold->listed += entry - first, cold->alive += entry - first;
}
static void begin_week(long week, State *s) {
    Walk w = walk_of(week, s);
    s->week = week;
    for (int tier = 0; tier < TIERS; tier++) {
        if (tier != BUMP && w.size > 0.0) drift_cold(w, &s->cold[tier]);
        retire_cold(week, &s->cold[tier]);
        keep_warm(tier, week, w, s);
        arrive(tier, week, s);
        if (tier != BUMP)
            for (int by = 0; by < VALUES; by++) s->leaders[tier][by].size = 0;
    }
}

/* ---- any of the cold captions becomes warm ---- */
static long pick(u64 key, long week, const Cold *cold) {
    for (;; key += STREAM) {
        long number = (long)(uniform(key) * cold->listed);
        if (cold->retires[number] > week) return number;
    }
}
/* Returns the caption's place among the warm; there must be a cold one. */
static long take(int tier, u64 key, State *s) {
    Cold *cold = &s->cold[tier];
    long number = pick(key, s->week, cold), c = s->warm++;
    double log_rate = cold->log[PURCHASED][number];
    s->history[c] = (History){.log_rate = log_rate, .id = cold->id[number], .retires = cold->retires[number]};
    s->captions[c] = s->fresh;
    s->captions[c].rate = exp(log_rate), s->captions[c].price = cold->price[number];
    s->in_use[s->page->tier_start[tier] + s->using[tier]++] = c;
    if (tier != BUMP)
        for (int by = 0; by < VALUES; by++) strike(&s->leaders[tier][by], cold->id[number]);
    move(cold, --cold->listed, number);
    cold->alive--;
    return c;
}

#endif
