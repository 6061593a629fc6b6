/* The machine's limit: the traffic world under wilson_sample, as a C programmer would write it for this problem alone:
   one page after the other from the first second to the last, its state in the innermost cache. Same model, algorithms
   and addressed random numbers as the project's kernel (sim/worlds/traffic_kernel.py), hence the same numbers. What is
   left out is what only the project's generality asks for: caption_bandit_stats, logs, other policies, stopping midway.

   Build: gcc -O3 -march=native -ffp-contract=off -shared -fPIC traffic.c -lm */
#include "counts.h"
#include "draws.h"
#include "traffic.h"
#include "traffic_choice.h"
#include "wilson.h"

#include <stdlib.h>

/* ---- the plan of a day ---- */
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

/* Priced slots keep the page's gap: uniform order statistics, spaced by it. */
static void place_priced(long day, u64 key, long count, State *s) {
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
        slot->time = start + (long)(s->draw[i] * free) + i * gap, slot->number = day * SLOTS + i, slot->tier = 0;
    }
}
static void place_unpriced(long day, u64 key, long first, long count, State *s) {
    long start = day * DAY + s->rules->first_s;
    for (long i = first; i < first + count; i++) {
        Slot *slot = &s->plan[i];
        slot->time = start + (long)(uniform(arm_key(key, TIMES + i)) * s->rules->open_s);
        slot->number = day * SLOTS + i, slot->tier = BUMP;
    }
}
static void sort_by_time(Slot *plan, long count) {
    for (long i = 1; i < count; i++) {
        Slot slot = plan[i];
        long place = i;
        for (; place > 0 && plan[place - 1].time > slot.time; place--) plan[place] = plan[place - 1];
        plan[place] = slot;
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
    place_priced(day, key, priced, s);
    place_unpriced(day, key, priced, unpriced, s);
    s->slots = priced + unpriced;
    sort_by_time(s->plan, s->slots);
    shuffle(s->order, s->slots, key);
    for (long i = 0; i < s->slots; i++) {
        Slot *slot = &s->plan[s->order[i]];
        if (slot->tier != BUMP) slot->tier = s->p->cycle[s->priced_sends++ % s->p->length];
        slot->factor = s->season[slot->time / DAY] * s->p->hours[slot->time % DAY / HOUR];
    }
}

/* ---- captions come, go and drift ---- */
static void begin_week(long week, State *s) {
    double sigma = s->rules->drift_sigma;
    long position = 0;
    for (int tier = 0; tier < TIERS; tier++) {
        s->alive_start[tier] = position;
        for (long c = s->page->tier_start[tier]; c < s->page->tier_start[tier + 1]; c++) {
            if (s->bank[c].arrives > week || week >= s->bank[c].retires) continue;
            s->alive[position++] = c;
            Caption *caption = &s->captions[c];
            if (s->bank[c].arrives < week && caption->rate > 0.0 && sigma > 0.0) {
                u64 state = pull_key(arm_key(s->page->drift_key, caption->id), week);
                caption->rate *= exp(sigma * normal(&state) - 0.5 * sigma * sigma);
            }
        }
    }
    s->alive_start[TIERS] = position;
}

/* ---- a send ---- */
enum { RATE, COUNT };                /* addresses among a slot's draws */
enum { PURCHASES, NOISE, LATENESS }; /* and among a use's */

static inline double at_most_one(double rate) { return rate < 1.0 ? rate : 1.0; }

static long viewers(const Slot *slot, const State *s) {
    const Rules *r = s->rules;
    u64 key = pull_key(s->page->view_key, slot->number), state = arm_key(key, RATE);
    double mu = slot->tier == BUMP ? r->unpriced_mu : r->priced_mu;
    double sigma = slot->tier == BUMP ? r->unpriced_sigma : r->priced_sigma;
    return binomial(arm_key(key, COUNT), s->page->fans, at_most_one(exp(mu + sigma * normal(&state))));
}
static long buyers(const Caption *c, const Slot *slot, double wear, long views, const State *s) {
    u64 key = pull_key(arm_key(s->page->outcome_key, c->id), c->uses), state = arm_key(key, NOISE);
    double rate = c->rate * (1.0 - wear) * slot->factor, shape = s->rules->message_shape;
    if (shape > 0.0) rate *= gamma_draw(&state, shape) / shape;
    return binomial(arm_key(key, PURCHASES), views, at_most_one(rate));
}
static void send(const Slot *slot, State *s) {
    if (slot->caption < 0) return;
    Caption *c = &s->captions[slot->caption];
    Result *total = s->result;
    long views = viewers(slot, s), purchases = 0, day = slot->time / DAY;
    if (slot->tier != BUMP) {
        double wear = wear_on(day, c, s);
        purchases = buyers(c, slot, wear, views, s);
        c->wear = wear + s->rules->fatigue_drop * (1.0 - wear), c->worn_on = day;
    }
    double exposure = s->page->fans * s->rules->mean_views * slot->factor;
    total->sends++, total->purchases += purchases, total->revenue += purchases * c->price, total->best += slot->best;
    total->regret += exposure * slot->regret, total->regret_usd += exposure * slot->regret_usd;
    s->messages[s->sent++] = (Message){slot->time, views, purchases, slot->caption, c->uses, NAN};
    c->last_used = slot->time, c->uses++;
}

/* ---- the update job ---- */
static void insert(double *rising, long size, double value) {
    long place = size;
    for (; place > 0 && rising[place - 1] > value; place--) rising[place] = rising[place - 1];
    rising[place] = value;
}
static void delete(double *rising, long size, double value) {
    long low = 0, high = size;
    while (low < high) {
        long middle = (low + high) / 2;
        if (rising[middle] < value) low = middle + 1;
        else high = middle;
    }
    for (long place = low; place < size - 1; place++) rising[place] = rising[place + 1];
}
static void observe(Message *m, long now, State *s) {
    const Caption *c = &s->captions[m->caption];
    long known = 0;
    if (m->purchases > 0) {
        double share = s->rules->delay_s == 0.0 ? 1.0 : -expm1(-(double)(now - m->time) / s->rules->delay_s);
        u64 key = pull_key(arm_key(s->page->outcome_key, c->id), m->use);
        known = binomial(arm_key(key, LATENESS), m->purchases, share);
    }
    s->result->counted += known, s->result->late += m->purchases - known;
    m->purchases = known;
    if (m->views == 0) return;
    m->emv = (double)known / m->views * (c->price * known);
    s->window++;
    if (m->emv > 0.0) insert(s->rising, s->positives++, m->emv);
}
static void forget(long before, long end, State *s) {
    for (; s->gone < end && s->messages[s->gone].time < before; s->gone++) {
        double emv = s->messages[s->gone].emv;
        s->window -= emv >= 0.0;
        if (emv > 0.0) delete (s->rising, s->positives--, emv);
    }
}
static double median(const State *s) {
    long zeros = s->window - s->positives, upper = s->window / 2 - zeros;
    if (s->window == 0) return NAN;
    double middle = upper < 0 ? 0.0 : s->rising[upper];
    if (s->window % 2 == 1) return middle;
    return 0.5 * ((upper < 1 ? 0.0 : s->rising[upper - 1]) + middle);
}
static inline void derive(Caption *c, const Rules *r) {
    wilson(r->successes + c->s, r->failures + (c->n - c->s), r->z, &c->x, &c->y);
}
static void refresh(long now, State *s) {
    long end = s->counted;
    for (; end < s->sent && s->messages[end].time + s->rules->label_after_s <= now; end++)
        observe(&s->messages[end], now, s);
    if (end == s->counted) return;
    forget(now - s->rules->median_s, end, s);
    double line = median(s);
    for (; s->counted < end; s->counted++) {
        const Message *m = &s->messages[s->counted];
        if (m->views == 0 || isnan(line)) continue;
        Caption *c = &s->captions[m->caption];
        c->n++, c->s += m->emv > line, s->result->successes += m->emv > line;
        derive(c, s->rules);
    }
}
static void refresh_by(long time, State *s) {
    for (; s->refresh * s->rules->refresh_s <= time; s->refresh++) refresh(s->refresh * s->rules->refresh_s, s);
}

/* ---- a page ---- */
static void begin(long row, const Problem *p, Result *results, State *s) {
    s->p = p, s->rules = p->rules, s->page = &p->pages[row], s->bank = &p->bank[row * p->captions];
    s->season = &p->season[s->page->replication * p->days], s->result = &results[row];
    s->slots = s->priced_sends = s->sent = s->counted = s->gone = s->window = s->positives = 0, s->refresh = 1;
    *s->result = (Result){0};
    Caption fresh = {.last_used = -(1l << 40)};
    derive(&fresh, s->rules);
    for (long c = 0; c < p->captions; c++) {
        s->captions[c] = fresh;
        s->captions[c].rate = s->bank[c].rate, s->captions[c].price = s->bank[c].price, s->captions[c].id = s->bank[c].id;
    }
}
static void run_page(State *s) {
    for (long day = 0; day < s->p->days; day++) {
        refresh_by(day * DAY, s);
        if (day % 7 == 0) begin_week(day / 7, s);
        plan_day(day, s);
        choose_day(day, s);
        for (long slot = 0; slot < s->slots; slot++) {
            refresh_by(s->plan[slot].time, s);
            send(&s->plan[slot], s);
        }
    }
    refresh_by(s->p->days * DAY - 1, s);
}

static void *array(long size, long each) {
    void *made = aligned_alloc(64, (size * each + 127) / 64 * 64);
    if (!made) abort();
    return made;
}
#define FLOATS(SIZE) array(SIZE, sizeof(double))
#define INTEGERS(SIZE) array(SIZE, sizeof(int32_t))

/* All pages from time zero to the end of the last day; `results` (rows). */
void traffic(const Problem *p, Result *results) {
    long captions = p->captions, most = p->rules->most, messages = most * p->days;
    State s = {
        .captions = array(captions, sizeof(Caption)), .plan = array(most, sizeof(Slot)),
        .messages = array(messages, sizeof(Message)), .rising = FLOATS(messages), .draw = FLOATS(most),
        .order = INTEGERS(most), .alive = INTEGERS(captions), .eligible = INTEGERS(captions),
        .x = FLOATS(captions), .y = FLOATS(captions), .mean = FLOATS(captions), .usd = FLOATS(captions),
        .score = FLOATS(captions), .top_score = FLOATS(most), .top_luck = FLOATS(most), .chosen = INTEGERS(most),
        .best = FLOATS(most), .own = FLOATS(most),
    };
    for (long row = 0; row < p->rows; row++) {
        begin(row, p, results, &s);
        run_page(&s);
    }
    void *made[] = {s.captions, s.plan, s.messages, s.rising, s.draw, s.order, s.alive, s.eligible, s.x,
                    s.y, s.mean, s.usd, s.score, s.top_score, s.top_luck, s.chosen, s.best, s.own};
    for (unsigned i = 0; i < sizeof made / sizeof *made; i++) free(made[i]);
}
