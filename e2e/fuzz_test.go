// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

// fuzzing is the seed of a fuzz test, which it prints, and how long it goes on: KCHAT_FUZZ_SEED and KCHAT_FUZZ_SECONDS
// say otherwise.
func fuzzing(t *testing.T, usual time.Duration) (seed uint64, limit time.Duration) {
	t.Helper()
	seed, limit = rand.Uint64(), usual
	var err error
	if s := os.Getenv("KCHAT_FUZZ_SEED"); s != "" {
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatalf("KCHAT_FUZZ_SEED: %v", err)
		}
	}
	if s := os.Getenv("KCHAT_FUZZ_SECONDS"); s != "" {
		seconds, err := strconv.ParseUint(s, 10, 31)
		if err != nil {
			t.Fatalf("KCHAT_FUZZ_SECONDS: %v", err)
		}
		limit = time.Duration(seconds) * time.Second
	}
	t.Logf("KCHAT_FUZZ_SEED=%d, for %v", seed, limit)
	return seed, limit
}
