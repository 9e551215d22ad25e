/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/limits.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

struct suffix {
	char letter; /* as it is written; '\0': the unit itself */
	uint64_t factor;
};

/* Largest first, so that limit_put() finds the shortest text. */
static const struct suffix counts[] = { { '\0', 1 }, { 0 } };
static const struct suffix bytes[] = {
	{ 'T', UINT64_C(1) << 40 }, { 'G', UINT64_C(1) << 30 }, { 'M', UINT64_C(1) << 20 }, { 'K', UINT64_C(1) << 10 }, { '\0', 1 }, { 0 },
};
static const struct suffix seconds[] = { { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 }, { '\0', 1 }, { 0 } };

static const struct suffix *const units[] = { [UNIT_COUNT] = counts, [UNIT_BYTES] = bytes, [UNIT_SECONDS] = seconds };

static uint64_t find_factor(enum limit_unit unit, const char *text)
{
	for (const struct suffix *s = units[unit]; s->factor != 0; s++) {
		/* "512m" can be meant in one way only; a minute is not a mebibyte, but neither stands in the other's list. */
		char other = s->letter >= 'A' && s->letter <= 'Z' ? (char) (s->letter - 'A' + 'a') : s->letter;

		if ((text[0] == s->letter || text[0] == other) && (text[0] == '\0' || text[1] == '\0'))
			return s->factor;
	}
	return 0;
}

int limit_parse(const char *text, enum limit_unit unit, uint64_t *value)
{
	uint64_t number = 0, factor;
	size_t digits = strspn(text, "0123456789");

	if (strcmp(text, "none") == 0) {
		*value = LIMIT_NONE;
		return 0;
	}
	if (strcmp(text, "default") == 0) {
		*value = LIMIT_DEFAULT;
		return 0;
	}
	factor = digits > 0 ? find_factor(unit, text + digits) : 0;
	if (factor == 0)
		return -EINVAL;
	for (size_t i = 0; i < digits; i++) {
		if (number > (LIMIT_MAX - 9) / 10)
			return -ERANGE;
		number = number * 10 + (uint64_t) (text[i] - '0');
	}
	if (number == 0 || number > LIMIT_MAX / factor)
		return -ERANGE;
	*value = number * factor;
	return 0;
}

void limit_put(struct buf *out, enum limit_unit unit, uint64_t value)
{
	const struct suffix *s = units[unit];

	if (value == LIMIT_NONE || value == LIMIT_DEFAULT) {
		buf_puts(out, value == LIMIT_NONE ? "none" : "default");
		return;
	}
	while (value % s->factor != 0)
		s++;
	buf_printf(out, "%" PRIu64, value / s->factor);
	/* 90 seconds are "90". */
	if (s->letter != '\0' && s->factor != 1)
		buf_putc(out, s->letter);
}
