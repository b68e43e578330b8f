#include "ops/provider/faults.h"

#include <jansson.h>
#include <stdio.h>

typedef enum fault_shorthand { RATE, VALUE } fault_shorthand;

typedef struct fault_row {
    const char *name;
    fault_shorthand shorthand;
    int64_t value, least, greatest;
    const char *help;
} fault_row;

_Static_assert(FAULTS_END <= 32, "a bit for each");

static const fault_row rows[FAULTS_END] = {
#define F(name, text, shorthand, value, least, greatest, help)                                     \
    {text, shorthand, value, least, greatest, help},
    FAULT_LIST(F)
#undef F
};

void faults_init(faults *f)
{
    pthread_mutex_init(&f->mutex, NULL);
    faults_clear(f);
    f->seed = 1;
}

void faults_done(faults *f)
{
    pthread_mutex_destroy(&f->mutex);
}

static void faults_forget(fault_state *states)
{
    for (fault i = 0; i < FAULTS_END; i++)
        states[i] = (fault_state){.count = -1, .value = rows[i].value};
}

// The mutex is held.
static void faults_arm(faults *f)
{
    unsigned armed = 0;
    for (fault i = 0; i < FAULTS_END; i++)
        armed |= f->states[i].rate > 0 ? 1u << i : 0;
    atomic_store(&f->armed, armed);
}

static bool is_armed(faults *f, fault which)
{
    return atomic_load_explicit(&f->armed, memory_order_relaxed) >> which & 1;
}

void faults_clear(faults *f)
{
    pthread_mutex_lock(&f->mutex);
    faults_forget(f->states);
    faults_arm(f);
    pthread_mutex_unlock(&f->mutex);
}

// SplitMix64's finalizer (Steele, Lea, Flood, OOPSLA 2014): a number's well-mixed successor.
static uint64_t mix(uint64_t z)
{
    z += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

// 53 random bits as a number from 0 to below 1.
static double draw(const faults *f, fault which, uint64_t chance)
{
    return (double)(mix(mix(f->seed + (uint64_t)which * 0x10001u) + chance) >> 11) * 0x1p-53;
}

bool faults_roll(faults *f, fault which, int64_t *ret_value)
{
    if (!is_armed(f, which))
        return false;
    pthread_mutex_lock(&f->mutex);
    fault_state *s = &f->states[which];
    bool strikes = false;
    if (s->rate > 0 && s->count != 0) {
        strikes = draw(f, which, s->chances++) < s->rate;
        if (strikes && s->count > 0)
            s->count--;
        s->struck += strikes;
        if (strikes && ret_value != NULL)
            *ret_value = s->value;
    }
    pthread_mutex_unlock(&f->mutex);
    return strikes;
}

int64_t faults_draw(faults *f, fault which, int64_t below)
{
    pthread_mutex_lock(&f->mutex);
    // The upper half of the chances' numbers, so that a draw never repeats a roll.
    uint64_t chance = (1ull << 63) + f->states[which].chances;
    int64_t drawn = (int64_t)(draw(f, which, chance) * (double)below);
    pthread_mutex_unlock(&f->mutex);
    return drawn;
}

int64_t faults_clock_offset_us(faults *f)
{
    if (!is_armed(f, FAULT_CLOCK_OFFSET))
        return 0;
    pthread_mutex_lock(&f->mutex);
    const fault_state *s = &f->states[FAULT_CLOCK_OFFSET];
    int64_t offset_us = s->rate > 0 ? s->value * 1000 : 0;
    pthread_mutex_unlock(&f->mutex);
    return offset_us;
}

static bool rate_take(const json_t *number, double *ret_rate)
{
    double rate = json_number_value(number);
    if (!json_is_number(number) || !(rate >= 0 && rate <= 1))
        return false;
    *ret_rate = rate;
    return true;
}

static bool integer_take(const json_t *number, int64_t least, int64_t greatest, int64_t *ret_value)
{
    if (!json_is_integer(number) || json_integer_value(number) < least ||
        json_integer_value(number) > greatest)
        return false;
    *ret_value = json_integer_value(number);
    return true;
}

static bool fault_take(const fault_row *r, const json_t *value, fault_state *s)
{
    if (json_is_number(value) && r->shorthand == RATE)
        return rate_take(value, &s->rate);
    if (json_is_number(value)) {
        s->rate = 1;
        return integer_take(value, r->least, r->greatest, &s->value);
    }
    const char *key;
    json_t *member;
    bool ok = json_is_object(value);
    s->rate = 1;
    json_object_foreach((json_t *)value, key, member)
    {
        if (strcmp(key, "rate") == 0)
            ok = ok && rate_take(member, &s->rate);
        else if (strcmp(key, "count") == 0)
            ok = ok && integer_take(member, -1, INT64_MAX, &s->count);
        else if (strcmp(key, "value") == 0)
            ok = ok && integer_take(member, r->least, r->greatest, &s->value);
        else
            ok = false;
    }
    return ok;
}

static bool faults_take(const char *key, const json_t *value, fault_state *states)
{
    for (fault i = 0; i < FAULTS_END; i++)
        if (strcmp(rows[i].name, key) == 0) {
            states[i].count = -1;
            states[i].value = rows[i].value;
            return fault_take(&rows[i], value, &states[i]);
        }
    return false;
}

// Works on copies, which replace the table only when everything could be read.
static bool faults_take_all(const json_t *root, uint64_t *seed, fault_state *states,
                            char *ret_problem, size_t problem_bytes)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)root, key, value)
    {
        if (strcmp(key, "seed") == 0 && json_is_integer(value)) {
            *seed = (uint64_t)json_integer_value(value);
            for (fault i = 0; i < FAULTS_END; i++)
                states[i].chances = 0;
        } else if (!faults_take(key, value, states)) {
            snprintf(ret_problem, problem_bytes,
                     "There is no fault \"%.60s\", or its rate, count or value is out of bounds.",
                     key);
            return false;
        }
    }
    return true;
}

bool faults_set(faults *f, const char *json, size_t json_bytes, char *ret_problem,
                size_t problem_bytes)
{
    json_error_t error;
    json_t *root = json_loadb(json, json_bytes, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(root)) {
        snprintf(ret_problem, problem_bytes, "Faults are one JSON object.");
        json_decref(root);
        return false;
    }
    fault_state states[FAULTS_END];
    pthread_mutex_lock(&f->mutex);
    uint64_t seed = f->seed;
    memcpy(states, f->states, sizeof states);
    bool ok = faults_take_all(root, &seed, states, ret_problem, problem_bytes);
    if (ok) {
        f->seed = seed;
        memcpy(f->states, states, sizeof states);
        faults_arm(f);
    }
    pthread_mutex_unlock(&f->mutex);
    json_decref(root);
    return ok;
}

void faults_write(faults *f, jsonout *out)
{
    jsonout_open(out, NULL, '{');
    pthread_mutex_lock(&f->mutex);
    jsonout_integer(out, "seed", (int64_t)f->seed);
    for (fault i = 0; i < FAULTS_END; i++) {
        const fault_state *s = &f->states[i];
        jsonout_open(out, rows[i].name, '{');
        jsonout_real(out, "rate", s->rate);
        jsonout_integer(out, "count", s->count);
        jsonout_integer(out, "value", s->value);
        jsonout_integer(out, "struck", (int64_t)s->struck);
        jsonout_string(out, "what", rows[i].help);
        jsonout_close(out, '}');
    }
    pthread_mutex_unlock(&f->mutex);
    jsonout_close(out, '}');
}
