/* The machine's limit: the traffic world under wilson_sample, as a C programmer would write it for this problem alone:
   one page after the other from the first second to the last, its state in the innermost cache. Same model, algorithms
   and addressed random numbers as the project's kernel (sim/worlds/traffic_kernel.py), hence the same numbers. What is
   left out is what only the project's generality asks for: caption_bandit_stats, logs, other policies, stopping midway.

   Build: gcc -O3 -march=native -ffp-contract=off -shared -fPIC traffic.c -lm */
#include "counts.h"
#include "draws.h"
#include "traffic.h"
#include "traffic_bank.h"
#include "traffic_choice.h"
#include "traffic_plan.h"
#include "wilson.h"

#include <stdlib.h>

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
static long buyers(const Slot *slot, double wear, long views, const State *s) {
    const History *h = &s->history[slot->caption];
    u64 key = pull_key(arm_key(s->page->outcome_key, h->id), h->uses), state = arm_key(key, NOISE);
    double rate = s->captions[slot->caption].rate * (1.0 - wear) * slot->factor, shape = s->rules->message_shape;
    if (shape > 0.0) rate *= gamma_draw(&state, shape) / shape;
    return binomial(arm_key(key, PURCHASES), views, at_most_one(rate));
}
static void send(const Slot *slot, State *s) {
    if (slot->caption < 0) return;
    Caption *c = &s->captions[slot->caption];
    History *h = &s->history[slot->caption];
    Result *total = s->result;
    long views = viewers(slot, s), purchases = 0, day = slot->time / DAY;
    if (slot->tier != BUMP) {
        double wear = wear_on(day, slot->caption, s);
        purchases = buyers(slot, wear, views, s);
        h->wear = wear + s->rules->fatigue_drop * (1.0 - wear), h->worn_on = day;
    }
    double exposure = s->page->fans * s->rules->mean_views * slot->factor;
    total->sends++, total->purchases += purchases, total->revenue += purchases * c->price, total->best += slot->best;
    total->regret += exposure * slot->regret, total->regret_usd += exposure * slot->regret_usd;
    s->messages[s->sent++] = (Message){slot->time, views, purchases, slot->caption, h->uses, NAN};
    c->last_used = slot->time, h->uses++;
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
    long known = 0, price = s->captions[m->caption].price;
    if (m->purchases > 0) {
        double share = s->rules->delay_s == 0.0 ? 1.0 : -expm1(-(double)(now - m->time) / s->rules->delay_s);
        u64 key = pull_key(arm_key(s->page->outcome_key, s->history[m->caption].id), m->use);
        known = binomial(arm_key(key, LATENESS), m->purchases, share);
    }
    s->result->counted += known, s->result->late += m->purchases - known;
    m->purchases = known;
    if (m->views == 0) return;
    m->emv = (double)known / m->views * (price * known);
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
static inline void derive(Caption *c, const History *h, const Rules *r) {
    wilson(r->successes + h->s, r->failures + (h->n - h->s), r->z, &c->x, &c->y);
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
        History *h = &s->history[m->caption];
        h->n++, h->s += m->emv > line, s->result->successes += m->emv > line;
        derive(&s->captions[m->caption], h, s->rules);
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
    s->warm = 0, s->fresh = (Caption){.last_used = NEVER};
    derive(&s->fresh, &(History){0}, s->rules);
    for (int tier = 0; tier < TIERS; tier++) {
        long start = s->page->tier_start[tier];
        const Cold *all = &s->store;
        s->cold[tier] = (Cold){
            {all->log[PURCHASED] + start, all->log[EARNED] + start}, all->id + start, all->price + start,
            all->retires + start, 0, 0};
        s->arrived[tier] = s->using[tier] = 0;
    }
    *s->result = (Result){0};
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

/* All that is allocated, to be given back at the end. */
enum { MOST_ARRAYS = 64 };
typedef struct {
    void *made[MOST_ARRAYS];
    int count;
} Arena;

static void *array(Arena *arena, long size, long each) {
    void *made = aligned_alloc(64, (size * each + 127) / 64 * 64);
    if (!made || arena->count == MOST_ARRAYS) abort();
    return arena->made[arena->count++] = made;
}
#define FLOATS(SIZE) array(arena, SIZE, sizeof(double))
#define INTEGERS(SIZE) array(arena, SIZE, sizeof(int32_t))

static State make_state(const Problem *p, Arena *arena) {
    long captions = p->captions, most = p->rules->most, messages = most * p->days;
    long warm = (captions < messages ? captions : messages) + 1, leaders = most + SPARE;
    State s = {
        .store = {{FLOATS(captions), FLOATS(captions)}, INTEGERS(captions), INTEGERS(captions), INTEGERS(captions)},
        .captions = array(arena, warm, sizeof(Caption)), .history = array(arena, warm, sizeof(History)),
        .in_use = INTEGERS(captions), .eligible = INTEGERS(warm), .x = FLOATS(warm), .y = FLOATS(warm),
        .score = FLOATS(warm), .plan = array(arena, most, sizeof(Slot)),
        .messages = array(arena, messages, sizeof(Message)), .rising = FLOATS(messages), .draw = FLOATS(most),
        .order = INTEGERS(most), .top_score = FLOATS(most), .top_luck = FLOATS(most), .chosen = INTEGERS(most),
        .best = {FLOATS(most), FLOATS(most)}, .own = FLOATS(leaders),
    };
    for (int tier = 0; tier < BUMP; tier++)
        for (int by = 0; by < VALUES; by++) s.leaders[tier][by].list = array(arena, leaders, sizeof(Leader));
    return s;
}

/* All pages from time zero to the end of the last day; `results` (rows). */
void traffic(const Problem *p, Result *results) {
    Arena arena = {.count = 0};
    State s = make_state(p, &arena);
    for (long row = 0; row < p->rows; row++) {
        begin(row, p, results, &s);
        run_page(&s);
    }
    for (int i = 0; i < arena.count; i++) free(arena.made[i]);
}
