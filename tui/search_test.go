// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"kchat/history"
)

const (
	ctrlF = "\x06"
	ctrlG = "\x07"
)

// looked waits until all hits of these words are there, and not those of the letters before: they may be as many.
func (s *stage) looked(words string, hits int) {
	s.t.Helper()
	s.comes("the hits of "+words, func(c *chat) bool {
		x := c.search
		return x != nil && x.typed.value() == words && !x.stale && x.done && x.run == nil && len(x.refs) == hits
	})
}

// withTalk is a lobby of which much is in the history, with a word in three places, and another room.
func withTalk(t testing.TB) *stage {
	s := newStage(t, 100, 30, func(s *stage, _ *Config) {
		for i := range 900 {
			words := fmt.Sprintf("line %d.", i+1)
			if i+1 == 100 || i+1 == 450 || i+1 == 800 {
				words = fmt.Sprintf("오늘 주간회의록 %d번을 올렸어요", i+1)
			}
			s.archive.entries = append(s.archive.entries, entry(uint64(i+1), joon, words))
		}
		away := said(7, lena, "회의는 garden에서")
		away.Room = "garden"
		s.archive.entries = append(s.archive.entries, history.Entry{Message: away})
	})
	s.logIn()
	s.company(joon)
	s.wait("line 900.", "2 here")
	return s
}

func TestASearchShowsHitsAsOneTypes(t *testing.T) {
	s := withTalk(t)
	s.press(ctrlF)
	s.wait("Search", "#lobby", "all rooms", "Type words")
	s.type_("회의")
	s.wait("1 of 3", "1 more in other rooms: Ctrl+G", "준호", "주간회의록 800번", "주간회의록 100번")
	s.golden("search-100x30")
	s.type_("록 없")
	s.wait("Nothing was found. Fewer")
}

// Whoever searches one room is told what other rooms have of it, and a key or a click shows it.
func TestASearchOfOneRoomSaysWhatOthersHave(t *testing.T) {
	s := withTalk(t)
	s.press(ctrlF)
	s.type_("회의는")
	s.wait("Nothing was found in this room, 1 in others: Ctrl+G")
	s.click("1 in others")
	s.wait("1 of 1", "#garden")
	s.gone("in others")
	s.press(ctrlF)
	s.wait("1 in others")
	s.press(ctrlG)
	s.wait("1 of 1", "#garden")
}

func TestHitsInOtherRoomsAreCountedUpToAThousand(t *testing.T) {
	s := newStage(t, 100, 30, func(s *stage, _ *Config) {
		s.archive.entries = append(s.archive.entries, entry(1, joon, "alpha"))
		for i := range othersMost + 1 {
			m := said(uint64(i+1), lena, "alpha")
			m.Room = "garden"
			s.archive.entries = append(s.archive.entries, history.Entry{Message: m})
		}
	})
	s.logIn()
	s.press(ctrlF)
	s.type_("alpha")
	s.wait("1 of 1", "999+ more in other rooms")
	s.press("\x15")
	s.type_("alph")
	s.archive.mu.Lock()
	s.archive.entries = s.archive.entries[:othersMost+1]
	s.archive.mu.Unlock()
	s.type_("a")
	s.wait("1 of 1", "999 more in other rooms")
}

func TestAHitIsGoneToWithTheTalkAroundItAndEscComesBack(t *testing.T) {
	s := withTalk(t)
	s.press(ctrlF)
	s.type_("회의")
	s.looked("회의", 3)
	s.press(down, enter)
	s.wait("line 449.", "▌ 오늘 주간회의록 450번", "line 451.", "2 of 3")
	if n := s.held(); n > 200 {
		t.Errorf("%d messages are held", n)
	}
	s.type_("n")
	s.wait("line 99.", "▌ 오늘 주간회의록 100번")
	s.type_("n")
	s.wait("This is the oldest hit")
	s.type_("NN")
	s.wait("line 799.", "▌ 오늘 주간회의록 800번")
	s.press(esc)
	s.wait("line 900.")
	s.gone("주간회의록")
	if got := s.client.drafts(); len(got) != 0 {
		t.Errorf("%q was sent", got)
	}
}

// A search of all rooms finds what was said in one that is not open. It is opened for reading, and closed on the way back.
func TestAHitInAnotherRoomIsReadThere(t *testing.T) {
	s := withTalk(t)
	s.type_("/search from:lena")
	s.press(enter)
	s.wait("1 of 1", "#garden", "lena")
	s.press(enter)
	s.wait("회의는 garden에서", "You are reading #garden without being in it")
	s.type_("hello")
	s.press(enter)
	s.wait("/join #garden brings you in")
	s.press(ctrlF)
	s.wait("Search")
	s.press(enter)
	s.wait("1 of 1", "▌ 회의는 garden에서")
	s.press(esc)
	s.wait("line 900.")
	s.gone("#garden")
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	if strings.Contains(strings.Join(s.client.joined, " "), "garden") {
		t.Error("it was joined to be read")
	}
}

func TestFiltersAreCompletedAndAWrongDateSaysSo(t *testing.T) {
	s := withTalk(t)
	s.press(ctrlG)
	s.type_("fr")
	s.wait("Tab", "from:")
	s.press(tab)
	s.wait("from:준호", "from:mina")
	s.type_("준")
	s.press(tab)
	s.type_("회의")
	s.wait("from:준호 회의", "1 of 3")
	s.type_(" before:someday")
	s.wait("someday is no date")
	s.press("\x15") // clears the line
	s.type_("has:")
	s.wait("has:image", "has:link")
	s.press(tab, tab)
	s.wait("› has:video")
}

// The panel's room and everywhere are a key or a click apart.
func TestASearchIsNarrowedToTheRoomAndWidened(t *testing.T) {
	s := withTalk(t)
	s.press(ctrlG)
	s.type_("회의")
	s.wait("1 of 4", "#garden")
	s.press(ctrlF)
	s.wait("1 of 3", "1 more in other rooms")
	s.press(ctrlG)
	s.wait("1 of 4")
	s.type_("는")
	s.wait("1 of 1")
	s.click("회의는 garden")
	s.wait("You are reading #garden")
}

// A query that is overtaken by the next key is given up, and what it found does not come.
func TestAnOvertakenQueryIsGivenUp(t *testing.T) {
	slow := &slowArchive{begun: make(chan struct{}, 100)}
	s := newStage(t, 100, 30, func(s *stage, cfg *Config) {
		s.archive.entries = append(s.archive.entries, entry(1, joon, "alpha beta"), entry(2, joon, "alpha"))
		slow.fakeArchive = s.archive
		cfg.Gate = slowGate{s.gate, slow}
	})
	s.logIn()
	s.company(joon)
	s.wait("2 here")
	slow.stall()
	s.press(ctrlF)
	s.type_("alpha")
	<-slow.begun
	s.type_(" beta")
	s.wait("› alpha beta")
	slow.goOn()
	s.wait("1 of 1")
	slow.mu2.Lock()
	defer slow.mu2.Unlock()
	if slow.given == 0 {
		t.Error("no query was given up")
	}
	if last := slow.asked[len(slow.asked)-1]; strings.Join(last, " ") != "alpha beta" {
		t.Errorf("the last query is %q", last)
	}
}

// Enter means what stands in the field, not what was found for the letters before.
func TestEnterWaitsForTheHitsOfWhatWasTyped(t *testing.T) {
	slow := &slowArchive{begun: make(chan struct{}, 100)}
	s := newStage(t, 100, 30, func(s *stage, cfg *Config) {
		s.archive.entries = append(s.archive.entries, entry(1, joon, "alpha beta"), entry(2, joon, "alpha"))
		slow.fakeArchive = s.archive
		cfg.Gate = slowGate{s.gate, slow}
	})
	s.logIn()
	slow.stall()
	slow.goOn()
	s.press(ctrlF)
	s.type_("alpha")
	s.wait("1 of 2")

	slow.stall()
	s.type_(" beta")
	s.wait("› alpha beta")
	s.press(enter)
	slow.goOn()
	s.wait("▌ alpha beta", "1 of 1")
	s.gone("› alpha beta")

	// Whoever types on has thought better of it, and where nothing is found one stays.
	slow.stall()
	s.press(ctrlF)
	s.type_("alpha")
	s.wait("› alpha")
	s.press(enter)
	s.type_(" gamma")
	s.wait("› alpha gamma")
	s.press(enter)
	slow.goOn()
	s.wait("› alpha gamma", "Nothing was found")
}

// slowArchive finds nothing as long as it is stalled.
type slowArchive struct {
	*fakeArchive
	begun chan struct{}

	mu2   sync.Mutex
	held  chan struct{}
	given int // queries that were given up
	asked [][]string
}

func (a *slowArchive) stall() {
	a.mu2.Lock()
	defer a.mu2.Unlock()
	a.held = make(chan struct{})
}

func (a *slowArchive) goOn() {
	a.mu2.Lock()
	defer a.mu2.Unlock()
	close(a.held)
}

func (a *slowArchive) Find(ctx context.Context, q history.Query, yield func([]history.Ref) bool) error {
	a.mu2.Lock()
	a.asked = append(a.asked, q.Terms)
	held := a.held
	a.mu2.Unlock()
	select {
	case a.begun <- struct{}{}:
	default:
	}
	select {
	case <-held:
	case <-ctx.Done():
		a.mu2.Lock()
		a.given++
		a.mu2.Unlock()
		return ctx.Err()
	}
	return a.fakeArchive.Find(ctx, q, yield)
}

type slowGate struct {
	Gate
	archive *slowArchive
}

func (g slowGate) Open(ctx context.Context, with Credentials) (Session, error) {
	s, err := g.Gate.Open(ctx, with)
	s.Archive = g.archive
	return s, err
}

// On a screen of hardly a row there is what one types, and the hit that Enter goes to.
func TestASearchOnATinyScreen(t *testing.T) {
	s := newStage(t, 60, 20, func(s *stage, _ *Config) {
		s.archive.entries = append(s.archive.entries, entry(1, joon, "alpha"), entry(2, joon, "beta"))
	})
	s.logIn()
	s.press(ctrlG)
	s.type_("alp")
	s.wait("› alp", "1 of 1", "alpha")
	s.resize(20, 5)
	s.wait("› alp")
	s.press(enter)
	s.resize(60, 20)
	s.wait("▌ alpha")
}

// A word that stands everywhere: the count is exact, the list has no end, and what is held is what is near.
func TestAllHitsAreThereAndThoseNearAreRead(t *testing.T) {
	const all = 12_345
	s := newStage(t, 100, 30, func(s *stage, _ *Config) {
		for i := range all {
			s.archive.entries = append(s.archive.entries, entry(uint64(i+1), joon, fmt.Sprintf("word %d.", i+1)))
		}
	})
	s.logIn()
	s.press(ctrlG)
	s.type_("word")
	s.looked("word", all)
	s.wait("1 of 12,345", "word 12345.", "word 12340.")
	s.press("\x1b[1;5F") // Ctrl+End
	s.wait("12,345 of 12,345", "word 1.", "word 5.")
	for range 20 { // further than is read ahead
		s.press(pgup)
	}
	s.wait("12,165 of 12,345", "word 181.")
	s.press("\x1b[1;5H") // Ctrl+Home
	s.wait("1 of 12,345", "word 12345.")
	s.archive.mu.Lock()
	read := 0
	for _, n := range s.archive.read {
		read += n
	}
	s.archive.mu.Unlock()
	if most := 8 * (2*hitsAround + 1); read > most {
		t.Errorf("%d hits were read, of at most %d near those that were chosen", read, most)
	}
	s.press(enter)
	s.wait("▌ word 12345.", "1 of 12,345")
}

// A hit that is withdrawn before one gets to it is none.
func TestAHitThatHasGoneLeavesTheList(t *testing.T) {
	s := newStage(t, 100, 30, func(s *stage, _ *Config) {
		for i := range 600 {
			s.archive.entries = append(s.archive.entries, entry(uint64(i+1), joon, fmt.Sprintf("word %d.", i+1)))
		}
	})
	s.logIn()
	s.press(ctrlG)
	s.type_("word")
	s.looked("word", 600)
	s.wait("1 of 600", "word 600.")
	s.archive.mu.Lock()
	for i := range 5 {
		s.archive.entries[i].Deleted = true
	}
	s.archive.mu.Unlock()
	s.press("\x1b[1;5F")
	s.wait("595 of 595", "word 6.")
	s.gone("word 5.")
}
