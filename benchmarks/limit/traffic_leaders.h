/* The best of a tier's cold captions, by purchases and by dollars a view, which the clairvoyant needs. The values are
   those of sim/worlds/traffic_leaders.py; the way to them is not: a list is as long as it needs to be, and made when it
   is asked for. */
#ifndef TRAFFIC_LEADERS_H
#define TRAFFIC_LEADERS_H

#include "traffic.h"

enum { SPARE = 2, STRIDE = 64 };      /* leaders beyond those needed today; captions compared at once */
static const double LOG_ERROR = 1e-9; /* within which logarithms do not decide who is better */

static inline int any_above(const double *log, long size, double bar) {
    int any = 0;
    for (long i = 0; i < size; i++) any |= log[i] > bar;
    return any;
}

/* The logarithm of the `wanted`-th best of the cold captions, of which there are so many; `falling` is scratch. */
static double bar_of(const double *log, const Cold *cold, long week, long wanted, double *falling) {
    for (long i = 0; i < wanted; i++) falling[i] = -INFINITY;
    for (long low = 0; low < cold->listed; low += STRIDE) {
        long end = low + STRIDE < cold->listed ? low + STRIDE : cold->listed;
        if (!any_above(log + low, end - low, falling[wanted - 1])) continue;
        for (long i = low; i < end; i++)
            if (log[i] > falling[wanted - 1] && cold->retires[i] > week) sink(falling, wanted, log[i]);
    }
    return falling[wanted - 1];
}

/* Put a caption into the descending list, whose last falls out of a full one. */
static void enlist(Leaders *of, long room, double value, int32_t id) {
    long place = of->size;
    if (place == room) {
        if (value <= of->list[room - 1].value) return;
        place--;
    } else {
        of->size++;
    }
    for (; place > 0 && of->list[place - 1].value < value; place--) of->list[place] = of->list[place - 1];
    of->list[place] = (Leader){value, id};
}
static void lead(Leaders *of, int by, const Cold *cold, long week, long wanted, double *falling) {
    const double *log = cold->log[by];
    double bar = bar_of(log, cold, week, wanted, falling) - LOG_ERROR;
    of->size = 0;
    for (long low = 0; low < cold->listed; low += STRIDE) {
        long end = low + STRIDE < cold->listed ? low + STRIDE : cold->listed;
        if (!any_above(log + low, end - low, bar)) continue;
        for (long i = low; i < end; i++)
            if (log[i] > bar && cold->retires[i] > week)
                enlist(of, wanted, exp(cold->log[PURCHASED][i]) * (by == EARNED ? cold->price[i] : 1), cold->id[i]);
    }
}

/* The best `wanted` cold captions of a tier, or all that there are. */
static const Leaders *leaders_of(int tier, int by, long wanted, State *s) {
    Leaders *of = &s->leaders[tier][by];
    const Cold *cold = &s->cold[tier];
    if (of->size < (wanted < cold->alive ? wanted : cold->alive)) {
        long room = wanted + SPARE < cold->alive ? wanted + SPARE : cold->alive;
        lead(of, by, cold, s->week, room, s->own);
    }
    return of;
}

/* Take a caption off a list, where it stands on it. */
static void strike(Leaders *of, int32_t id) {
    long place = 0;
    while (place < of->size && of->list[place].id != id) place++;
    if (place == of->size) return;
    of->size--;
    for (; place < of->size; place++) of->list[place] = of->list[place + 1];
}

#endif
