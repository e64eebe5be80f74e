// SPDX-License-Identifier: GPL-2.0-only

//go:build debugkernel

package vmtest

import (
	"context"
	"strings"
	"testing"
	"time"
)

// Only a kernel with KASAN can see this mistake, so it is tested with "make test-debug" alone.
func TestMemoryUsedAfterItsEndIsFoundByTheDebugKernel(t *testing.T) {
	v, log := machine(t)
	if err := load(t, v, "use_after_free=1"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := v.PowerOff(ctx); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.Join(Reports(log.String()), "\n"), "KASAN") {
		t.Errorf("KASAN went unnoticed:\n%s", log)
	}
}
