// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"testing"

	"kchat/wire"
)

// TestNewKeysEndTheSessionsOfTheAccount: who came in by the old password is out, and cannot resume.
func TestNewKeysEndTheSessionsOfTheAccount(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	second := enterAs(t, a.acct)
	extra := media(t, a)
	halfway := greet(t)
	scram := wire.NewScram(a.acct.login, "0123456789abcdef")
	f, err := halfway.Ask(wire.TypeAuth, 0, wire.Raw(scram.First()), wire.TypeChallenge)
	halfway.ok(err)
	challenge, err := scram.ParseChallenge(f.Body)
	halfway.ok(err)
	final, err := scram.Final(challenge, a.acct.password)
	halfway.ok(err)

	changed := a.acct
	changed.password = "another " + changed.password
	world.give(t, changed, 0)
	for _, w := range []*who{a, second, extra} {
		w.ends(wire.ErrSession)
	}
	b.sees(r.Number, a, wire.PersonLeft)
	allAlone(t, b, r.Number)
	back := greet(t)
	if err := back.Resume(a.Me.Session, a.Key, wire.ResumeSession); !isError(err, wire.ErrSession) {
		t.Errorf("RESUME after new keys: %v", err)
	}
	halfway.refused(halfway.send(wire.TypeProof, 0, wire.Raw(final)), wire.ErrAuth)
	if err := greet(t).Login(changed.login, a.acct.password); !isError(err, wire.ErrAuth) {
		t.Errorf("the old password: %v", err)
	}
	enterAs(t, changed).join(r.Name)
	b.sees(r.Number, a, wire.PersonPresent)
}

// TestAnAccountSetAgainWithItsKeysKeepsItsSessions: as after a start of the accounts service, or with another name.
func TestAnAccountSetAgainWithItsKeysKeepsItsSessions(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	world.give(t, a.acct, 0)
	renamed := a.acct
	renamed.name = "Renamed"
	world.give(t, renamed, wire.PersonAdmin)
	a.alive()
	b.gets(a.say(r.Number, "still here"), wire.TypeMsg)
}
