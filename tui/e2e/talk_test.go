// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"strings"
	"testing"

	uv "github.com/charmbracelet/ultraviolet"
)

// two people are in a room of the test's own.
func two(t *testing.T, options ...option) (anna, ben *person) {
	t.Helper()
	anna, ben = people.Start(t, "anna", options...), people.Start(t, "ben", options...)
	anna.Shows("2 here")
	ben.Shows("2 here")
	return anna, ben
}

// hears waits until what somebody says is on the other's screen.
func hears(from, to *person, words string) {
	from.t.Helper()
	from.Say(words)
	to.Shows(words)
}

// rowWith waits for a row of the screen that holds all words, in their order.
func rowWith(p *person, words ...string) {
	p.t.Helper()
	p.Until("a row with "+strings.Join(words, " and "), func(screen string) bool { return hasRow(screen, words...) })
}

// noRow waits until no row holds all words.
func noRow(p *person, words ...string) {
	p.t.Helper()
	p.Until("no row with "+strings.Join(words, " and "), func(screen string) bool { return !hasRow(screen, words...) })
}

func hasRow(screen string, words ...string) bool {
	for row := range strings.Lines(screen) {
		found := true
		for _, w := range words {
			var in bool
			if _, row, in = strings.Cut(row, w); !in {
				found = false
				break
			}
		}
		if found {
			return true
		}
	}
	return false
}

func TestAReplyStandsUnderWhatItAnswers(t *testing.T) {
	anna, ben := two(t)
	hears(anna, ben, "which build is it?")
	hears(anna, ben, "lunch at noon")
	ben.Key("up", "up", "r")
	ben.Shows("replying to anna: which build is it?")
	ben.Say("tuesday's, I think")
	rowWith(anna, "╭─ anna", "which build is it?")
	anna.Shows("tuesday's, I think")
	ben.ShowsNot("replying to")
	// The quote leads to what is answered.
	anna.ClickOn("╭─ anna")
	rowWith(anna, "▌", "which build is it?")
}

func TestEscLeavesAReplyAndTheWordsStay(t *testing.T) {
	anna, ben := two(t)
	hears(anna, ben, "which build is it?")
	ben.Type("/reply")
	ben.Key("enter")
	ben.Shows("Enter reply") // with no words and nothing selected, one chooses
	ben.Key("enter")
	ben.Shows("replying to anna")
	ben.Type("to all")
	ben.Key("esc")
	ben.ShowsNot("replying to")
	ben.Key("enter")
	anna.Shows("to all")
	anna.ShowsNot("╭─ anna")
}

func TestAnEditIsSeenByAllAtOnceAfterAReconnectAndByNewcomers(t *testing.T) {
	anna, ben := two(t)
	hears(anna, ben, "teh build is broken")
	anna.Key("up", "e")
	anna.Shows("editing: teh build")
	anna.Key("ctrl+u")
	anna.Type("the build is broken")
	anna.Key("enter")
	for _, p := range []*person{anna, ben} {
		rowWith(p, "the build is broken", "(edited)")
		p.ShowsNot("teh build")
	}
	anna.ShowsNot("editing:")
	cleo := people.Start(t, "cleo")
	rowWith(cleo, "the build is broken", "(edited)")
	ben.Quit()
	ben.Again()
	rowWith(ben, "the build is broken", "(edited)")
}

func TestADeletionIsAskedAboutAndSeenByAll(t *testing.T) {
	anna, ben := two(t)
	hears(anna, ben, "my password is hunter2")
	anna.Key("up", "d")
	anna.Shows("Delete this message?")
	anna.Key("n")
	anna.ShowsNot("Delete this message?")
	anna.Shows("my password is hunter2")
	anna.Key("d")
	anna.Shows("Delete this message?")
	anna.Key("y")
	for _, p := range []*person{anna, ben} {
		p.Shows("deleted by its author")
		p.ShowsNot("hunter2")
	}
	cleo := people.Start(t, "cleo")
	cleo.Shows("deleted by its author")
	cleo.ShowsNot("hunter2")
}

func TestWhoMayNotEditIsToldWhy(t *testing.T) {
	anna, ben := two(t)
	hears(anna, ben, "mine")
	ben.Key("up", "e")
	ben.Shows("Only anna can edit this.")
	ben.Key("d")
	ben.Shows("Only anna can delete this.")
	ben.Shows("mine")
}

func TestReactionsAreCountedAndToggledByKeyAndClick(t *testing.T) {
	anna, ben := two(t)
	hears(anna, ben, "lunch at noon")
	ben.Key("up", "+")
	ben.Shows("React")
	ben.Key("1")
	ben.Shows("[👍 1]")
	anna.Shows(" 👍 1 ")
	anna.ClickOn("👍 1")
	anna.Shows("[👍 2]")
	ben.Shows("[👍 2]")
	anna.ClickOn("👍 2")
	ben.Shows("[👍 1]")
	anna.Type("/react 🎉")
	anna.Key("enter") // nobody else has spoken: it is for her own message
	ben.Shows("🎉 1")
	// Who reacted is in the menu, also for who comes later.
	cleo := people.Start(t, "cleo")
	cleo.Shows("👍 1", "🎉 1")
	cleo.Key("up", "m")
	rowWith(cleo, "👍", "ben")
	rowWith(cleo, "🎉", "anna")
}

func TestTheMenuOfAMessageListsWhatCanBeDoneByKeyAndMouse(t *testing.T) {
	anna, ben := two(t)
	hears(anna, ben, "lunch at noon")
	ben.Key("up", "enter")
	ben.Shows("reply", "react", "thread", "copy", "said ")
	ben.ShowsNot("keep the message", "edit  ")
	ben.Key("esc", "esc")
	ben.ShowsNot("said ", "▌ lunch at noon")
	x, y, ok := ben.Find("lunch at noon")
	if !ok {
		t.Fatal("the message is not on the screen")
	}
	ben.ClickWith(uv.MouseRight, x, y)
	ben.Shows("said ")
	ben.ClickOn("reply")
	ben.Shows("replying to anna: lunch at noon")
	ben.Say("soup?")
	rowWith(anna, "╭─ anna", "lunch at noon")
	anna.Key("up", "up")
	anna.Key("m")
	rowWith(anna, "e ", "edit")
	rowWith(anna, "d ", "delete")
}

func TestAThreadHasItsOwnPlaceAndIsCountedAtItsFirstMessage(t *testing.T) {
	anna, ben := two(t)
	hears(anna, ben, "which build is it?")
	hears(anna, ben, "lunch at noon")
	ben.Key("up", "up", "t")
	ben.Shows("in the thread of: which build is it?")
	ben.ShowsNot("lunch at noon")
	ben.Say("tuesday's")
	rowWith(anna, "↳ ben", "tuesday's", "in which build")
	rowWith(anna, "↳ 1 reply", "1 new")
	anna.Shows("1 new in threads (Alt+T)")
	anna.Key("alt+t")
	anna.Shows("Threads of #" + anna.Room)
	anna.Key("enter")
	anna.Shows("in the thread of: which build is it?", "tuesday's")
	anna.Say("thanks, so I wait")
	rowWith(ben, "thanks, so I wait")
	ben.Key("esc")
	ben.Shows("lunch at noon")
	rowWith(ben, "↳ 2 replies", "anna")
	anna.Key("esc")
	noRow(anna, "↳ 2 replies", "new")
	// Newcomers see it from the log, others from their history.
	cleo := people.Start(t, "cleo")
	rowWith(cleo, "↳ 2 replies")
	anna.Quit()
	anna.Again()
	anna.Shows("3 here")
	rowWith(anna, "↳ 2 replies")
	anna.ClickOn("↳ 2 replies")
	anna.Shows("in the thread of: which build is it?")
}

func TestAWideTerminalShowsTheThreadBesideTheTalk(t *testing.T) {
	anna, ben := two(t, sized(180, 40))
	hears(anna, ben, "which build is it?")
	hears(anna, ben, "lunch at noon")
	ben.Key("up", "up", "t")
	ben.Shows("in the thread of: which build is it?", "lunch at noon")
	ben.Say("tuesday's")
	anna.Say("never mind")
	rowWith(ben, "never mind")
	rowWith(anna, "↳ ben", "tuesday's")
}

// What one does to a message where nobody else is would be heard by nobody: it is refused as words are.
func TestNothingIsChangedWhereNobodyElseIs(t *testing.T) {
	anna, ben := two(t)
	hears(anna, ben, "teh build")
	ben.Quit()
	anna.Shows("nly you")
	anna.Key("up", "e")
	anna.Shows("Nobody else is here, so nothing can be changed now.")
	anna.Key("+")
	anna.Shows("Nobody else is here, so nothing can be changed now.")
	anna.Shows("teh build")
}
