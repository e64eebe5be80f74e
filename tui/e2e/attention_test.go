// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"kchat/tui/notify/desktest"
)

// named has the terminal answer what it is: the question XTVERSION, and the answer to it.
func named(name string) option {
	return answering(map[string]string{ansi.RequestNameVersion: "\x1bP>|" + name + "\x1b\\"})
}

// rings is how often the bell was rung. The ends of sequences are no bells.
func (p *person) rings() int {
	return strings.Count(regexp.MustCompile("\x1b\\][^\a\x1b]*\a").ReplaceAllString(p.Raw(), ""), "\a")
}

// looksAway takes the focus from the terminal. The program knows of it when a key behind it has come to the screen.
func (p *person) looksAway() {
	p.t.Helper()
	p.Focus(false)
	p.Type("elsewhere")
	p.Shows("› elsewhere")
	p.Key("ctrl+u")
	p.ShowsNot("› elsewhere")
}

// awaits waits until something holds that is not on the screen.
func (p *person) awaits(what string, holds func() bool) {
	p.t.Helper()
	p.Until(what, func(string) bool { return holds() })
}

func TestWhoIsMeantAndLooksElsewhereIsNotifiedByTheTerminal(t *testing.T) {
	ben := people.Start(t, "ben")
	kitty := people.Start(t, "anna", named("kitty(0.48.2)"))
	foot := people.Start(t, "chris", named("foot(1.16.2)"))
	iterm := people.Start(t, "dora", withEnv("TERM_PROGRAM=iTerm.app"))
	ben.Shows("4 here")
	ben.Say("anna, chris and dora, before your eyes")
	others := []*person{kitty, foot, iterm}
	for _, p := range others {
		p.Shows("before your eyes")
		p.looksAway()
	}
	ben.Say("something else")
	for _, p := range others {
		p.Shows("something else")
	}
	ben.Say("anna, chris and dora: lunch?")
	title, words := fmt.Sprintf("ben in #%s", ben.Room), "anna, chris and dora: lunch?"
	foot.Writes("\x1b]777;notify;" + title + ";" + words + "\a")
	iterm.Writes("\x1b]9;" + title + ": " + words + "\a")
	kitty.Writes(":p=body;" + base64.StdEncoding.EncodeToString([]byte(words)) + "\x1b\\")
	for _, p := range others {
		if raw := p.Raw(); strings.Contains(raw, "before your eyes\a") || strings.Contains(raw, "something else\a") {
			t.Errorf("%s was told what they saw, or what did not concern them", p.Name)
		}
	}
	kitty.Focus(true)
	kitty.Writes(":p=close;\x1b\\")
}

func TestADesktopNotifiesWhereTheTerminalCannot(t *testing.T) {
	address, desk := desktest.Bus(t), &desktest.Desk{Can: []string{"body"}}
	desk.Begin(t, address)
	anna := people.Start(t, "anna", withEnv("DBUS_SESSION_BUS_ADDRESS="+address), withSettings(`notify_text = "off"`))
	ben := people.Start(t, "ben")
	ben.Shows("2 here")
	anna.looksAway()
	ben.Say("anna, the password is sesame")
	anna.awaits("the notification", func() bool { return slices.Equal(desk.All(), []string{"ben in #" + ben.Room + "|"}) })
	anna.Focus(true)
	anna.awaits("it to be taken back", func() bool { return len(desk.All()) == 0 })
}

func TestTheRuleOfARoomAndTheSilenceOutliveTheProgram(t *testing.T) {
	anna := people.Start(t, "anna", withSettings(`notify = "osc9"`))
	ben := people.Start(t, "ben")
	ben.Shows("2 here")
	anna.Say("/notify all")
	anna.Shows("everything in #" + anna.Room)
	anna.Say("/dnd for 2h")
	anna.Shows("Nothing disturbs you until")
	anna.Quit()
	anna.Again()
	anna.Shows("do not disturb until", "2 here")
	anna.looksAway()
	ben.Say("in silence")
	anna.Shows("in silence")
	anna.Focus(true)
	anna.Say("/dnd off")
	anna.Shows("You can be disturbed again.")
	anna.looksAway()
	ben.Say("to everybody")
	anna.Writes("\x1b]9;ben in #" + anna.Room + ": to everybody\a")
	if anna.Wrote("in silence\a") {
		t.Error("they were disturbed")
	}
	anna.Focus(true)
	anna.Say("/notify none")
	anna.Shows("told of nothing in #" + anna.Room)
	anna.looksAway()
	ben.Say("anna, do you hear?")
	anna.Shows("do you hear?")
	if anna.Wrote("do you hear?\a") {
		t.Error("they were told in spite of the rule")
	}
}

func TestTheTitleOfTheWindowCountsWhereOneIsMeant(t *testing.T) {
	anna, ben := two(t)
	anna.looksAway()
	ben.Say("to all")
	anna.Writes("]2;* #" + anna.Room + " - kchat")
	ben.Say("anna!")
	anna.Writes("]2;(1) #" + anna.Room + " - kchat")
	ben.Say("anna?")
	anna.Writes("]2;(2) #" + anna.Room + " - kchat")
}

func TestWithoutAKeyOneIsAwayUntilTheNext(t *testing.T) {
	anna := people.Start(t, "anna", withSettings(`away_after = "2s"`))
	ben := people.Start(t, "ben", sized(120, 30))
	ben.Shows("2 here", "anna away")
	anna.Shows("· away")
	anna.Type("x")
	ben.ShowsNot("anna away")
	anna.Shows("You are back")
}

func TestTheBellRingsWhenSomebodyComesToWhoWaitsAlone(t *testing.T) {
	anna := people.Start(t, "anna")
	anna.Shows("Only you are in #" + anna.Room)
	before := anna.rings()
	people.Start(t, "ben")
	anna.Shows("ben is here")
	anna.awaits("the bell", func() bool { return anna.rings() == before+1 })
}

func TestTheBellRingsForWhoIsMeantAndLooksElsewhere(t *testing.T) {
	ben := people.Start(t, "ben") // he waits alone, not she
	anna := people.Start(t, "anna", withSettings(`notify = "bell"`))
	ben.Shows("2 here")
	ben.Say("anna, before your eyes")
	anna.Shows("before your eyes")
	anna.looksAway()
	ben.Say("something else")
	anna.Shows("something else")
	ben.Say("anna, lunch?")
	anna.Shows("lunch?")
	anna.awaits("the bell, once", func() bool { return anna.rings() == 1 })
}
