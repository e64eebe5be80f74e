// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"kchat/media"
	"kchat/rooms"
	"kchat/tui/talk"
)

var asXterm = map[string]string{
	askName:    "\x1bP>|XTerm(412)\x1b\\",
	"\x1b[16t": "\x1b[6;20;10t",
	"\x1b[c":   "\x1b[?62;4;22c",
}

// viewing is a stage with the picture in the viewer.
func viewing(t *testing.T, answers map[string]string, prepare func(cfg *Config)) *stage {
	t.Helper()
	s, _ := graphicStage(t, answers, prepare)
	s.happen(rooms.MessageChanged{Message: sunset(1)})
	s.wait("sun.png · 640×400")
	s.press(up, enter)
	s.gone("HERE 2")
	return s
}

func TestEnterShowsAPictureOnTheWholeScreen(t *testing.T) {
	s := viewing(t, nil, nil)
	s.wait("sun.png · 640×400 · 98 KiB · 140 %", "▀▀▀▀▀▀▀▀")
	s.pass(flashFor + time.Second)
	s.wait("+ larger  - smaller", "Esc back to the talk")
	s.press("1")
	s.wait("100 %")
	s.press("+", "+")
	s.wait("225 %")
	s.press("0")
	s.wait("140 %")
	s.press("-", "-", "-") // not smaller than it is
	s.wait("100 %")
	s.press(esc)
	s.wait("HERE 2")
	s.gone("back to the talk")
}

func TestAClickOnAPictureOpensIt(t *testing.T) {
	s, _ := graphicStage(t, nil, nil)
	s.happen(rooms.MessageChanged{Message: sunset(1)})
	s.wait("▀▀▀▀")
	lines := strings.Split(s.term.Screen(), "\n")
	for y, line := range lines {
		if x := strings.Index(line, "▀▀▀▀"); x >= 0 {
			column := len([]rune(line[:x]))
			s.program.Send(tea.MouseClickMsg{X: column + 2, Y: y, Button: tea.MouseLeft})
			break
		}
	}
	s.gone("HERE 2")
	s.wait("140 %")
	// What is dragged moves, as far as there is something to be seen.
	s.press("+", "+")
	s.wait("315 %")
	before := s.part()
	s.program.Send(tea.MouseClickMsg{X: 50, Y: 15, Button: tea.MouseLeft})
	s.program.Send(tea.MouseMotionMsg{X: 60, Y: 12, Button: tea.MouseLeft})
	s.program.Send(tea.MouseReleaseMsg{X: 60, Y: 12, Button: tea.MouseLeft})
	s.program.Send(tea.MouseMotionMsg{X: 10, Y: 12})
	s.settle()
	if after := s.part(); after.part.Min.X >= before.part.Min.X || after.part.Min.Y <= before.part.Min.Y {
		t.Errorf("dragged from %v to %v", before.part, after.part)
	}
	moved := s.part()
	s.program.Send(tea.MouseWheelMsg{X: 50, Y: 15, Button: tea.MouseWheelUp})
	s.settle()
	if after := s.part(); after.part.Min.Y >= moved.part.Min.Y {
		t.Errorf("the wheel went from %v to %v", moved.part, after.part)
	}
	s.program.Send(tea.MouseWheelMsg{X: 50, Y: 15, Button: tea.MouseWheelUp, Mod: tea.ModCtrl})
	s.gone("315 %")
}

// part is what the viewer shows.
func (s *stage) part() seen {
	s.t.Helper()
	out := make(chan seen, 1)
	s.program.Send(applyMsg{s.model.chat, func(c *chat) tea.Cmd {
		out <- c.viewer.lens.see(c.viewer.pane(c), c.viewer.picture.Width, c.viewer.picture.Height)
		return nil
	}})
	return <-out
}

func TestTheViewerShowsPixelsAndFreesThem(t *testing.T) {
	s, _ := graphicStage(t, asKitty, nil)
	s.happen(rooms.MessageChanged{Message: sunset(1)})
	s.wait(placeholder)
	s.press(up, enter)
	s.until("the picture in its larger size", func() bool { return len(s.term.sentIDs()) == 2 })
	s.press("+")
	s.until("the part", func() bool { return len(s.term.sentIDs()) == 3 })
	s.press(esc)
	s.wait("HERE 2")
	ids := s.term.sentIDs()
	for _, id := range ids[1:] {
		s.until("the viewer's pictures to be freed", func() bool { return s.term.Wrote("a=d,d=I,q=2,i=" + id + "\x1b") })
	}
	if s.term.Wrote("a=d,d=I,q=2,i=" + ids[0] + "\x1b") {
		t.Error("the picture in the talk was freed")
	}
}

var aSixel = regexp.MustCompile(`\x1b7\x1b\[(\d+);(\d+)H\x1bP0;1;0q"1;1;(\d+);(\d+)`)

func TestTheViewerDrawsSixelsWhereTheTerminalHasThem(t *testing.T) {
	s := viewing(t, asXterm, nil)
	s.until("sixels", func() bool {
		s.pass(sixelAfter)
		return s.term.Count("\x1bP0;1;0q") == 1
	})
	raw := s.term.Raw()
	at := aSixel.FindStringSubmatch(raw)
	drawn := strings.LastIndex(raw, "\x1bP0;1;0q")
	cells := strings.Index(raw, "140")
	// The pane below the first row: 100 columns and 28 rows of 10x20 pixels, of which 1000x560 are used.
	if at == nil || at[1] != "2" || at[2] != "1" || at[3] != "1000" || at[4] != "560" {
		t.Errorf("drawn at %v", at)
	}
	if drawn < cells {
		t.Error("drawn before the cells around it")
	}
	clears := s.term.Count("\x1b[2J")
	s.press("+")
	s.until("the part", func() bool {
		s.pass(sixelAfter)
		return s.term.Count("\x1bP0;1;0q") == 2
	})
	s.press(esc)
	s.wait("HERE 2")
	s.until("the screen to be cleared", func() bool { return s.term.Count("\x1b[2J") > clears })
	if s.term.Wrote(graphics) {
		t.Error("kitty's graphics were sent")
	}
}

func TestAResizedTerminalGetsTheViewedPictureInItsNewSize(t *testing.T) {
	s := viewing(t, asKitty, nil)
	s.wait(placeholder)
	s.settle()
	n := len(s.term.sentIDs())
	s.term.SetSize(60, 20)
	s.program.Send(windowSize(60, 20))
	s.until("the picture in its new size", func() bool { return len(s.term.sentIDs()) > n })
	s.wait("640×400", placeholder)
}

// broken has a picture that cannot be decoded.
type brokenPictures struct{ fakePictures }

func (p *brokenPictures) Load(context.Context, rooms.Hash) (*media.Picture, error) {
	return nil, errors.New("the picture is damaged")
}

func TestTheViewerSaysWhyAPictureIsNotShown(t *testing.T) {
	s := viewing(t, nil, func(cfg *Config) {
		cfg.Pictures = &brokenPictures{fakePictures{here: map[rooms.Hash]bool{{7}: true}}}
	})
	s.wait("not here: the picture is damaged")
	s.press("+", "1", up)
	s.press("q")
	s.wait("HERE 2")
}

// latePictures are not decoded in time for so many times.
type latePictures struct {
	fakePictures
	late atomic.Int32
}

func (p *latePictures) Load(ctx context.Context, hash rooms.Hash) (*media.Picture, error) {
	if p.late.Add(-1) >= 0 {
		return nil, fmt.Errorf("decode: %w", context.DeadlineExceeded)
	}
	return p.fakePictures.Load(ctx, hash)
}

func TestAPictureWhoseTurnCameTooLateIsLookedAtAgain(t *testing.T) {
	for _, c := range []struct {
		late    int32
		want    string
		viewing bool
	}{
		{late: talk.TriesLate, want: "▀▀▀▀"},
		{late: talk.TriesLate + 1, want: "not here: decode: context deadline exceeded"},
		{late: talk.TriesLate, want: "140 %", viewing: true},
		{late: talk.TriesLate + 1, want: "not here: decode: context deadline exceeded", viewing: true},
	} {
		t.Run(fmt.Sprintf("%d, viewing %t", c.late, c.viewing), func(t *testing.T) {
			pictures := &latePictures{fakePictures: fakePictures{here: map[rooms.Hash]bool{{7}: true}}}
			if !c.viewing {
				pictures.late.Store(c.late)
			}
			s, _ := graphicStage(t, nil, func(cfg *Config) { cfg.Pictures = pictures })
			s.happen(rooms.MessageChanged{Message: sunset(1)})
			if c.viewing {
				s.wait("▀▀▀▀")
				pictures.late.Store(c.late)
				s.press(up, enter)
				s.gone("HERE 2")
			}
			s.wait(c.want)
		})
	}
}

// saving notes what is saved.
type saving struct {
	Files
	saved chan string
}

func (f saving) Look(rooms.Hash) Found { return Found{Here: true} }

func (f saving) Save(_ context.Context, _ rooms.Hash, name string) (string, error) {
	f.saved <- name
	return "/home/mina/Downloads/" + name, nil
}

func TestTheViewedPictureIsSavedAndItsPathCopied(t *testing.T) {
	files := saving{saved: make(chan string, 1)}
	s := viewing(t, nil, func(cfg *Config) { cfg.Files = files })
	s.press("c")
	s.wait("The path is in the clipboard: /blobs/07")
	s.until("the clipboard", func() bool { return s.term.Wrote("\x1b]52;c;L2Jsb2JzLzA3") })
	s.press("s")
	select {
	case name := <-files.saved:
		if name != "sun.png" {
			t.Errorf("saved as %q", name)
		}
	case <-time.After(patience):
		t.Fatal("nothing was saved")
	}
	s.wait("/home/mina/Downloads/sun.png")
	s.press("c")
	s.wait("The path is in the clipboard: /home/mina/Downloads/sun.png")
}

func TestTheNextAndThePreviousPictureOfTheRoom(t *testing.T) {
	s, _ := graphicStage(t, nil, nil)
	for i, name := range []string{"one.png", "two.png", "three.png"} {
		m := sunset(uint64(1 + i))
		m.Attached.Name = name
		s.happen(rooms.MessageChanged{Message: m})
	}
	s.wait("three.png")
	s.press(up, enter)
	s.gone("HERE 2")
	s.wait("three.png ·")
	s.press("p")
	s.wait("two.png ·")
	s.press("p", "p")
	s.wait("one.png ·")
	s.press("n")
	s.wait("two.png ·")
}

func TestAnAnimationMovesInTheViewer(t *testing.T) {
	s, _ := graphicStage(t, nil, func(cfg *Config) {
		cfg.Pictures = &moving{fakePictures: fakePictures{here: map[rooms.Hash]bool{{7}: true}}}
	})
	s.happen(rooms.MessageChanged{Message: dance(1)})
	s.wait("dance.gif")
	s.press(up, enter)
	s.gone("HERE 2")
	s.until("it to move", func() bool {
		s.pass(100 * time.Millisecond)
		return s.term.Wrote(green) && s.term.Wrote(blue)
	})
}
