/* Binomial counts: one addressed uniform, inverted through the exact distribution function, bit for bit that of
   sim/worlds/draws.py, which names the sources. */
#ifndef COUNTS_H
#define COUNTS_H

#include "draws.h"

static const double SEARCH_FROM_ZERO = 120.0, NEGLIGIBLE = 1e-18, HALF_LOG_TWO_PI = 0.9189385332046727;

static inline double step_up(long count, double n, double odds) { return odds * (n - count) / (count + 1.0); }
static inline double step_down(long count, double n, double odds) { return count / (odds * (n - count + 1.0)); }

/* Add up probabilities from `count` on until they exceed u. */
static inline long search_up(double u, long count, double probability, double n, double odds) {
    for (u -= probability; u >= 0.0; u -= probability) {
        double factor = step_up(count, n, odds);
        probability *= factor;
        if (factor < 1.0 && probability < NEGLIGIBLE) break;
        count++;
    }
    return count;
}
static inline long search_down(double excess, long count, double probability, double n, double odds) {
    for (excess -= probability; excess > 0.0 && count > 0; excess -= probability) {
        probability *= step_down(count, n, odds);
        count--;
    }
    return count;
}
static inline double lower_tail(long mode, double probability, double n, double odds) {
    double total = probability;
    while (mode > 0 && probability > NEGLIGIBLE) {
        probability *= step_down(mode, n, odds);
        mode--;
        total += probability;
    }
    return total;
}
static inline double stirling_error(double n) {
    if (n < 16.0) return lgamma(n + 1.0) - (n + 0.5) * log(n) + n - HALF_LOG_TWO_PI;
    double square = n * n;
    return (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - 1.0 / 1680.0 / square) / square) / square) / n;
}
static inline double deviance(double count, double mean) {
    return count * log1p((count - mean) / mean) - (count - mean);
}
static inline double binomial_probability(long count, long n, double p) {
    long rest = n - count;
    double exponent = stirling_error(n) - stirling_error(count) - stirling_error(rest);
    exponent -= deviance(count, n * p) + deviance(rest, n * (1.0 - p));
    return exp(exponent - HALF_LOG_TWO_PI) * sqrt(n / ((double)count * rest));
}

/* The smallest count whose distribution function exceeds u; 0 < p <= 1/2, n >= 1. */
static inline long binomial_quantile(double u, long n, double p) {
    if (u < 1.0 - n * p) return 0; /* never above the probability of none (Bernoulli's inequality) */
    double odds = p / (1.0 - p);
    if (n * p <= SEARCH_FROM_ZERO) return search_up(u, 0, exp(n * log1p(-p)), n, odds);
    long mode = (long)((n + 1) * p);
    double probability = binomial_probability(mode, n, p), below = lower_tail(mode, probability, n, odds);
    if (u >= below) return search_up(u - below + probability, mode, probability, n, odds);
    return search_down(below - u, mode, probability, n, odds);
}
static inline long binomial(u64 key, long n, double p) {
    if (n <= 0 || p <= 0.0) return 0;
    if (p >= 1.0) return n;
    return p > 0.5 ? n - binomial_quantile(1.0 - uniform(key), n, 1.0 - p) : binomial_quantile(uniform(key), n, p);
}

#endif
