// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"kchat/e2e/peer"
	"kchat/wire"
)

// rule is a line of the table of types in docs/protocol.md.
type rule struct {
	kind      wire.Type
	name      string
	direction string
	max       int
	states    []string
}

const document = "../docs/protocol.md"

var typeRow = regexp.MustCompile(`(?m)^\| (0x[0-9A-F]{4}) \| ([A-Z_]+) \| ([CSR, ]+) \| *(\d*) *\| *([A-Za-z, ]*?) *\|$`)

// rules reads the table of types from the document.
func rules(t *testing.T) []rule {
	t.Helper()
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	var all []rule
	for _, m := range typeRow.FindAllStringSubmatch(string(text), -1) {
		number, err := strconv.ParseUint(m[1], 0, 16)
		if err != nil {
			t.Fatal(err)
		}
		r := rule{kind: wire.Type(number), name: m[2], direction: m[3]}
		if m[4] != "" {
			if r.max, err = strconv.Atoi(m[4]); err != nil {
				t.Fatal(err)
			}
		}
		if m[5] != "" {
			r.states = strings.Split(m[5], ", ")
		}
		all = append(all, r)
	}
	if len(all) < 50 {
		t.Fatalf("only %d types found in %s", len(all), document)
	}
	return all
}

// client reports whether clients send it.
func (r rule) client() bool { return len(r.states) > 0 }

func (r rule) allowed(state string) bool {
	for _, s := range r.states {
		if s == state || s == "any" {
			return true
		}
	}
	return false
}

// states are the states of a connection, each with how a test comes to it.
var states = map[string]func(testing.TB) *who{
	"NEW":     dial,
	"GREETED": greet,
	"CHALLENGED": func(t testing.TB) *who {
		w := greet(t)
		scram := wire.NewScram(world.account(t, 0).login, peer.Nonce())
		w.gets(w.send(wire.TypeAuth, 0, wire.Raw(scram.First())), wire.TypeChallenge)
		return w
	},
	"OPEN": func(t testing.TB) *who { return silent(t, world.account(t, 0)) },
	"MEDIA": func(t testing.TB) *who {
		return media(t, enter(t))
	},
}

// media adds the media connection of a session.
func media(t testing.TB, of *who) *who {
	t.Helper()
	w := greet(t)
	w.ok(w.Resume(of.Me.Session, of.Key, wire.ResumeMedia))
	return w
}

// client can come to this state.
func (r rule) reach(t testing.TB) *who {
	t.Helper()
	if r.states[0] == "any" {
		return dial(t)
	}
	return states[r.states[0]](t)
}
