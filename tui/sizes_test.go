// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"kchat/rooms"
)

// Whatever was said and however large the screen is: it has as many rows as the terminal, and none is wider, by either
// way of measuring. What is typed stays.
func TestNoRowIsWiderThanTheScreen(t *testing.T) {
	s := inCompany(t)
	for i, text := range []string{
		"안녕하세요 everybody", strings.Repeat("가나다", 2000), strings.Repeat("x", 9000), "👨\u200d👩\u200d👧\u200d👦 ❤\ufe0f 🇰🇷🇰",
		"z" + strings.Repeat("\u0316", 500), "\t\ttabs\t", "> quoted\n- item\n```go\nfunc 한글() {}\n```", "abc\u202edef ｗｉｄｅ ①",
	} {
		s.happen(rooms.MessageChanged{Message: said(uint64(i+1), joon, text)})
	}
	s.type_("typed 한글")
	s.wait("› typed 한글")
	random := rand.New(rand.NewPCG(20, 5))
	sizes := [][2]int{{20, 5}, {500, 200}, {1, 1}, {2, 100}, {300, 1}, {60, 20}, {160, 45}}
	for range 60 {
		sizes = append(sizes, [2]int{1 + random.IntN(180), 1 + random.IntN(60)})
	}
	for i, size := range sizes {
		s.resize(size[0], size[1])
		if i%5 == 0 {
			s.press(f4)
		}
		drawn := make(chan string, 1)
		s.program.Send(applyMsg{s.model.chat, func(*chat) tea.Cmd { drawn <- s.model.view().Content; return nil }})
		rows := strings.Split(<-drawn, "\n")
		if len(rows) > size[1] {
			t.Errorf("%dx%d: %d rows", size[0], size[1], len(rows))
		}
		for y, row := range rows {
			if by, wc := ansi.StringWidth(row), ansi.StringWidthWc(row); by > size[0] || wc > size[0] {
				t.Errorf("%dx%d: row %d is %d or %d wide: %q", size[0], size[1], y, by, wc, ansi.Strip(row))
			}
		}
	}
	s.resize(100, 30)
	s.wait("typed 한글")
}

// The order of a room is that of its log. A clock that goes back, here or at the server, changes nothing in it, and
// nothing waits for the time to come round again.
func TestAClockThatGoesBackwardsChangesNoOrder(t *testing.T) {
	s := inCompany(t)
	texts := []string{"said first.", "said second.", "said third."}
	for i, text := range texts {
		m := said(uint64(i+1), joon, text)
		m.Time = noon.Add(-time.Duration(i) * 26 * time.Hour)
		s.happen(rooms.MessageChanged{Message: m})
		s.wait(text)
		s.settle()
		s.clock.add(-3 * time.Hour)
	}
	screen := s.term.Screen()
	at := []int{strings.Index(screen, texts[0]), strings.Index(screen, texts[1]), strings.Index(screen, texts[2])}
	if !slices.IsSorted(at) {
		t.Errorf("out of order:\n%s", screen)
	}
	s.type_("a draft")
	s.wait("› a draft")
	s.until("the draft to be saved", func() bool {
		s.pass(time.Second)
		return s.archive.draft("lobby") == "a draft"
	})
	s.press(enter)
	s.until("the message to be sent", func() bool {
		s.client.mu.Lock()
		defer s.client.mu.Unlock()
		return len(s.client.sent) == 1 && s.client.sent[0].Text == "a draft"
	})
}
