// SPDX-License-Identifier: GPL-2.0-only

//go:build soak

package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"kchat/e2e/reliability/trial"
	"kchat/server/vmtest"
	"kchat/wire"
)

// How much the machine may seem to have lost at the end of a soak, by the line through what was measured.
const (
	soakObjects = 64      // of one of the module's caches: what a processor keeps of it comes and goes
	soakBytes   = 1 << 20 // of all that the kernel cannot take back
)

// TestAnHourLeavesNothingBehind lets people come, talk, send streams and go, again and again, for KCHAT_SOAK_SECONDS.
// Whenever all have gone it is counted what the module and the kernel hold: it must not grow.
func TestAnHourLeavesNothingBehind(t *testing.T) {
	span := time.Duration(trial.Count(t, "KCHAT_SOAK_SECONDS", 3600)) * time.Second
	began := time.Now()
	result := &trial.Result{Trial: "soak"}
	trial.Keep(t, began, result)
	s := crowded(t, 61)
	for name, value := range map[string]uint64{"session_ms": 100, "room_idle_ms": 0, "stream_linger_ms": 0} {
		s.SetParam(t, name, value)
	}
	held := map[string][]float64{}
	for time.Since(began) < span {
		does(t, s, "everybody", "-people", "60", "-rooms", "6")
		does(t, s, "streams", "-people", "10", "-bytes", strconv.Itoa(64<<10))
		eventually(t, "a server that nobody is at", func() bool { return nobodyIsThere(t, s) })
		for what, n := range holds(t, s) {
			held[what] = append(held[what], n)
		}
		result.Times++
	}
	if result.Times < 8 {
		t.Fatalf("%d rounds within %v are too few to see what grows", result.Times, span)
	}
	for _, what := range slices.Sorted(maps.Keys(held)) {
		settled := held[what][result.Times/4:] // at first caches fill
		grown, most := trial.Growth(settled), float64(soakObjects)
		if what == kernelMemory {
			most = soakBytes
			result.Note = fmt.Sprintf("%d connections came and went; what the kernel cannot take back grew by %.0f KB", result.Times*70, grown/1024)
		}
		t.Logf("%s: from %.0f to %.0f, by the line %+.1f", what, settled[0], settled[len(settled)-1], grown)
		if grown > most {
			t.Errorf("%s grows by %.0f in %d rounds, at most %.0f were expected", what, grown, len(settled), most)
		}
	}
}

func nobodyIsThere(t *testing.T, s *vmtest.Server) bool {
	c := status(t, s).Counters
	return c[wire.CounterConnections]+c[wire.CounterSessions]+c[wire.CounterRooms]+c[wire.CounterStreams] == 0
}

const kernelMemory = "memory of the kernel"

// holds is what the module and the kernel hold now: objects of each cache of the module's, bytes in logs, and all memory of
// the kernel that it cannot take back.
func holds(t *testing.T, s *vmtest.Server) map[string]float64 {
	t.Helper()
	held := map[string]float64{"bytes in logs": float64(status(t, s).Counters[wire.CounterLogBytes])}
	for line := range strings.Lines(s.ReadFile(t, "/proc/slabinfo")) {
		var name string
		var active float64
		if n, _ := fmt.Sscan(line, &name, &active); n == 2 && strings.HasPrefix(name, "kchat") {
			held[name] = active
		}
	}
	for line := range strings.Lines(s.ReadFile(t, "/proc/meminfo")) {
		name, rest, _ := strings.Cut(line, ":")
		var kb float64
		switch name {
		case "SUnreclaim", "VmallocUsed", "Percpu", "KernelStack":
			if _, err := fmt.Sscan(rest, &kb); err != nil {
				t.Fatalf("/proc/meminfo: %q: %v", line, err)
			}
			held[kernelMemory] += kb * 1024
		}
	}
	return held
}
