// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"kchat/rooms"
	"kchat/rooms/discover"
	"kchat/tui"
	"kchat/wire"
)

// aServer is one that answered at an address.
func aServer(address string, id byte, name string) discover.Server {
	s := discover.Server{Addr: netip.MustParseAddrPort(address), RTT: 1234 * time.Microsecond}
	s.Name, s.Version, s.Server, s.Flags, s.Load = name, "1.0", [16]byte{id}, wire.DiscoverInvite, 250
	return s
}

func TestAServerThatIsAnotherThanLastTimeIsSaidToBe(t *testing.T) {
	const address = "10.0.0.1:10106"
	pinned := func(_ context.Context, at string) (rooms.Pin, bool) {
		return rooms.Pin{Address: at, Server: rooms.UUID{1}}, at == address
	}
	for _, c := range []struct {
		at   string
		id   byte
		want string
	}{{address, 1, knownSame}, {address, 2, knownOther}, {"10.0.0.2:10106", 1, ""}} {
		var table, lines bytes.Buffer
		(&foundList{out: &table, known: pinned}).add(t.Context(), aServer(c.at, c.id, "den"))
		(&foundList{out: &lines, json: true, known: pinned}).add(t.Context(), aServer(c.at, c.id, "den"))
		var f foundServer
		if err := json.Unmarshal(lines.Bytes(), &f); err != nil || f.Known != c.want {
			t.Errorf("%+v: %s, %v", c, &lines, err)
		}
		if f.Address != c.at || f.RTT != 1234 || f.Load != 0.25 || f.Registration != "invite" || f.Over != "udp" {
			t.Errorf("it says %+v", f)
		}
		if warned := strings.Contains(table.String(), "another server"); warned != (c.want == knownOther) {
			t.Errorf("%+v: the table is\n%s", c, &table)
		}
	}
}

func TestWhatStrangersCallThemselvesIsHarmless(t *testing.T) {
	unknown := func(context.Context, string) (rooms.Pin, bool) { return rooms.Pin{}, false }
	for _, asJSON := range []bool{false, true} {
		var out bytes.Buffer
		s := aServer("10.0.0.1:10106", 1, "\x1b]0;title\x07\x1b[2J\u202eevil\nname")
		s.Version = "1\x1b[31m"
		(&foundList{out: &out, json: asJSON, known: unknown}).add(t.Context(), s)
		if text := out.String(); strings.ContainsAny(text, "\x1b\x07\u202e") || strings.Contains(text, "evil\n") || strings.Contains(text, `\u001b`) {
			t.Errorf("printed: %q", text)
		}
	}
}

func TestAServerIsOfferedOnceAtItsLinks(t *testing.T) {
	seen := []tui.Around{{Address: "10.0.0.1:10106", Server: rooms.UUID{1}}}
	for _, c := range []struct {
		at   string
		id   byte
		want bool
	}{
		{"10.0.0.1:10106", 1, true},
		{"10.0.0.1:10106", 2, false},
		{"[fe80::1%eth0]:10106", 1, true},
		{"[fe80::1%eth0]:10106", 2, false},
		{"10.0.0.2:10106", 1, false},
	} {
		if got := isOffered(aServer(c.at, c.id, "x"), seen); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func TestWhatCannotBePrintedEndsWithAnError(t *testing.T) {
	unknown := func(context.Context, string) (rooms.Pin, bool) { return rooms.Pin{}, false }
	for _, asJSON := range []bool{false, true} {
		l := &foundList{out: full{}, json: asJSON, known: unknown}
		l.add(t.Context(), aServer("10.0.0.1:10106", 1, "x"))
		if !errors.Is(l.err, errFull) {
			t.Errorf("the error is %v", l.err)
		}
	}
}

// full is a disk without room.
type full struct{}

var errFull = errors.New("no space left")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestAddressesOfALinkGetTheirPort(t *testing.T) {
	for given, want := range map[string]string{
		"fe80::1%eth0": "[fe80::1%eth0]:10106", "[fe80::1%eth0]": "[fe80::1%eth0]:10106", "[fe80::1%eth0]:7": "[fe80::1%eth0]:7",
	} {
		if got := withPort(given); got != want {
			t.Errorf("%s: %s, want %s", given, got, want)
		}
	}
}
