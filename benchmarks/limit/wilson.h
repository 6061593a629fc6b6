/* The Wilson interval as the warehouse computes it (policies/wilson.py), and a draw from it. */
#ifndef WILSON_H
#define WILSON_H

#include <math.h>

/* Lower bound into x, width into y, of s successes and f failures. */
static inline void wilson(double s, double f, double z, double *x, double *y) {
    double n = s + f, q = s / n, d = 1.0 + z * z / n;
    double centre = (q + z * z / (2.0 * n)) / d;
    double half = z * sqrt(q * (1.0 - q) / n + z * z / (4.0 * n * n)) / d;
    *x = centre - half;
    *y = (centre + half) - *x;
}
static inline double clamp(double v) {
    v = v < 1.0 ? v : 1.0;
    return v > 0.0 ? v : 0.0;
}

#endif
