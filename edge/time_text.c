// The calendar is the proleptic Gregorian one. Both ways count days in 400-year eras that begin on
// 1 March, so that the leap day is the last day of a year (Howard Hinnant, "chrono-Compatible
// Low-Level Date Algorithms").
#include "edge/time_text.h"

enum { DAY_S = 86400, ERA_DAYS = 146097, EPOCH_DAYS = 719468 }; // 0000-03-01 to 1970-01-01

static void civil_of_days(int64_t days, int *ret_year, int *ret_month, int *ret_day)
{
    int64_t shifted = days + EPOCH_DAYS;
    int64_t era = shifted / ERA_DAYS;
    int64_t day_of_era = shifted % ERA_DAYS;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153; // from March
    *ret_day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    *ret_month = (int)(month < 10 ? month + 3 : month - 9);
    *ret_year = (int)(year_of_era + era * 400 + (*ret_month <= 2));
}

static int64_t days_of_civil(int year, int month, int day)
{
    int64_t y = year - (month <= 2);
    int64_t era = y / 400;
    int64_t year_of_era = y % 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * ERA_DAYS + day_of_era - EPOCH_DAYS;
}

static char *digits_put(char *at, int value, int digits)
{
    for (int i = digits - 1; i >= 0; i--, value /= 10)
        at[i] = (char)('0' + value % 10);
    return at + digits;
}

size_t time_text_write(int64_t unix_us, char ret_text[static TIME_TEXT_BYTES])
{
    const int64_t latest_us = INT64_C(253402300799999999); // 9999-12-31T23:59:59.999999Z
    int64_t us = unix_us < 0 ? 0 : unix_us > latest_us ? latest_us : unix_us;
    int64_t seconds = us / 1000000;
    int second_of_day = (int)(seconds % DAY_S);
    int year, month, day;
    civil_of_days(seconds / DAY_S, &year, &month, &day);
    char *at = digits_put(ret_text, year, 4);
    *at++ = '-';
    at = digits_put(at, month, 2);
    *at++ = '-';
    at = digits_put(at, day, 2);
    *at++ = 'T';
    at = digits_put(at, second_of_day / 3600, 2);
    *at++ = ':';
    at = digits_put(at, second_of_day / 60 % 60, 2);
    *at++ = ':';
    at = digits_put(at, second_of_day % 60, 2);
    if (us % 1000000 >= 1000) {
        *at++ = '.';
        at = digits_put(at, (int)(us % 1000000 / 1000), 3);
    }
    *at++ = 'Z';
    *at = 0;
    return (size_t)(at - ret_text);
}

// A text that is being read; `bad` sticks.
typedef struct time_reader {
    const char *at, *end;
    bool bad;
} time_reader;

static int digits_take(time_reader *r, int digits, int least, int most)
{
    int value = 0;
    if (r->end - r->at < digits) {
        r->bad = true;
        return least;
    }
    for (int i = 0; i < digits; i++, r->at++) {
        if (*r->at < '0' || *r->at > '9')
            r->bad = true;
        value = value * 10 + (*r->at - '0');
    }
    if (r->bad || value < least || value > most)
        r->bad = true;
    return r->bad ? least : value;
}

static bool char_take(time_reader *r, char c)
{
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

static void char_need(time_reader *r, char c)
{
    if (!char_take(r, c))
        r->bad = true;
}

static int64_t fraction_take(time_reader *r)
{
    int64_t us = 0, unit = 100000;
    if (!char_take(r, '.'))
        return 0;
    const char *first = r->at;
    for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++, unit /= 10)
        us += unit * (*r->at - '0');
    if (r->at == first || r->at - first > 9)
        r->bad = true;
    return us;
}

static int64_t offset_take(time_reader *r)
{
    if (char_take(r, 'Z') || char_take(r, 'z'))
        return 0;
    bool minus = char_take(r, '-');
    if (!minus)
        char_need(r, '+');
    int hours = digits_take(r, 2, 0, 23);
    char_need(r, ':');
    int64_t seconds = hours * 3600 + digits_take(r, 2, 0, 59) * 60;
    return minus ? -seconds : seconds;
}

static int month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

bool time_text_read(const char *text, size_t text_bytes, int64_t *ret_unix_us)
{
    time_reader r = {text, text + text_bytes, false};
    int year = digits_take(&r, 4, 1970, 9999);
    char_need(&r, '-');
    int month = digits_take(&r, 2, 1, 12);
    char_need(&r, '-');
    int day = digits_take(&r, 2, 1, r.bad ? 31 : month_days(year, month));
    int64_t seconds = days_of_civil(year, month, day) * DAY_S;
    int64_t us = 0;
    if (!r.bad && r.at < r.end) {
        if (!char_take(&r, 't'))
            char_need(&r, 'T');
        seconds += digits_take(&r, 2, 0, 23) * 3600;
        char_need(&r, ':');
        seconds += digits_take(&r, 2, 0, 59) * 60;
        char_need(&r, ':');
        seconds += digits_take(&r, 2, 0, 60);
        us = fraction_take(&r);
        seconds -= offset_take(&r);
    }
    if (r.bad || r.at != r.end)
        return false;
    *ret_unix_us = seconds * 1000000 + us;
    return true;
}
