// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"kchat/server/genl"
	"kchat/wire"
)

// eventually asks until the answer is yes.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(world.slow(patience)); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it does not come: %s", what)
		}
	}
}

func TestProcShowsTheCounters(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	read := func() map[string]uint64 {
		t.Helper()
		text := world.server(t).ReadFile(t, "/proc/net/kchat")
		values := map[string]uint64{}
		for line := range strings.Lines(text) {
			fields := strings.Fields(line)
			var v uint64
			if len(fields) == 2 {
				if _, err := fmt.Sscan(fields[1], &v); err == nil {
					values[strings.ToUpper(strings.TrimSuffix(fields[0], ":"))] = v
				}
			}
		}
		for n := wire.CounterConnections; n <= wire.CounterAnswers; n++ {
			if _, ok := values[wire.CounterName(n)]; !ok {
				t.Fatalf("%s is missing in\n%s", wire.CounterName(n), text)
			}
		}
		return values
	}
	before := read()
	for range 10 {
		b.gets(a.say(r.Number, "counted"), wire.TypeMsg)
	}
	after := read()
	if after["MESSAGES"] < before["MESSAGES"]+10 || after["CONNECTIONS"] < 2 || after["PEOPLE"] < 2 || after["ROOMS"] < 1 {
		t.Errorf("before %v\nafter %v", before, after)
	}
}

func TestTheKernelLogSaysWhoComesAndGoes(t *testing.T) {
	log := func() string { return world.server(t).KernelLog() }
	started := regexp.MustCompile(`kchat: .*started.*\b10106\b`)
	eventually(t, "that the server was started", func() bool { return started.MatchString(log()) })
	connected := regexp.MustCompile(`kchat: .*client connected.* \[?[0-9a-f:.]+`)
	gone := regexp.MustCompile(`kchat: .*client gone.* \[?[0-9a-f:.]+`)
	came, went := len(connected.FindAllString(log(), -1)), len(gone.FindAllString(log(), -1))
	// Lines are limited in rate, and the tests before may have used it up: one comes and goes until it is said.
	eventually(t, "client connected, client gone", func() bool {
		w := enter(t)
		w.ok(w.Close())
		return len(connected.FindAllString(log(), -1)) > came && len(gone.FindAllString(log(), -1)) > went
	})
}

func TestTheKernelLogHasNoWords(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	b.gets(a.say(r.Number, "unmistakable-words"), wire.TypeMsg)
	if log := world.server(t).KernelLog(); strings.Contains(log, "unmistakable-words") || strings.Contains(log, a.acct.password) {
		t.Error("what people say stands in the kernel log")
	}
}

func TestNetlinkListsRoomsAndSessions(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	b.gets(a.say(r.Number, "listed"), wire.TypeMsg)
	k := world.kernel(t)
	rooms, err := k.Rooms(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, e := range rooms {
		if e.Name == r.Name {
			found = true
			if e.Number != r.Number || e.Epoch != r.Epoch || e.Sequence != 1 || e.People != 2 || e.LogBytes == 0 {
				t.Errorf("%+v", e)
			}
		}
	}
	if !found {
		t.Errorf("%s is not on the list of %d rooms", r.Name, len(rooms))
	}
	sessions, err := k.Sessions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found = false
	for _, s := range sessions {
		if s.Number == a.Me.Session {
			found = true
			if s.Account != a.Me.Account || s.Name != a.acct.name || s.State != uint8(wire.PersonPresent) || s.Rooms != 1 ||
				s.BytesIn == 0 || s.BytesOut == 0 || s.Peer == "" {
				t.Errorf("%+v", s)
			}
		}
	}
	if !found {
		t.Errorf("the session is not on the list of %d", len(sessions))
	}
	accounts, err := k.Accounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	numbers := map[uint64]bool{}
	for _, e := range accounts {
		numbers[e.Number] = true
	}
	if !numbers[a.acct.number] || !numbers[b.acct.number] {
		t.Errorf("the accounts are not on the list of %d", len(accounts))
	}
	params, err := k.Params(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(params) < 20 {
		t.Errorf("%d limits are listed", len(params))
	}
	for _, p := range params {
		if p.Value < p.Min || p.Value > p.Max {
			t.Errorf("%+v", p)
		}
	}
	i := slices.IndexFunc(params, func(p genl.Param) bool { return p.Name == "ping_ms" })
	if i < 0 {
		t.Fatal("ping_ms is not listed")
	}
	for _, bad := range []uint64{params[i].Min - 1, params[i].Max + 1, ^uint64(0)} {
		if err := k.SetParam(t.Context(), "ping_ms", bad); err == nil {
			t.Errorf("ping_ms can be set to %d", bad)
		}
	}
	if err := k.SetParam(t.Context(), "no_such_limit", 1); err == nil {
		t.Error("a limit that does not exist can be set")
	}
}
