// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"kchat/e2e/peer"
	"kchat/wire"
)

const tracing = "/sys/kernel/tracing/"

// traced is a line that a tracepoint wrote: the numbers in it, by their names.
type traced map[string]uint64

var traceField = regexp.MustCompile(`([a-z_]+)=(0x[0-9a-f]+|[0-9]+)`)

// tracepoints switches the module's tracepoints on until the test ends. Not for parallel tests: they see everybody.
// The function returned waits for a line of one that has these numbers.
func tracepoints(t *testing.T) func(event string, want traced) traced {
	t.Helper()
	s := world.server(t)
	s.WriteFile(t, tracing+"events/kchat/enable", "1")
	t.Cleanup(func() { s.WriteFile(t, tracing+"events/kchat/enable", "0") })
	return func(event string, want traced) (found traced) {
		t.Helper()
		eventually(t, fmt.Sprintf("%s %v", event, want), func() bool {
			for line := range strings.Lines(s.ReadFile(t, tracing+"trace")) {
				_, text, is := strings.Cut(line, " "+event+": ")
				if !is {
					continue
				}
				found = parseTraced(text)
				if found.has(want) {
					return true
				}
			}
			return false
		})
		return found
	}
}

func parseTraced(text string) traced {
	values := traced{}
	for _, field := range traceField.FindAllStringSubmatch(text, -1) {
		if value, err := strconv.ParseUint(field[2], 0, 64); err == nil {
			values[field[1]] = value
		}
	}
	return values
}

func (l traced) has(want traced) bool {
	for name, value := range want {
		if have, is := l[name]; !is || have != value {
			return false
		}
	}
	return true
}

// TestTracepoints: each of them, from a life in a room; in numbers that are those of the protocol, and without words.
func TestTracepoints(t *testing.T) {
	line := tracepoints(t)
	a, b, r := pair(t)
	of := func(w *who) traced { return traced{"account": w.Me.Account, "session": w.Me.Session} }
	in := func(w *who) traced {
		l := of(w)
		l["room"], l["epoch"] = uint64(r.Number), r.Epoch
		return l
	}

	if login := line("kchat_login", of(a)); login["local"] != 0 {
		t.Errorf("login: %v", login)
	}
	line("kchat_join", in(b))

	said := b.gets(a.say(r.Number, "unmistakable-words"), wire.TypeMsg)
	relay := line("kchat_relay", traced{"account": a.Me.Account, "room": uint64(r.Number), "epoch": r.Epoch, "seq": said.Seq, "type": uint64(wire.TypeMsg)})
	if relay["people"] != 2 || relay["bytes"] != uint64(wire.HeaderLen+len(said.Body)) {
		t.Errorf("relay: %v of a frame with %d bytes of body", relay, len(said.Body))
	}

	if _, err := b.Part(r.Number); err != nil {
		t.Fatal(err)
	}
	left := in(b)
	left["state"] = uint64(wire.PersonLeft)
	line("kchat_part", left)

	if err := world.kernel(t).Kick(t.Context(), b.Me.Session, 0); err != nil {
		t.Fatal(err)
	}
	b.ends(wire.ErrKicked)
	kicked := of(b)
	kicked["reason"] = uint64(wire.ErrKicked)
	if drop := line("kchat_drop", kicked); drop["bytes_in"] == 0 || drop["bytes_out"] == 0 {
		t.Errorf("drop: %v", drop)
	}

	text := world.server(t).ReadFile(t, tracing+"trace")
	for _, word := range []string{"unmistakable-words", a.acct.name, a.acct.login, r.Name} {
		if strings.Contains(text, word) {
			t.Errorf("%q stands in the trace", word)
		}
	}
}

// TestTracepointOfLag: who reads too slowly is told by GAP what is missing, and the operator by kchat_lag, in the same numbers.
func TestTracepointOfLag(t *testing.T) {
	world.set(t, "log_bytes", 65536)
	world.set(t, "stall_ms", 600_000)
	line := tracepoints(t)
	a, b, r := pair(t)
	lazy := a.meets(narrow(t), r)
	text := strings.Repeat("t", wire.TextMax)
	// Until what its socket takes is full, and the log has gone on.
	for i := range uint64(600) {
		a.ok(a.Say(r.Number, number(i), text))
		if i%16 == 15 {
			b.gets(number(i), wire.TypeMsg)
			a.gets(number(i), wire.TypeMsg)
		}
	}
	var gap wire.Gap
	lazy.find("GAP", func(f peer.Frame) bool {
		if f.Type != wire.TypeGap {
			return false
		}
		g, err := wire.ParseGap(f.Body)
		lazy.ok(err)
		gap = g
		return true
	})
	lag := line("kchat_lag", traced{
		"account": lazy.Me.Account, "session": lazy.Me.Session, "room": uint64(r.Number), "epoch": r.Epoch,
		"from": gap.From, "to": gap.To,
	})
	if least := (gap.To - gap.From) * wire.TextMax; lag["bytes"] < least {
		t.Errorf("%d messages are missing, of %d bytes and more in all, and the trace says %d", gap.To-gap.From, least, lag["bytes"])
	}
}

// TestTracepointsThatAreOffSayNothing: they are, unless somebody asks.
func TestTracepointsThatAreOffSayNothing(t *testing.T) {
	s := world.server(t)
	if on := strings.TrimSpace(s.ReadFile(t, tracing+"events/kchat/enable")); on != "0" {
		t.Fatalf("events/kchat/enable is %q", on)
	}
	a, b, r := pair(t)
	b.gets(a.say(r.Number, "unseen"), wire.TypeMsg)
	if text := s.ReadFile(t, tracing+"trace"); strings.Contains(text, fmt.Sprintf("session=%d ", a.Me.Session)) {
		t.Errorf("there is a trace of them:\n%s", text)
	}
}
