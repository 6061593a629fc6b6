/* Which captions a page sends in a day: the best by wilson_sample, tier by tier, among those eligible; and what a
   clairvoyant would have gained. Bit for bit sim/worlds/traffic_choice.py and traffic_regret.py under this policy. */
#ifndef TRAFFIC_CHOICE_H
#define TRAFFIC_CHOICE_H

#include "traffic.h"
#include "traffic_bank.h"
#include "traffic_leaders.h"
#include "wilson.h"

/* The warm captions of a tier that were last sent by `latest`; returns how many. */
static long gather(int tier, long latest, State *s) {
    const int32_t *in_use = s->in_use + s->page->tier_start[tier];
    long count = 0;
    for (long i = 0; i < s->using[tier]; i++) {
        const Caption *c = &s->captions[in_use[i]];
        s->eligible[count] = in_use[i], s->x[count] = c->x, s->y[count] = c->y;
        count += c->last_used <= latest;
    }
    return count;
}

/* The largest scores of the tier's cold captions, as order statistics: from the top, a row of equals; returns how many.
   Positions from `eligible` on are of cold captions. */
static long rank_cold(const Cold *cold, long eligible, long wanted, u64 key, State *s) {
    long found = cold->alive < wanted ? cold->alive : wanted;
    double u = 1.0;
    for (long j = 0; j < found; j++) {
        u *= pow(uniform(arm_key(key, 2 * eligible + j)), 1.0 / (cold->alive - j));
        s->top_score[j] = clamp(s->fresh.x + s->fresh.y * u), s->top_luck[j] = u, s->chosen[j] = eligible + j;
    }
    return found;
}

/* Insert position i into the list of the best, by (score, luck); returns the list's length. */
static long enter(long i, double value, double luck, long found, long wanted, State *s) {
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

/* Positions of the `wanted` largest scores, largest first, into `chosen`; returns how many. */
static long rank(const Cold *cold, long eligible, long wanted, u64 key, State *s) {
    const double *restrict x = s->x, *restrict y = s->y;
    double *restrict score = s->score;
    for (long i = 0; i < eligible; i++) score[i] = clamp(x[i] + y[i] * uniform(arm_key(key, i)));
    long found = rank_cold(cold, eligible, wanted, key, s);
    for (long i = 0; i < eligible; i++)
        if (found < wanted || score[i] >= s->top_score[found - 1])
            found = enter(i, score[i], uniform(arm_key(key, eligible + i)), found, wanted, s);
    return found;
}

/* The `found` largest true values of the eligible and the cold captions into `best`. */
static void expect(int tier, long day, long eligible, long found, State *s) {
    for (int by = 0; by < VALUES; by++) {
        const Leaders *of = leaders_of(tier, by, found, s);
        for (long i = 0; i < found; i++) s->best[by][i] = i < of->size ? of->list[i].value : 0.0;
    }
    double *best = s->best[PURCHASED], *usd = s->best[EARNED];
    for (long i = 0; i < eligible; i++) {
        const Caption *c = &s->captions[s->eligible[i]];
        /* A fresh caption is worth more than a worn one: most need no closer look. */
        if (c->rate <= best[found - 1] && c->rate * c->price <= usd[found - 1]) continue;
        double rate = rate_on(day, s->eligible[i], s);
        if (rate > best[found - 1]) sink(best, found, rate);
        if (rate * c->price > usd[found - 1]) sink(usd, found, rate * c->price);
    }
}

/* Mean difference a slot between the largest values and those of the chosen captions. */
static double missed(int by, long day, long found, State *s) {
    double total = 0.0;
    for (long i = 0; i < found; i++) s->own[i] = 0.0;
    for (long i = 0; i < found; i++) {
        double rate = rate_on(day, s->chosen[i], s);
        sink(s->own, found, by == EARNED ? rate * s->captions[s->chosen[i]].price : rate);
    }
    for (long i = 0; i < found; i++) total += s->best[by][i] - s->own[i];
    return total / found;
}

/* The chosen captions, best first, take the tier's slots in the day's shuffled order; from then on all are warm. */
static void assign(int tier, long day, long found, long eligible, u64 key, State *s) {
    long taken = 0;
    for (long place = 0; place < s->slots; place++) {
        Slot *slot = &s->plan[s->order[place]];
        if (slot->tier != tier) continue;
        slot->regret = slot->regret_usd = 0.0, slot->caption = -1;
        if (taken < found) {
            long i = s->chosen[taken];
            long c = i < eligible ? s->eligible[i] : take(tier, arm_key(key, 2 * eligible + found + taken), s);
            s->chosen[taken] = slot->caption = c;
            slot->best = tier != BUMP && rate_on(day, c, s) >= s->best[PURCHASED][found - 1];
        }
        taken++;
    }
}
static void note_missed(int tier, double regret, double regret_usd, State *s) {
    for (long i = 0; i < s->slots; i++)
        if (s->plan[i].tier == tier) s->plan[i].regret = regret, s->plan[i].regret_usd = regret_usd;
}

/* Fill the day's slots, which are laid out, with captions. */
static void choose_day(long day, State *s) {
    long wanted[TIERS] = {0};
    for (long i = 0; i < s->slots; i++) wanted[s->plan[i].tier]++;
    for (int tier = 0; tier < TIERS; tier++) {
        if (wanted[tier] == 0) continue;
        u64 key = pull_key(s->page->policy_key, day * TIERS + tier);
        long eligible = gather(tier, day * DAY - s->rules->cool_down_s, s);
        long found = rank(&s->cold[tier], eligible, wanted[tier], key, s), priced = tier != BUMP && found > 0;
        if (priced) expect(tier, day, eligible, found, s);
        assign(tier, day, found, eligible, key, s);
        if (priced) note_missed(tier, missed(PURCHASED, day, found, s), missed(EARNED, day, found, s), s);
        s->result->unfilled += wanted[tier] - found;
    }
}

#endif
