// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"kchat/server/vmtest"
)

const guestcrowd = "/bin/guestcrowd"

// crowdSize is how many there are in a test of a crowd: a number that every run can bear, or KCHAT_PEOPLE.
func crowdSize(t *testing.T) int {
	t.Helper()
	text := os.Getenv("KCHAT_PEOPLE")
	if text == "" {
		return 200
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 10 {
		t.Fatalf("KCHAT_PEOPLE is %q: it is how many people there are, at least 10", text)
	}
	return n
}

// crowded is a machine of its own for a crowd, whose accounts are made.
func crowded(t *testing.T, people int, options ...vmtest.Option) *vmtest.Server {
	t.Helper()
	path := build(t, "./guestcrowd")
	options = append(options, vmtest.WithFile(guestcrowd, path), vmtest.WithMemory(512+people/4))
	s := vmtest.Start(t, options...)
	s.AddUsers(t, "load", "load", people)
	// All come from one address, and the clients share the processors with the server: that they are slow is not what is tested.
	for name, value := range map[string]uint64{
		"connections": 100_000, "per_address": 100_000, "login_ms": 600_000, "silence_ms": 1_200_000, "lost_ms": 2_400_000,
		"ping_ms": 600_000, "stall_ms": 600_000, "stream_idle_ms": 600_000, "stream_floor": 0,
	} {
		s.SetParam(t, name, value)
	}
	return s
}

// does runs guestcrowd to its end.
func does(t *testing.T, s *vmtest.Server, args ...string) string {
	t.Helper()
	const limit = 20 * time.Minute
	ctx, cancel := s.Timeout(limit)
	defer cancel()
	out, err := s.Exec(ctx, guestcrowd, append(args, "-limit", (limit/2).String())...)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Log(out)
	return out
}

// TestEverybodyIsThereAtOnce: logged in, in their rooms, each word heard by all who should; and gone when they have left.
func TestEverybodyIsThereAtOnce(t *testing.T) {
	t.Parallel()
	n := crowdSize(t)
	s := crowded(t, n+1)
	does(t, s, "everybody", "-people", strconv.Itoa(n), "-rooms", strconv.Itoa(n/10))
}

// TestOneWhoDoesNotReadCostsTheOthersNothing compares how long a message takes to all who read, in a machine whose clock
// counts instructions: without somebody who does not read, and beside them.
func TestOneWhoDoesNotReadCostsTheOthersNothing(t *testing.T) {
	t.Parallel()
	n := crowdSize(t)
	if n > 1000 {
		n = 1000 // in one room
	}
	s := crowded(t, n, vmtest.WithCount())
	out := does(t, s, "deaf", "-people", strconv.Itoa(n), "-messages", "50")
	var without, beside [2]float64 // the median and the longest
	if _, err := fmt.Sscanf(out, "without %g %g beside %g %g", &without[0], &without[1], &beside[0], &beside[1]); err != nil {
		t.Fatalf("%v: %q", err, out)
	}
	if beside[0] > deafCosts*without[0] {
		t.Errorf("a message takes %.0f beside who does not read, %.0f without", beside[0], without[0])
	}
}

// deafCosts is how much longer a message may take to the others: what measuring twice differs by.
const deafCosts = 1.05

// TestStreamsOfSixtyFourAtOnce: one connection takes them all.
func TestStreamsOfSixtyFourAtOnce(t *testing.T) {
	t.Parallel()
	s := crowded(t, 65)
	does(t, s, "streams", "-people", "65", "-bytes", strconv.Itoa(256<<10))
}

// TestStrangersWhoDripKeepNobodyOut: four times as many as may be there without logging in, each with a byte now and then.
func TestStrangersWhoDripKeepNobodyOut(t *testing.T) {
	t.Parallel()
	const strangers, limit = 400, 100
	s := crowded(t, 1, vmtest.WithCount())
	s.SetParam(t, "unauthenticated", limit)
	out := does(t, s, "strangers", "-people", strconv.Itoa(strangers), "-messages", "20")
	var median, longest float64
	if _, err := fmt.Sscanf(out, "login %g %g", &median, &longest); err != nil {
		t.Fatalf("%v: %q", err, out)
	}
	if time.Duration(longest) > loginBeside {
		t.Errorf("logging in took %v", time.Duration(longest))
	}
}

// loginBeside is how long logging in may take beside strangers, in the guest's time.
const loginBeside = 5 * time.Second
