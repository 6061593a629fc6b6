/* Which captions a page sends in a day: the best by wilson_sample, tier by tier, among those eligible; and what a
   clairvoyant would have gained. Bit for bit sim/worlds/traffic_choice.py under this policy. */
#ifndef TRAFFIC_CHOICE_H
#define TRAFFIC_CHOICE_H

#include "traffic.h"
#include "wilson.h"

/* The captions of a tier that were last sent by `latest`; returns how many. */
static long gather(int tier, long day, long latest, State *s) {
    long count = 0;
    for (long place = s->alive_start[tier]; place < s->alive_start[tier + 1]; place++) {
        const Caption *c = &s->captions[s->alive[place]];
        if (c->last_used > latest) continue;
        double mean = c->rate * (1.0 - wear_on(day, c, s));
        s->eligible[count] = s->alive[place], s->mean[count] = mean, s->usd[count] = mean * c->price;
        s->x[count] = c->x, s->y[count] = c->y;
        count++;
    }
    return count;
}

/* Insert caption i into the list of the best, by (score, luck); returns the list's length. */
static long enter(int32_t i, double value, double luck, long found, long wanted, State *s) {
    long place = found;
    for (; place > 0; place--) {
        double before = s->top_score[place - 1];
        if (before > value || (before == value && s->top_luck[place - 1] >= luck)) break;
        if (place < wanted) {
            s->top_score[place] = before, s->top_luck[place] = s->top_luck[place - 1];
            s->chosen[place] = s->chosen[place - 1];
        }
    }
    if (place < wanted) s->top_score[place] = value, s->top_luck[place] = luck, s->chosen[place] = i;
    return found < wanted ? found + 1 : wanted;
}

/* The `wanted` largest scores, largest first, into `chosen`; returns how many. */
static long rank(long eligible, long wanted, u64 key, State *s) {
    const double *x = s->x, *y = s->y;
    double *score = s->score;
    for (long i = 0; i < eligible; i++) score[i] = clamp(x[i] + y[i] * uniform(arm_key(key, i)));
    long found = 0;
    for (long i = 0; i < eligible; i++)
        if (found < wanted || score[i] >= s->top_score[found - 1])
            found = enter(i, score[i], uniform(arm_key(key, eligible + i)), found, wanted, s);
    return found;
}

/* Put a value into the descending falling[0, size), whose last falls out. */
static inline void sink(double *falling, long size, double value) {
    long place = size - 1;
    for (; place > 0 && falling[place - 1] < value; place--) falling[place] = falling[place - 1];
    falling[place] = value;
}

/* Mean difference a slot between the largest values of the eligible captions and those of the chosen. */
static double missed(long found, long eligible, const double *values, State *s) {
    double total = 0.0;
    for (long i = 0; i < found; i++) s->best[i] = s->own[i] = -INFINITY;
    for (long i = 0; i < eligible; i++)
        if (values[i] > s->best[found - 1]) sink(s->best, found, values[i]);
    for (long i = 0; i < found; i++) sink(s->own, found, values[s->chosen[i]]);
    for (long i = 0; i < found; i++) total += s->best[i] - s->own[i];
    return total / found;
}

/* The chosen captions, best first, take the tier's slots in the day's shuffled order. */
static void assign(int tier, long found, long eligible, State *s) {
    double regret = 0.0, regret_usd = 0.0, least = 0.0;
    if (tier != BUMP && found > 0) {
        regret_usd = missed(found, eligible, s->usd, s);
        regret = missed(found, eligible, s->mean, s);
        least = s->best[found - 1];
    }
    long taken = 0;
    for (long place = 0; place < s->slots; place++) {
        Slot *slot = &s->plan[s->order[place]];
        if (slot->tier != tier) continue;
        slot->regret = regret, slot->regret_usd = regret_usd, slot->caption = -1;
        if (taken < found) {
            int32_t i = s->chosen[taken];
            slot->caption = s->eligible[i], slot->best = s->mean[i] >= least;
        }
        taken++;
    }
}

/* Fill the day's slots, which are laid out, with captions. */
static void choose_day(long day, State *s) {
    long wanted[TIERS] = {0};
    for (long i = 0; i < s->slots; i++) wanted[s->plan[i].tier]++;
    for (int tier = 0; tier < TIERS; tier++) {
        if (wanted[tier] == 0) continue;
        long eligible = gather(tier, day, day * DAY - s->rules->cool_down_s, s);
        long found = rank(eligible, wanted[tier], pull_key(s->page->policy_key, day * TIERS + tier), s);
        assign(tier, found, eligible, s);
        s->result->unfilled += wanted[tier] - found;
    }
}

#endif
