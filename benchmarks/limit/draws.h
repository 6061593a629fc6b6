/* Random numbers of the C kernels: a draw is a pure function of a 64-bit key, bit for bit that of policies/draws.py,
   which names the sources. */
#ifndef DRAWS_H
#define DRAWS_H

#include <math.h>
#include <stdint.h>

typedef uint64_t u64;

static const u64 STREAM = 0x9E3779B97F4A7C15ull, PULL = 0xD1342543DE82EF95ull, ARM = 0xDA942042E4DD58B5ull;

static inline u64 mix(u64 k) {
    k = (k ^ (k >> 30)) * 0xBF58476D1CE4E5B9ull;
    k = (k ^ (k >> 27)) * 0x94D049BB133111EBull;
    return k ^ (k >> 31);
}
static inline u64 pull_key(u64 row, u64 pull) { return mix(row + PULL * (pull + 1)); }
static inline u64 arm_key(u64 decision, u64 arm) { return decision + ARM * (arm + 1); }
static inline double uniform(u64 k) { return (double)(mix(k) >> 11) * 0x1p-53; }
static inline double open_uniform(u64 k) { return ((double)(mix(k) >> 12) + 0.5) * 0x1p-52; }

/* Normals and gammas walk a stream of states; `set_ziggurat` must come first. */
static double edge[258], density[258];
void set_ziggurat(long size, const double *edges, const double *densities) {
    for (long i = 0; i < size; i++) edge[i] = edges[i], density[i] = densities[i];
}

static double normal_tail(u64 *state) {
    for (;;) {
        double x = -log(open_uniform(*state)) / edge[1], y = -log(open_uniform(*state + STREAM));
        *state += STREAM + STREAM;
        if (y + y > x * x) return edge[1] + x;
    }
}
static inline double normal(u64 *state) {
    for (;;) {
        u64 bits = mix(*state);
        *state += STREAM;
        int layer = bits & 255;
        double x = (double)(bits >> 11) * 0x1p-53 * edge[layer];
        if (x >= edge[layer + 1]) {
            if (layer == 0) {
                x = normal_tail(state);
            } else {
                double height = density[layer] + uniform(*state) * (density[layer + 1] - density[layer]);
                *state += STREAM;
                if (height >= exp(-0.5 * x * x)) continue;
            }
        }
        return bits & 256 ? -x : x;
    }
}
static inline double gamma_from_one(u64 *state, double shape) {
    double d = shape - 1.0 / 3.0, c = 1.0 / sqrt(9.0 * d);
    for (;;) {
        double z = normal(state), v = 1.0 + c * z;
        if (v <= 0.0) continue;
        v = v * v * v;
        double u = open_uniform(*state), square = z * z;
        *state += STREAM;
        if (u < 1.0 - 0.0331 * square * square || log(u) < 0.5 * square + d * (1.0 - v + log(v))) return d * v;
    }
}
/* A gamma of any shape > 0 and scale 1. */
static inline double gamma_draw(u64 *state, double shape) {
    if (shape >= 1.0) return gamma_from_one(state, shape);
    double value = log(gamma_from_one(state, shape + 1.0)) + log(open_uniform(*state)) / shape;
    *state += STREAM;
    return exp(value);
}

#endif
