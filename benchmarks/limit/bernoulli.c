/* The machine's limit: the Bernoulli world with immediate feedback, one policy a function, as a C programmer would
   write it for this problem alone. Same algorithms and the same addressed random numbers as the project's kernels, hence the same
   bits, which is how the benchmark knows that both did the same work.

   Build: gcc -O3 -march=native -ffp-contract=off -shared -fPIC bernoulli.c -lm */
#include "draws.h"
#include "wilson.h"

typedef struct {
    double best;
    int chosen, ties;
} Choice;

static inline void offer(Choice *c, double value, int arm, int arms, u64 key) {
    if (value > c->best) {
        c->best = value, c->chosen = arm, c->ties = 1;
    } else if (value == c->best) {
        c->ties += 1;
        if (uniform(arm_key(key, arms + c->ties)) * c->ties < 1.0) c->chosen = arm;
    }
}

/* Beta draws */
static inline double beta(u64 state, double a, double b) {
    double first = gamma_from_one(&state, a), second = gamma_from_one(&state, b);
    return first / (first + second);
}
#include "tails.h"

/* Everything but the rule: DERIVE keeps x[a], y[a] of an arm a up to date, CHOOSE leaves an arm in c.chosen. */
#define KERNEL(NAME, DERIVE, CHOOSE)                                                                                \
    void NAME(long pulls, long rows, long arms, const double *means, const u64 *outcome_key, const u64 *policy_key, \
              const double *p, double *regret, double *reward) {                                                    \
        double x[arms], y[arms], n[arms], s[arms];                                                                  \
        double level[arms], chance[arms], pace[arms], doubt[arms];                                                  \
        long vain[arms], passed[arms], drawn[arms];                                                                 \
        Tails tails = {level, chance, pace, doubt, vain, passed, drawn};                                            \
        Tangent tangent[arms];                                                                                      \
        u64 pulled[arms];                                                                                           \
        for (long r = 0; r < rows; r++) {                                                                           \
            const double *mean = means + r * arms;                                                                  \
            double best_mean = 0.0, lost = 0.0, won = 0.0, outcome = 0.0;                                           \
            for (int a = 0; a < arms; a++) {                                                                        \
                n[a] = s[a] = 0.0, pulled[a] = 0;                                                                   \
                if (mean[a] > best_mean) best_mean = mean[a];                                                       \
                DERIVE                                                                                              \
            }                                                                                                       \
            for (long t = 0; t < pulls; t++) {                                                                      \
                u64 key = pull_key(policy_key[r], t);                                                               \
                Choice c = {-INFINITY, -1, 0};                                                                      \
                CHOOSE                                                                                              \
                int a = c.chosen;                                                                                   \
                outcome = uniform(pull_key(arm_key(outcome_key[r], a), pulled[a])) < mean[a];                       \
                pulled[a] += 1, n[a] += 1.0, s[a] += outcome;                                                       \
                DERIVE                                                                                              \
                lost += best_mean - mean[a], won += outcome;                                                        \
            }                                                                                                       \
            regret[r] = lost, reward[r] = won;                                                                      \
        }                                                                                                           \
    }
#define EACH(SCORE) for (int a = 0; a < arms; a++) offer(&c, SCORE, a, arms, key);

typedef struct {
    double value, rise, since; /* rise < 0: the arm has changed */
} Tangent;

/* wilson_sample: p = {z, prior successes, prior failures} */
KERNEL(wilson_sample, { wilson(p[1] + s[a], p[2] + n[a] - s[a], p[0], &x[a], &y[a]); },
       EACH(clamp(x[a] + y[a] * uniform(arm_key(key, a)))))

/* ucb1: p = {alpha} */
KERNEL(ucb1, { n[a] > 0.0 ? (x[a] = s[a] / n[a], y[a] = 1.0 / sqrt(n[a])) : (x[a] = INFINITY, y[a] = 0.0); },
       double width = sqrt(p[0] * log(t > 1 ? (double)t : 1.0)); EACH(x[a] + y[a] * width))

/* epsilon_greedy: p = {epsilon} */
KERNEL(epsilon_greedy, { x[a] = n[a] > 0.0 ? s[a] / n[a] : INFINITY; },
       if (uniform(key) < p[0]) EACH(uniform(arm_key(key, a))) else EACH(x[a]))

/* thompson_beta: p = {prior successes, prior failures} */
KERNEL(thompson_beta,
       {
           if (n[a] > 0.0) follow(&tails, a, x[a], y[a], outcome);
           x[a] = p[0] + s[a];
           y[a] = p[1] + n[a] - s[a];
       },
       if (t == 0) start_tails(&tails, arms);
       c.chosen = best_by_tails(&tails, x, y, arms, key);)

/* kl_ucb, c = 0: Halley on sqrt(kl) in a bracket; earlier indices and their tangents say whom to solve for */
static inline double min(double a, double b) { return b < a ? b : a; }
static inline double max(double a, double b) { return b > a ? b : a; }
static inline double kl(double q, double d) {
    if (d <= 0.0) return 0.0;
    double room = 1.0 - q;
    if (d >= room) return INFINITY;
    if (q <= 1e-300) return -room * log1p(-d / room);
    if (d > 1e-3) return room * log(room / (room - d)) + q * log(q / (q + d));
    return max(0.0, -room * log1p(-d / room) - q * log1p(d / q));
}
static inline double kl_reach(double q, double budget) {
    double pinsker = sqrt(0.5 * budget), near_zero = budget + sqrt(budget * (budget + 2.0 * q));
    double near_one = sqrt(2.0 * budget * max(1.0 - q, 0.0));
    return min(1.0, q + min(min(pinsker, near_zero), near_one));
}
static inline double first_guess(double q, double budget) {
    double v = q * (1.0 - q), s = sqrt(2.0 * v * budget), lean = (1.0 - 2.0 * q) / (3.0 * v);
    double guess = s * (1.0 + s * (lean + s * (0.25 * lean * lean - 0.25 / v)));
    return 0.5 * s < guess && guess < 1.0 - q ? guess : min(s, 0.5 * (1.0 - q));
}
static inline double halley(double p, double d, double value, double budget) {
    double q = p + d, spread = q * (1.0 - q);
    if (q >= 1.0 || d <= 0.0 || value <= 0.0) return INFINITY;
    double newton = 2.0 * (value - sqrt(value * budget)) * spread / d;
    double bend = newton * (1.0 / d - (1.0 - 2.0 * q) / spread - 0.5 * d / (spread * value));
    return newton / (1.0 - 0.5 * max(-1.0, min(1.0, bend)));
}
static inline double kl_upper(double q, double budget) {
    if (budget <= 0.0 || q >= 1.0) return min(q, 1.0);
    double reach = kl_reach(q, budget);
    if (q <= 1e-300) return max(q, min(-expm1(-budget), reach));
    double low = 0.0, high = reach - q, d = min(first_guess(q, budget), high);
    for (int i = 0; i < 60; i++) {
        double value = kl(q, d);
        if (value > budget) high = d; else low = d;
        double next = d - halley(q, d, value, budget);
        if (!(low <= next && next <= high)) next = 0.5 * (low + high);
        double moved = fabs(next - d);
        d = next;
        double spread = (q + d) * (1.0 - q - d);
        if (moved * moved * moved <= 1e-14 * (q + d) * spread * spread) break;
    }
    return min(q + d, reach);
}
static inline double kl_slope(double q, double upper) {
    double d = upper - q - 1e-12;
    return q >= 1.0 ? 0.0 : d > 0.0 ? upper * (1.0 - upper + 1e-12) / d : INFINITY;
}
static inline void solve(Tangent *a, double q, double n, double budget) {
    if (n <= 0.0) {
        *a = (Tangent){INFINITY, 0.0, budget};
    } else {
        double upper = kl_upper(q, budget / n);
        *a = (Tangent){upper, kl_slope(q, upper) / n, budget};
    }
}
static inline double ceiling(const Tangent *a, double budget) {
    double age = budget - a->since;
    return age == 0.0 ? a->value : a->value + a->rise * age + 1e-12;
}
static inline int solved(const Tangent *a, double budget) { return a->since == budget || a->value == INFINITY; }
static void two_highest(Tangent *tangent, const double *x, const double *y, long arms, double budget, int *first,
                        double *second) {
    double highest = *second = -INFINITY;
    for (int a = 0; a < arms; a++) {
        if (tangent[a].rise < 0.0) solve(&tangent[a], x[a], y[a], budget);
        double bound = ceiling(&tangent[a], budget);
        if (bound > highest) {
            *second = highest, highest = bound, *first = a;
        } else if (bound > *second) {
            *second = bound;
        }
    }
}
static int most_hopeful(Tangent *tangent, const double *x, const double *y, long arms, double budget, u64 key) {
    int first = 0;
    double second;
    two_highest(tangent, x, y, arms, budget, &first, &second);
    for (int looks = 0; looks < 3 && !solved(&tangent[first], budget); looks++) {
        solve(&tangent[first], x[first], y[first], budget);
        if (tangent[first].value > second) return first;
        two_highest(tangent, x, y, arms, budget, &first, &second);
    }
    if (solved(&tangent[first], budget) && tangent[first].value > second) return first;
    double floor = tangent[first].value - 1e-12;
    Choice c = {-INFINITY, -1, 0};
    for (int a = 0; a < arms; a++)
        if (ceiling(&tangent[a], budget) >= max(c.best, floor)) {
            if (!solved(&tangent[a], budget)) solve(&tangent[a], x[a], y[a], budget);
            offer(&c, tangent[a].value, a, arms, key);
        }
    return c.chosen;
}
KERNEL(kl_ucb, { x[a] = n[a] > 0.0 ? s[a] / n[a] : INFINITY; y[a] = n[a]; tangent[a].rise = -1.0; },
       c.chosen = most_hopeful(tangent, x, y, arms, log(t > 1 ? (double)t : 1.0), key);)
