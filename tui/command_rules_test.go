// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"slices"
	"testing"
	"time"

	"kchat/rooms"
)

func (f *fakeClient) rulings() []rooms.Ruling {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.ruled)
}

func TestAnOperatorRulesByCommands(t *testing.T) {
	s := inCompany(t)
	s.client.people = []rooms.Person{joon}
	for words, want := range map[string]rooms.Ruling{
		"/kick 준호 too loud":    {Action: rooms.Kick, Person: joon.ID, Why: "too loud"},
		"/ban 준호 2h come back": {Action: rooms.Ban, Person: joon.ID, For: 2 * time.Hour, Why: "come back"},
		"/mute 준호":             {Action: rooms.Mute, Person: joon.ID},
		"/mute 준호 10 minutes":  {Action: rooms.Mute, Person: joon.ID, Why: "10 minutes"},
		"/op 준호":               {Action: rooms.Operator, Person: joon.ID},
		"/rules owner 준호":      {Action: rooms.HandOver, Person: joon.ID},
		"/rules moderated on":  {Action: rooms.SetRules, Rules: rooms.Rules{Moderated: true}},
		"/rules registered on": {Action: rooms.Keep}, "/rules registered off": {Action: rooms.NotKept},
	} {
		s.type_("\x15" + words + " ")
		s.press(enter)
		s.until(words, func() bool { return slices.Contains(s.client.rulings(), want) })
	}
}

func TestWhatIsRuledIsShown(t *testing.T) {
	s := inCompany(t)
	owner := joon
	owner.Owner = true
	s.happen(rooms.PersonChanged{Room: "lobby", Person: owner, Was: rooms.Present})
	s.wait("owner")
	s.happen(rooms.Ruled{Room: "lobby", By: joon.ID, Ruling: rooms.Ruling{Action: rooms.Mute, Person: 1, For: time.Hour, Why: "too loud"}})
	s.wait("준호 muted mina. For 1h0m0s. Why: too loud")
	s.happen(rooms.Ruled{Room: "lobby", By: joon.ID, Ruling: rooms.Ruling{Action: rooms.SetRules}, Rules: rooms.Rules{Moderated: true, Registered: true}})
	s.wait("준호 changed what holds in this room. /rules shows it.")
	s.type_("/rules")
	s.press(enter)
	s.wait("What holds in #lobby:", "kept when the last person has gone", "moderated: only those with a voice may speak")
}

func TestARoomAsksForItsPassword(t *testing.T) {
	s := inCompany(t)
	s.client.mu.Lock()
	s.client.locked = "sesame"
	s.client.mu.Unlock()
	s.type_("/join #closed")
	s.press(enter)
	s.wait("Password of #closed")
	s.type_("sesame")
	s.press(enter)
	s.wait("Only you are in #closed")
	s.gone("Password of #closed")
	s.type_("/rules password on")
	s.press(enter)
	s.wait("Password of #closed")
	s.type_("open")
	s.press(enter)
	s.until("the password is set", func() bool {
		s.client.mu.Lock()
		defer s.client.mu.Unlock()
		return slices.Equal(s.client.keys, []string{"open"})
	})
}
