// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"strings"
	"testing"
	"unicode/utf8"

	"kchat/wire"
)

func TestStrangersCannotChangeTheWordsOfOthers(t *testing.T) {
	anna := people.Start(t, "anna")
	eve := people.stranger(t, "eve", anna.Room)
	anna.Shows("2 here")
	anna.Say("the meeting is at noon")
	target := eve.heard("the meeting is at noon").ID
	eve.sends(wire.TypeEdit, wire.Talk{Target: target, Text: []byte("the meeting is off")})
	eve.sends(wire.TypeDelete, wire.Talk{Target: target})
	eve.says("that is all")
	anna.Shows("that is all", "the meeting is at noon")
	anna.ShowsNot("the meeting is off", "(edited)", "deleted by its author")
	ben := people.Start(t, "ben") // and from the log
	ben.Shows("that is all", "the meeting is at noon")
	ben.ShowsNot("the meeting is off", "(edited)", "deleted by its author")
}

func TestReactionsOfStrangersAreHarmless(t *testing.T) {
	anna := people.Start(t, "anna")
	eve := people.stranger(t, "eve", anna.Room)
	anna.Shows("2 here")
	anna.Say("lunch at noon")
	target := eve.heard("lunch at noon").ID
	for _, junk := range []string{
		strings.Repeat("\u202e", 20) + "abc", strings.Repeat("👨\u200d👩\u200d👧", 3), "x" + strings.Repeat("\u0301", 31),
		strings.Repeat("a\n", 32), "\u009b2J\u009b31m", strings.Repeat("W", 64),
	} {
		for len(junk) > wire.ReactionMax {
			_, n := utf8.DecodeLastRuneInString(junk)
			junk = junk[:len(junk)-n]
		}
		eve.sends(wire.TypeReact, wire.Talk{Target: target, Text: []byte(junk)})
	}
	eve.sends(wire.TypeReact, wire.Talk{Target: target, Text: []byte("\u200b")}) // nothing to be seen
	eve.sends(wire.TypeReact, wire.Talk{Target: target, Text: []byte("👍")})
	anna.Shows("👍 1", "WWWWWWW", "abc 1", "lunch at noon", "2 here")
	if screen := anna.Screen(); strings.ContainsAny(screen, "\u202e\u009b") {
		t.Errorf("the screen is\n%q", screen)
	}
	anna.ClickOn("👍 1")
	anna.Shows("[👍 2]")
}

func TestAnAnswerToAMessageThatIsNotHereSaysSo(t *testing.T) {
	anna := people.Start(t, "anna")
	eve := people.stranger(t, "eve", anna.Room)
	anna.Shows("2 here")
	eve.sends(wire.TypeMsg, wire.Talk{ReplyTo: wire.ID{1, 2, 3}, Text: []byte("an answer to nothing")})
	eve.sends(wire.TypeMsg, wire.Talk{Thread: wire.ID{4, 5, 6}, Text: []byte("a thread from nowhere")})
	anna.Shows("an answer to nothing", "a thread from nowhere")
	rowWith(anna, "╭─", "a message that is not here")
	anna.Key("up", "t")
	anna.Shows("its first message is not here", "a thread from nowhere")
	anna.Say("I answer it all the same")
	anna.Key("esc")
	rowWith(anna, "↳ anna", "I answer it all the same")
}

func TestWhatIsChangedWithoutAConnectionIsSentLater(t *testing.T) {
	line := newCable(t, people.Server(t).Addr)
	ben, anna := people.Start(t, "ben"), people.Start(t, "anna", through(line))
	anna.Shows("2 here")
	hears(anna, ben, "teh build is broken")
	hears(ben, anna, "is it?")
	people.stranger(t, "eve", ben.Room) // so that ben is not alone
	line.Cut()
	anna.Shows("connection lost")
	anna.Type("/edit the build is broken")
	anna.Key("enter")
	rowWith(anna, "the build is broken", "(edited)")
	anna.Shows("waiting")
	anna.Type("/react 👍")
	anna.Key("enter")
	anna.Shows("[👍 1]")
	ben.Shows("teh build is broken")
	// It survives the program too.
	anna.Kill()
	anna.Ends()
	line.Mend()
	anna.Again()
	rowWith(ben, "the build is broken", "(edited)")
	ben.Shows("👍 1")
	anna.ShowsNot("waiting")
	anna.Shows("[👍 1]")
}
