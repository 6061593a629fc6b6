/* Thompson sampling that draws only the arms whose score passes a level: the twin of sim/worlds/tails.py and of
   policies/beta_tails.py and policies/incomplete_beta.py, which explain and cite. Included by bernoulli.c. */

/* P(Beta > x) */
static double stirling_remainder(double a) {
    double product = 1.0, z = a;
    for (; z < 10.0; z += 1.0) product *= z;
    double r = 1.0 / (z * z);
    double series =
        (1.0 / 12.0 - r * (1.0 / 360.0 - r * (1.0 / 1260.0 - r * (1.0 / 1680.0 - r / 1188.0)))) / z;
    if (z == a) return series;
    return series + (z - 0.5) * log(z) - (a - 0.5) * log(a) - (z - a) - log(product);
}
static double log_peak(double a, double b) {
    double remainder = stirling_remainder(a + b) - stirling_remainder(a) - stirling_remainder(b);
    return 0.5 * log(a * (b / (a + b))) - 0.9189385332046727 + remainder;
}
static double beta_factor(double a, double b, double x) {
    double y = 1.0 - x, gap = x * b - (1.0 - x) * a;
    double first = fabs(gap) < 0.5 * a ? log1p(gap / a) : log(x * ((a + b) / a));
    double second = fabs(gap) < 0.5 * b ? log1p(-gap / b) : log(y * ((a + b) / b));
    return exp(log_peak(a, b) + (a * first + b * second));
}
static inline double not_zero(double v) { return fabs(v) > 1e-300 ? v : 1e-300; }
static double fraction(double a, double b, double x, double y) {
    double excess = x < y ? a - (a + b) * x : (a + b) * y - b;
    double value = a / (a + 1.0) * (excess + 1.0), c = value, d = 0.0;
    for (double m = 1.0; m < 20000.0; m += 1.0) {
        double wide = a + 2.0 * m - 1.0;
        double numerator = (a + m - 1.0) * (a + b + m - 1.0) * m * (b - m) * x * x / (wide * wide);
        double partial =
            m + m * (b - m) * x / wide + (a + m) / (a + 2.0 * m + 1.0) * (excess + 1.0 + m * (1.0 + y));
        d = 1.0 / not_zero(partial + numerator * d);
        c = not_zero(partial + numerator / c);
        value *= c * d;
        if (fabs(c * d - 1.0) < 1e-15) break;
    }
    return 1.0 / value;
}

/* one row's arms */
static const double UNKNOWN = 2.0, RARE = 0.25, LIKELY = 0.75, EXACT = 1e-12, DOUBTFUL = 1e-9;
static const double DEPTH = 2.4, NEAR = 0.5, MEMORY = 1.0 / 16.0;
static const int PATIENCE = 12;
typedef struct {
    double *restrict level, *restrict chance, *restrict pace, *restrict doubt;
    long *restrict vain, *restrict passed, *restrict drawn;
    double mean, variance, weight, highest;
} Tails;
static void start_tails(Tails *of, long arms) {
    for (int a = 0; a < arms; a++)
        of->level[a] = -INFINITY, of->chance[a] = UNKNOWN, of->pace[a] = of->doubt[a] = 0.0, of->vain[a] = 0;
    of->mean = of->variance = 0.0, of->weight = 1.0, of->highest = -INFINITY;
}
static void keep(Tails *of, int a, double chance, double pace, double doubt) {
    if (chance <= LIKELY) {
        of->chance[a] = chance, of->pace[a] = pace, of->doubt[a] = doubt;
        if (of->level[a] > of->highest) of->highest = of->level[a];
    } else {
        of->chance[a] = UNKNOWN, of->level[a] = -INFINITY;
    }
}
static void evaluate(Tails *of, int a, double x, double y) {
    double level = of->level[a];
    if (x < 1.0 || y < 1.0 || level >= 1.0 || level * (x + y) <= x) {
        keep(of, a, UNKNOWN, 0.0, EXACT);
    } else {
        double factor = beta_factor(x, y, level);
        keep(of, a, factor * fraction(y, x, 1.0 - level, level), factor, EXACT);
    }
}
static inline void follow(Tails *of, int a, double x, double y, double success) { /* one trial more */
    if (of->chance[a] == UNKNOWN) return;
    double level = of->level[a], chance = of->chance[a], pace = of->pace[a], change, after, total, moved;
    if (success > 0.0) {
        change = pace / x, moved = pace * (level * (x + y) / x), after = chance + change, x += 1.0;
    } else {
        change = pace / y, moved = pace * ((1.0 - level) * (x + y) / y), after = chance - change, y += 1.0;
    }
    total = (of->doubt[a] + 1e-15) * (chance + change) / after;
    if (pace > 1e-250 && after > 0.0 && level * (x + y) > x && total <= DOUBTFUL)
        keep(of, a, after, moved, total);
    else
        evaluate(of, a, x, y);
}

/* draws */
static double above(u64 key, double x, double y, double level) {
    double room = 1.0 - level, fall = (y - 1.0) / room - (x - 1.0) / level, steep = fall * room;
    for (;; key += STREAM + STREAM) {
        double v = open_uniform(key), u = open_uniform(key + STREAM), step;
        if (steep > 3.0)
            step = -log(v) / fall;
        else
            step = room * (steep == 0.0 ? v : -log1p(v * expm1(-steep)) / steep);
        double left = step / level, right = step / room;
        if (right >= 1.0) continue;
        if (u < 1.0 - 0.5 * ((x - 1.0) * left * left + (y - 1.0) * right * right / (1.0 - right))) return level + step;
        if (log(u) < (x - 1.0) * (log1p(left) - left) + (y - 1.0) * (log1p(-right) + right)) return level + step;
    }
}
static double draw(const Tails *of, int a, int passes, double x, double y, u64 key) {
    if (passes && of->chance[a] <= RARE) return above(pull_key(key, 0), x, y, of->level[a]);
    for (u64 attempt = 0;; attempt++) {
        double value = beta(pull_key(key, attempt), x, y);
        if ((value > of->level[a]) == passes) return value;
    }
}

/* a decision */
static inline long passing(long *restrict passed, long *restrict drawn, const double *restrict chance, long arms,
                           u64 key) {
    long count = 0;
    for (int a = 0; a < arms; a++) passed[a] = uniform(arm_key(key, a)) < chance[a];
    for (int a = 0; a < arms; a++) drawn[count] = a, count += passed[a];
    return count;
}
static void lose(Tails *of, int a, double x, double y) {
    if (++of->vain[a] < PATIENCE) return;
    double spread = sqrt(of->variance), level = of->mean - DEPTH * spread;
    of->vain[a] = 0;
    if (fabs(level - of->level[a]) > NEAR * spread) {
        of->level[a] = level;
        evaluate(of, a, x, y);
    }
}
static inline int best_by_tails(Tails *of, const double *x, const double *y, long arms, u64 key) {
    Choice c = {-INFINITY, -1, 0};
    long count = passing(of->passed, of->drawn, of->chance, arms, key);
    for (long i = 0; i < count; i++) {
        int a = of->drawn[i];
        offer(&c, draw(of, a, 1, x[a], y[a], arm_key(key, a)), a, arms, key);
    }
    if (c.best <= of->highest) {
        of->highest = -INFINITY;
        for (int a = 0; a < arms; a++) {
            if (of->level[a] > of->highest) of->highest = of->level[a];
            if (of->level[a] >= c.best && !of->passed[a]) {
                of->drawn[count++] = a;
                offer(&c, draw(of, a, 0, x[a], y[a], arm_key(key, a)), a, arms, key);
            }
        }
    }
    double gap = c.best - of->mean;
    of->mean += of->weight * gap;
    of->variance = (1.0 - of->weight) * (of->variance + of->weight * gap * gap);
    of->weight = of->weight / (1.0 + of->weight);
    if (of->weight < MEMORY) of->weight = MEMORY;
    for (long i = 0; i < count; i++)
        if (of->drawn[i] != c.chosen) lose(of, of->drawn[i], x[of->drawn[i]], y[of->drawn[i]]);
    return c.chosen;
}
