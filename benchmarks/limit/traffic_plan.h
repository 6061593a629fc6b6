/* A page's day before any caption is chosen: how many messages, when, and of which tier. Bit for bit
   sim/worlds/traffic_plan.py. */
#ifndef TRAFFIC_PLAN_H
#define TRAFFIC_PLAN_H

#include "traffic.h"

enum { PRICED, UNPRICED, TIMES = 16, ORDER = 16 + SLOTS }; /* addresses within a day's key */

static void how_many(u64 key, const State *s, long *priced, long *unpriced) {
    const Rules *r = s->rules;
    double luck = uniform(arm_key(key, UNPRICED));
    if (r->priced_every_day >= 0) {
        *priced = r->priced_every_day, *unpriced = r->every_day - r->priced_every_day;
    } else if (r->every_day > 0) {
        *unpriced = (long)(r->every_day * r->unpriced_share + luck), *priced = r->every_day - *unpriced;
    } else {
        *priced = s->page->priced_low;
        *priced += (long)(uniform(arm_key(key, PRICED)) * (s->page->priced_high - s->page->priced_low + 1));
        long most = r->most > *priced ? r->most : *priced;
        long total = *priced + (long)(*priced * r->unpriced_share / (1.0 - r->unpriced_share) + luck);
        total = total < r->least ? r->least : total;
        total = total > most ? most : total;
        *unpriced = total > *priced ? total - *priced : 0;
    }
}

/* Slots keep the page's gap where so many fit: uniform order statistics, spaced by it. */
static void place_slots(long day, u64 key, long count, State *s) {
    if (count == 0) return;
    const Rules *r = s->rules;
    long gap = s->page->gap_s < r->open_s / count ? s->page->gap_s : r->open_s / count, free = r->open_s - count * gap;
    for (long i = 0; i < count; i++) {
        double u = uniform(arm_key(key, TIMES + i));
        long place = i;
        for (; place > 0 && s->draw[place - 1] > u; place--) s->draw[place] = s->draw[place - 1];
        s->draw[place] = u;
    }
    long start = day * DAY + r->first_s + (long)(s->page->phase * gap);
    for (long i = 0; i < count; i++) {
        Slot *slot = &s->plan[i];
        slot->time = start + (long)(s->draw[i] * free) + i * gap, slot->number = day * SLOTS + i;
    }
}
static void shuffle(int32_t *order, long count, u64 key) {
    for (long i = 0; i < count; i++) order[i] = i;
    for (long i = count - 1; i > 0; i--) {
        long j = (long)(uniform(arm_key(key, ORDER + i)) * (i + 1));
        int32_t kept = order[i];
        order[i] = order[j], order[j] = kept;
    }
}
static void plan_day(long day, State *s) {
    u64 key = pull_key(s->page->slot_key, day);
    long priced, unpriced;
    how_many(key, s, &priced, &unpriced);
    s->slots = priced + unpriced;
    place_slots(day, key, s->slots, s);
    shuffle(s->order, s->slots, key);
    for (long i = 0; i < s->slots; i++) {
        Slot *slot = &s->plan[s->order[i]];
        slot->tier = i < priced ? s->p->cycle[s->priced_sends++ % s->p->length] : BUMP;
        slot->factor = s->season[slot->time / DAY] * s->p->hours[slot->time % DAY / HOUR];
    }
}

#endif
