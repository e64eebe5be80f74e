// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/vt"
)

// beside lets somebody go into a second room of the test, and returns its name.
func (p *person) beside() string {
	p.t.Helper()
	room := p.Room + "-side"
	p.Say("/join " + room)
	p.Until("the other room to open", func(screen string) bool {
		return strings.Contains(head(screen), "#"+room) && headed.MatchString(head(screen))
	})
	return room
}

// head is the row that names the room in front.
func head(screen string) string {
	first, _, _ := strings.Cut(screen, "\n")
	_, first, _ = strings.Cut(first, "│")
	return first
}

// inFront waits until a room or person is in front.
func (p *person) inFront(title string) {
	p.t.Helper()
	p.Until(title+" to be in front", func(screen string) bool { return strings.Contains(head(screen), title) })
}

// rowOf is the row of the screen that has words in it.
func rowOf(screen, words string) string {
	for row := range strings.Lines(screen) {
		if strings.Contains(row, words) {
			return row
		}
	}
	return ""
}

func TestWhoIsNamedIsToldSoWhereverTheyAre(t *testing.T) {
	anna, ben := two(t)
	anna.beside()
	ben.Say("nothing for anybody")
	ben.Say("Anna, look at this")
	ben.Say("nor this: annabel")
	anna.Until("the mention to be counted apart", func(screen string) bool {
		return regexp.MustCompile(`#` + anna.Room + ` +2 +@1`).MatchString(screen)
	})
	anna.Key("alt+m")
	anna.Shows("Where you were named", "Anna, look at this")
	anna.ShowsNot("annabel")
	anna.Key("enter")
	anna.inFront("#" + anna.Room + " ")
	anna.Shows("Anna, look at this", "annabel")
	x, y, ok := anna.Find("Anna, look")
	if !ok {
		t.Fatal("the mention is not there")
	}
	anna.Do(func(e *vt.Emulator) {
		if named, rest := e.CellAt(x, y), e.CellAt(x+6, y); named.Style.Attrs == rest.Style.Attrs {
			t.Errorf("the name looks like any other word: %v", named.Style)
		}
	})
}

func TestAKoreanNameCountsWithItsParticles(t *testing.T) {
	minsu, ben := people.Start(t, "민수"), people.Start(t, "ben")
	minsu.Shows("2 here")
	minsu.beside()
	ben.Say("민수기는 남이다!") // the mark ends it: behind a syllable Enter waits for more of it
	ben.Say("민수야 밥 먹자!")
	ben.Say("@민수한테는 말했어!")
	minsu.Until("both to be counted", func(screen string) bool {
		return regexp.MustCompile(`#` + minsu.Room + ` +1 +@2`).MatchString(screen)
	})
}

func TestWhatIsNewStandsBelowALineAfterARestart(t *testing.T) {
	anna, ben, carl := people.Start(t, "anna"), people.Start(t, "ben"), people.Start(t, "carl")
	anna.Shows("3 here")
	ben.Say("seen before")
	anna.Shows("seen before")
	carl.Shows("seen before")
	anna.Quit()
	ben.Shows("2 here")
	for i := range 40 {
		ben.Say(fmt.Sprint("while she was away ", i+1))
	}
	carl.Shows("while she was away 40")
	dora := people.Start(t, "dora")
	dora.Shows("while she was away 40")
	if screen := dora.Screen(); strings.Contains(screen, "─ new ─") || strings.Contains(screen, "new above") {
		t.Errorf("to who comes for the first time it is new:\n%s", screen)
	}
	anna.Again()
	anna.Shows("while she was away 40", "new above")
	anna.Key("alt+u")
	anna.Until("the line to stand above what is new", func(screen string) bool {
		_, after, is := strings.Cut(screen, "─ new ─")
		return is && strings.Contains(after, "while she was away 1 ") && !strings.Contains(after, "seen before")
	})
	anna.Key("ctrl+end")
	anna.Shows("while she was away 40")
	anna.ShowsNot("new above")
	anna.Key("esc", "alt+u")
	anna.Shows("There is nothing new here.")
}

func TestWhatComesBelowTheScreenIsCountedAndAClickGoesThere(t *testing.T) {
	anna, ben := people.Start(t, "anna", sized(100, 16)), people.Start(t, "ben")
	anna.Shows("2 here")
	for i := range 20 {
		ben.Say(fmt.Sprint("line ", i+1))
	}
	anna.Shows("line 20")
	anna.Key("pgup")
	anna.ShowsNot("line 20")
	ben.Say("come down")
	anna.Shows("1 new below")
	ben.Say("really")
	anna.Shows("2 new below")
	anna.ClickOn("2 new below")
	anna.Shows("come down", "really")
	anna.ShowsNot("new below")
}

func TestOneSeesHowFarAWordHasCome(t *testing.T) {
	anna, ben := two(t)
	ben.looksAway()
	anna.Say("did you get this")
	anna.Until("it to be delivered", func(screen string) bool { return strings.Contains(rowOf(screen, "did you get this"), "✓✓ 1/1") })
	if strings.Contains(rowOf(anna.Screen(), "did you get this"), "read") {
		t.Error("it is read by nobody who looks")
	}
	ben.Shows("did you get this")
	ben.Focus(true)
	anna.Until("it to be read", func(screen string) bool {
		return strings.Contains(rowOf(screen, "did you get this"), "✓✓ 1/1 · read")
	})
}

func TestHowFarAWordHasComeIsSaidInASCII(t *testing.T) {
	anna, ben := people.Start(t, "anna", withArgs("--ascii")), people.Start(t, "ben")
	anna.Shows("2 here")
	anna.Say("did you get this")
	ben.Shows("did you get this")
	anna.Until("it to be read", func(screen string) bool { return strings.Contains(rowOf(screen, "did you get this"), "++ 1/1 - read") })
}

func TestHowFarOneHasReadIsKeptFromOthersWhoWantsIt(t *testing.T) {
	anna, ben, carl := people.Start(t, "anna"), people.Start(t, "ben", withSettings("send_read = false")), people.Start(t, "carl")
	anna.Shows("3 here")
	anna.Say("who reads this")
	ben.Shows("who reads this")
	carl.Shows("who reads this")
	anna.Until("one of two to have read it", func(screen string) bool {
		return strings.Contains(rowOf(screen, "who reads this"), "✓✓ 2/2 · read by carl")
	})
}

func TestOneSeesWhoTypes(t *testing.T) {
	anna, ben := two(t)
	carl := people.Start(t, "carl", withSettings("send_typing = false"))
	anna.Shows("3 here")
	ben.Shows("3 here")
	carl.Shows("3 here")
	carl.Type("in secret")
	carl.Shows("in secret")
	ben.Type("hm")
	anna.Shows("ben is typing")
	dora := people.Start(t, "dora")
	dora.Shows("4 here")
	dora.Type("me too")
	anna.Shows("dora")
	ben.Key("backspace", "backspace")
	anna.Shows("dora is typing")
	dora.Key("enter")
	anna.Shows("me too")
	anna.ShowsNot("typing")
}

func TestOneSaysWhatOneDoes(t *testing.T) {
	anna, ben := two(t)
	anna.Say("/me waves at the others")
	ben.Shows("* anna waves at the others")
	anna.Shows("* anna waves at the others")
}

func TestAFavouriteStandsFirstAlsoAfterARestart(t *testing.T) {
	anna := people.Start(t, "anna")
	side := anna.beside()
	if screen := anna.Screen(); strings.Contains(screen, "FAVOURITES") {
		t.Fatalf("there are favourites already:\n%s", screen)
	}
	anna.Say("/favourite")
	first := func(screen string) bool {
		_, below, is := strings.Cut(screen, "FAVOURITES")
		favourites, others, also := strings.Cut(below, "ROOMS")
		return is && also && strings.Contains(favourites, "#"+side) && strings.Contains(others, "#"+anna.Room+" ")
	}
	anna.Until("the favourite to stand first", first)
	anna.Quit()
	anna.Again()
	anna.Until("the favourite to stand first again", first)
}

func TestAFewLettersLeadToARoomOrPerson(t *testing.T) {
	anna, ben := two(t)
	side := anna.beside()
	// Nothing typed: where one came from.
	anna.Key("ctrl+k")
	anna.Shows("Go to a room or person")
	anna.Key("enter")
	anna.inFront("#" + anna.Room + " ")
	anna.Key("ctrl+k")
	anna.Shows("Go to a room or person")
	letters := strings.ReplaceAll(anna.Room, "oom", "") + "sd" // of all that it is called
	anna.Type(letters)
	anna.Shows("› " + letters)
	anna.Key("enter")
	anna.inFront("#" + side)
	anna.Key("ctrl+k")
	anna.Shows("Go to a room or person")
	anna.Type("@ben")
	anna.Shows("› @ben")
	anna.Key("enter")
	anna.inFront("ben")
	anna.Say("only for you")
	ben.Shows("anna wants to talk with you")
	x, y, ok := ben.Find("DIRECT")
	if !ok {
		t.Fatal("there is no room of two")
	}
	ben.Click(x+3, y+1)
	ben.Shows("only for you")
}

func TestTheListOfPeopleSaysHowTheyAreThere(t *testing.T) {
	anna, ben := two(t)
	anna.Shows("2 here", "anna you, owner")
	ben.Say("/away")
	anna.Shows("◐ ben away")
	ben.Say("/back")
	anna.Shows("● ben")
	ben.Say("here again")
	anna.Shows("here again")
	anna.ClickOn("● ben")
	anna.Shows("spoke last at", "write to them alone", "take somebody out of the room")
	anna.Key("w")
	anna.inFront("ben")
	anna.Key("alt+up")
	anna.inFront("#" + anna.Room)
	anna.Key("f3")
	anna.ShowsNot("HERE 2")
	anna.Key("f3")
	anna.Shows("HERE 2")
}

func TestWordsOfOnePersonStandUnderOneNameAndDay(t *testing.T) {
	anna, ben := two(t)
	ben.Say("one")
	ben.Say("two")
	anna.Shows("one", "two")
	screen := anna.Screen()
	if n := len(regexp.MustCompile(`(?m)ben  \d\d:\d\d`).FindAllString(ansi.Strip(screen), -1)); n != 1 {
		t.Errorf("the name stands %d times:\n%s", n, screen)
	}
	if !regexp.MustCompile(`─ [A-Z][a-z]+day, \d+ [A-Z][a-z]+ 20\d\d ─`).MatchString(screen) {
		t.Errorf("no day:\n%s", screen)
	}
}
