/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads: UTCTime and GeneralizedTime (X.680 46 and 47), also as tools before DER wrote them: without seconds, with fractions,
 * with an offset instead of Z, or with neither.
 *   UTCTime          YYMMDDhhmm[ss][Z|+hhmm|-hhmm], years 1950 to 2049 (RFC 5280 4.1.2.5.1)
 *   GeneralizedTime  YYYYMMDDhh[mm[ss]][(.|,)f…][Z|+hhmm|-hhmm]
 * Refuses: anything else, and days that the calendar does not have.
 */
#include "asn1/der.h"
#include "base/reader.h"

static bool is_digit(uint8_t c) {
    return c >= '0' && c <= '9';
}

/* n digits as a number; false when they are not there. */
static bool digits(struct reader *r, unsigned n, int *out) {
    int v = 0;
    for (unsigned i = 0; i < n; i++) {
        uint8_t c = reader_u8(r);
        if (!is_digit(c)) {
            return false;
        }
        v = v * 10 + (c - '0');
    }
    *out = v;
    return true;
}

static bool digit_follows(const struct reader *r) {
    return r->left.n > 0 && is_digit(r->left.p[0]);
}

/* Two digits if digits follow; *out keeps its value otherwise. */
static bool optional_digits(struct reader *r, int *out) {
    return !digit_follows(r) || digits(r, 2, out);
}

/* Days from 1970-01-01 to a date of the Gregorian calendar, by counting years from March on: leap days come last then. One cycle of
 * 400 years (146,097 days) is put in front, so that no division has to round below zero. */
static int64_t days_since_1970(int year, int month, int day) {
    int64_t y = 400 + (month <= 2 ? year - 1 : year);
    int64_t m = month <= 2 ? month + 9 : month - 3;
    int64_t leaps = y / 4 - y / 100 + y / 400;
    return y * 365 + leaps + (153 * m + 2) / 5 + (day - 1) - 719468 - 146097;
}

static int days_in_month(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

/* What stands behind the clock: nothing, Z, or an offset, which is put into *seconds. */
static bool zone(struct reader *r, int *seconds) {
    *seconds = 0;
    if (r->left.n == 0) {
        return true;
    }
    uint8_t sign = reader_u8(r);
    if (sign == 'Z') {
        return r->left.n == 0;
    }
    int hours = 0, minutes = 0;
    if ((sign != '+' && sign != '-') || !digits(r, 2, &hours) || !optional_digits(r, &minutes) || hours > 23 || minutes > 59) {
        return false;
    }
    *seconds = (hours * 60 + minutes) * (sign == '+' ? 60 : -60);
    return r->left.n == 0;
}

static bool read_time(struct reader *r, uint8_t tag, int64_t *out) {
    int year, month, day, hour, minute = 0, second = 0, offset;
    if (tag == DER_UTC_TIME) {
        if (!digits(r, 2, &year)) {
            return false;
        }
        year += year < 50 ? 2000 : 1900;
    } else if (!digits(r, 4, &year)) {
        return false;
    }
    if (!digits(r, 2, &month) || !digits(r, 2, &day) || !digits(r, 2, &hour) || !optional_digits(r, &minute) ||
        !optional_digits(r, &second)) {
        return false;
    }
    if (r->left.n > 0 && (r->left.p[0] == '.' || r->left.p[0] == ',')) {
        do {
            reader_skip(r, 1);
        } while (digit_follows(r));
    }
    if (!zone(r, &offset) || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) || hour > 23 || minute > 59 ||
        second > 60) {
        return false;
    }
    *out = days_since_1970(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset;
    return true;
}

bool der_time(const struct der *element, int64_t *out, struct error *err) {
    struct reader r = reader_make(element->content, 0);
    int64_t time;
    if ((element->tag != DER_UTC_TIME && element->tag != DER_GENERALIZED_TIME) || !read_time(&r, element->tag, &time) || !reader_ok(&r)) {
        return error_set(err, ERR_MALFORMED, "a time that can't be read");
    }
    *out = time;
    return true;
}
