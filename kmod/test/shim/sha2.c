// SPDX-License-Identifier: GPL-2.0-only
/* SHA-256 (FIPS 180-4), plain, for tests in user space only. */
#include <crypto/sha2.h>
#include <math.h>
#include <string.h>

static u32 rotate(u32 x, int n)
{
	return x >> n | x << (32 - n);
}

/* First 32 bits of the fraction of @x: what FIPS 180-4 makes its constants of. */
static u32 fraction(long double x)
{
	return (x - floorl(x)) * 4294967296.0L;
}

static const u32 *constants(void)
{
	static u32 k[64];
	int n, i = 0, divisor;

	if (k[0])
		return k;
	for (n = 2; i < 64; n++) {
		for (divisor = 2; divisor < n && n % divisor; divisor++)
			;
		if (divisor == n)
			k[i++] = fraction(cbrtl(n));
	}
	return k;
}

static void block(struct sha256_state *s, const u8 *data)
{
	const u32 *k = constants();
	u32 w[64], v[8];
	int i;

	for (i = 0; i < 16; i++)
		w[i] = (u32)data[4 * i] << 24 | data[4 * i + 1] << 16 | data[4 * i + 2] << 8 |
		       data[4 * i + 3];
	for (; i < 64; i++)
		w[i] = w[i - 16] + w[i - 7] +
		       (rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3) +
		       (rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10);
	memcpy(v, s->state, sizeof(v));
	for (i = 0; i < 64; i++) {
		u32 t1 = v[7] + (rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)) +
			 ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] + w[i];
		u32 t2 = (rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)) +
			 ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));

		memmove(v + 1, v, 7 * sizeof(*v));
		v[4] += t1;
		v[0] = t1 + t2;
	}
	for (i = 0; i < 8; i++)
		s->state[i] += v[i];
}

void sha256_init(struct sha256_state *s)
{
	static const int primes[8] = { 2, 3, 5, 7, 11, 13, 17, 19 };
	int i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < 8; i++)
		s->state[i] = fraction(sqrtl(primes[i]));
}

void sha256_update(struct sha256_state *s, const u8 *data, unsigned int len)
{
	while (len--) {
		s->buf[s->count++ % 64] = *data++;
		if (s->count % 64 == 0)
			block(s, s->buf);
	}
}

void sha256_final(struct sha256_state *s, u8 *out)
{
	u64 bits = s->count * 8;
	u8 length[8];
	int i;

	sha256_update(s, (const u8 *)"\x80", 1);
	while (s->count % 64 != 56)
		sha256_update(s, (const u8 *)"", 1);
	for (i = 0; i < 8; i++)
		length[i] = bits >> (56 - 8 * i);
	sha256_update(s, length, 8);
	for (i = 0; i < 32; i++)
		out[i] = s->state[i / 4] >> (24 - 8 * (i % 4));
}
