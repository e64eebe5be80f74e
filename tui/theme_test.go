// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"errors"
	"fmt"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/vt"

	"kchat/rooms"
	"kchat/tui/styles"
)

// painted is the screen with what each run of cells is drawn in: its rows, each followed by its colours.
func (s *stage) painted() string {
	var out strings.Builder
	s.term.Do(func(e *vt.Emulator) {
		for y := range e.Height() {
			row, looks := paintedRow(e, y)
			out.WriteString(strings.TrimRight(row, " ") + "\n")
			if looks != "" {
				out.WriteString("    ~ " + looks + "\n")
			}
		}
	})
	return out.String()
}

// paintedRow is a row of cells, and its runs of one style as FROM-TO:LOOK.
func paintedRow(e *vt.Emulator, y int) (row string, looks string) {
	var words strings.Builder
	var runs []string
	begin, last := 0, ""
	end := func(x int) {
		if last != "" {
			runs = append(runs, fmt.Sprintf("%d-%d:%s", begin, x-1, last))
		}
	}
	for x := 0; x < e.Width(); x++ {
		cell, look := e.CellAt(x, y), ""
		if cell != nil {
			words.WriteString(cell.Content)
			if cell.Content != " " && cell.Content != "" {
				look = lookOf(cell.Style)
			}
		}
		if cell != nil && cell.Width == 0 {
			continue // the second half of a wide one
		}
		if look != last {
			end(x)
			begin, last = x, look
		}
	}
	end(e.Width())
	return words.String(), strings.Join(runs, " ")
}

func lookOf(style uv.Style) string {
	var parts []string
	for _, side := range []struct {
		name string
		c    color.Color
	}{{"", style.Fg}, {"on ", style.Bg}} {
		if side.c != nil {
			r, g, b, _ := side.c.RGBA()
			parts = append(parts, fmt.Sprintf("%s%02x%02x%02x", side.name, r>>8, g>>8, b>>8))
		}
	}
	for _, a := range []struct {
		bit  uint8
		name string
	}{{uv.AttrBold, "bold"}, {uv.AttrFaint, "faint"}, {uv.AttrReverse, "reverse"}} {
		if style.Attrs&a.bit != 0 {
			parts = append(parts, a.name)
		}
	}
	return strings.Join(parts, ",")
}

// dressed is a stage with some talk in it that shows what colours are for.
func dressed(t *testing.T, prepare func(s *stage, cfg *Config)) *stage {
	t.Helper()
	s := newStage(t, 100, 24, prepare)
	s.logIn()
	s.company(joon)
	s.wait("2 here")
	s.happen(rooms.Live{Room: "lobby"}, from(joon, 1, "mina, `go test` says **ok**"), from(lena, 2, "see https://example.org"), from(s.client.me, 3, "thanks"))
	s.wait("thanks")
	s.pass(flashFor * 2)
	s.wait("F1 help")
	return s
}

// goldenColours is golden for the colours of a screen too.
func (s *stage) goldenColours(name string) {
	s.t.Helper()
	path := filepath.Join("testdata", name+".colours")
	if *update {
		s.settle()
		s.term.Await(1e9, func() bool { return false })
		if err := os.WriteFile(path, []byte(s.painted()), 0o644); err != nil {
			s.t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	s.until("the colours to be those of "+path, func() bool { return s.painted() == string(want) })
}

func TestEveryThemeHasItsScreen(t *testing.T) {
	for _, theme := range styles.Themes()[1:] {
		t.Run(theme.Name, func(t *testing.T) {
			s := dressed(t, func(_ *stage, cfg *Config) { cfg.Theme = theme })
			s.goldenColours("theme-" + theme.Name)
		})
	}
}

// backOf is a terminal's answer to what its ground is.
func backOf(rgb uint32) tea.Msg {
	return tea.BackgroundColorMsg{Color: color.RGBA{uint8(rgb >> 16), uint8(rgb >> 8), uint8(rgb), 0xff}}
}

// inks are the colours on the screen.
func (s *stage) inks() map[color.RGBA]bool {
	out := map[color.RGBA]bool{}
	s.term.Do(func(e *vt.Emulator) {
		for y := range e.Height() {
			for x := range e.Width() {
				if cell := e.CellAt(x, y); cell != nil && cell.Style.Fg != nil && strings.TrimSpace(cell.Content) != "" {
					out[opaque(cell.Style.Fg)] = true
				}
			}
		}
	})
	return out
}

// Somebody's terminal turns from night to day while they chat: all on it is drawn anew, and can be read.
func TestTheColoursFollowTheTerminalsGroundAtOnce(t *testing.T) {
	s := dressed(t, nil)
	for _, rgb := range []uint32{0xfdf6e3, 0x002b36, 0xffffff} {
		s.program.Send(backOf(rgb))
		back := opaque(backOf(rgb).(tea.BackgroundColorMsg).Color)
		border := styles.Light().Border
		s.until(fmt.Sprintf("every colour to be readable on %06x", rgb), func() bool {
			for ink := range s.inks() {
				if ratio := styles.Ratio(ink, back); ratio < styles.TextRatio && ink != border && ratio > 2 {
					return false
				}
			}
			return len(s.inks()) > 5
		})
	}
}

func TestTheGroundIsAskedAgainWhenItMayHaveChanged(t *testing.T) {
	s := inCompany(t)
	for _, msg := range []tea.Msg{tea.FocusMsg{}, uv.LightColorSchemeEvent{}} {
		before := s.term.Count("\x1b]11;?")
		s.program.Send(msg)
		s.until(fmt.Sprintf("the question after %T", msg), func() bool { return s.term.Count("\x1b]11;?") > before })
	}
}

// themes are those of a test.
type themes map[string]styles.Theme

func (t themes) Names(context.Context) ([]string, error) {
	return []string{"auto", "dusk", "broken"}, nil
}

func (t themes) Load(_ context.Context, name string) (styles.Theme, error) {
	theme, ok := t[name]
	if !ok {
		return theme, errors.New("dusk.toml: line 3: acent: there is no such colour")
	}
	return theme, nil
}

func TestAThemeIsShownAtOnceAndKept(t *testing.T) {
	dusk, err := styles.Parse("dusk", []byte("accent = \"#ff8800\"\nnames = [\"#00ff00\"]"))
	if err != nil {
		t.Fatal(err)
	}
	k, all := &keeper{}, themes{"dusk": dusk, styles.Auto: styles.Themes()[0]}
	s := dressed(t, func(_ *stage, cfg *Config) { cfg.Themes, cfg.Keep = all, k.keep })
	orange := color.RGBA{0xff, 0x88, 0x00, 0xff}
	s.type_("/theme dusk")
	s.press(enter)
	s.wait("The theme is dusk.")
	s.until("the new accent", func() bool { return s.inks()[orange] && s.inks()[color.RGBA{0, 0xff, 0, 0xff}] })
	s.until("it to be kept", func() bool { return k.now().Theme == "dusk" })
	// What cannot be read changes nothing.
	s.type_("/theme nosuch")
	s.press(enter)
	s.wait("No other theme: dusk.toml: line 3: acent: there is no such colour")
	if !s.inks()[orange] {
		t.Error("the theme has gone")
	}
	s.type_("/theme default")
	s.press(enter)
	s.wait("The theme is auto.")
	s.until("the old accent", func() bool { return !s.inks()[orange] })
	s.until("nothing to be kept", func() bool { return k.now().Theme == "" })
}

// While one looks through the themes, the screen is in the marked one; Esc brings back what was.
func TestThemesAreLookedThroughBeforeOneIsKept(t *testing.T) {
	dusk, err := styles.Parse("dusk", []byte("accent = \"#ff8800\""))
	if err != nil {
		t.Fatal(err)
	}
	k, all := &keeper{}, themes{"dusk": dusk, styles.Auto: styles.Themes()[0]}
	s := dressed(t, func(_ *stage, cfg *Config) { cfg.Themes, cfg.Keep = all, k.keep })
	orange := color.RGBA{0xff, 0x88, 0x00, 0xff}
	open := func() {
		t.Helper()
		s.type_("/theme")
		s.press(enter)
		s.wait("Themes", "auto", "dusk", "broken")
	}
	open()
	s.press(down)
	s.until("dusk", func() bool { return s.inks()[orange] })
	s.press(down)
	s.wait("line 3: acent: there is no such colour")
	s.press(enter) // it cannot be kept
	s.settle()
	s.press(esc)
	s.gone("Themes")
	s.until("what was before", func() bool { return !s.inks()[orange] })
	if now := k.now(); now.Theme != "" {
		t.Errorf("%q is kept", now.Theme)
	}
	open()
	s.press(down)
	s.until("dusk", func() bool { return s.inks()[orange] })
	s.golden("themes-100x24")
	s.press(enter)
	s.wait("The theme is dusk.")
	s.until("it to be kept", func() bool { return k.now().Theme == "dusk" })
}

func TestThatTheThemeOfLastTimeHasGoneIsSaid(t *testing.T) {
	s := newStage(t, 100, 30, func(_ *stage, cfg *Config) { cfg.ThemeErr = errors.New("there is no theme \"dusk\"") })
	s.logIn()
	s.wait("No other theme: there is no theme \"dusk\"")
}

// With NO_COLOR not one cell has a colour, on any page; who is meant still sees it.
func TestWithoutColoursNoCellHasOne(t *testing.T) {
	s := dressed(t, func(_ *stage, cfg *Config) { cfg.Plain = true })
	colourless := func(page string) {
		t.Helper()
		if inks := s.inks(); len(inks) > 0 {
			t.Errorf("%s has colours: %v\n%s", page, inks, s.painted())
		}
	}
	colourless("the talk")
	reversed := false
	s.term.Do(func(e *vt.Emulator) {
		for y := range e.Height() {
			for x := range e.Width() {
				if cell := e.CellAt(x, y); cell != nil && cell.Content == "m" && cell.Style.Attrs&uv.AttrReverse != 0 {
					reversed = true
				}
			}
		}
	})
	if !reversed {
		t.Error("the mention does not stand out")
	}
	s.press(f1)
	s.wait("COMMANDS")
	colourless("the help")
	s.press(esc)
	s.gone("COMMANDS")
	s.press(f4)
	s.wait("The kernel")
	colourless("the kernel panel")
}

// On a terminal with ASCII alone every cell that is ours is ASCII; what people wrote is theirs.
func TestInASCIIEveryCellOfOursIsASCII(t *testing.T) {
	anna := rooms.Person{ID: 7, Name: "anna", State: rooms.Present, Sessions: 1}
	s := newStage(t, 100, 30, func(s *stage, cfg *Config) { cfg.ASCII = true; s.client.people = []rooms.Person{anna} })
	onlyASCII := func(page string) {
		t.Helper()
		for line := range strings.Lines(s.term.Screen()) {
			for _, r := range line {
				if r > '~' {
					t.Errorf("%s has %q in %q", page, r, strings.TrimSpace(line))
					break
				}
			}
		}
	}
	s.wait("Log in")
	onlyASCII("the login")
	s.logIn()
	s.wait("Only you are in #lobby")
	onlyASCII("the waiting room")
	info := rooms.RoomInfo{Name: "lobby", Number: 1, Epoch: 1, Topic: "plain"}
	s.happen(rooms.Joined{Room: info, People: []rooms.Person{s.client.me, anna}}, rooms.Live{Room: "lobby"})
	mine := said(3, s.client.me, "thanks")
	mine.State, mine.Stored, mine.Present = rooms.StateDelivered, 1, 1
	s.happen(from(anna, 1, "mina, `go test` says **ok**\n> quoted\n- item\n\n```go\nx := 1\n```"), from(anna, 2, "see https://example.org"),
		rooms.MessageChanged{Message: mine}, rooms.TypingChanged{Room: "lobby", Person: anna.ID, Typing: true},
		rooms.GapChanged{Room: "lobby", From: rooms.Position{Epoch: 1, Seq: 3}, To: rooms.Position{Epoch: 1, Seq: 9}, State: rooms.GapOpen})
	s.wait("anna is typing", "are missing here")
	onlyASCII("the talk")
	s.press(up)
	s.wait("reply")
	onlyASCII("a selected message")
	s.press(esc)
	s.gone("t thread")
	s.type_("/")
	s.wait("/join ROOM")
	onlyASCII("the completion")
	s.type_("\x15")
	s.press("\x0b")
	s.wait("Go to a room")
	onlyASCII("the switcher")
	s.press(esc)
	s.gone("Go to")
	s.press(f1)
	s.wait("COMMANDS")
	for range 12 {
		onlyASCII("the help")
		s.press("\x1b[6~")
		s.settle()
	}
	s.press(esc)
	s.happen(rooms.Disconnected{Err: errors.New("gone"), Retry: 5e9})
	s.wait("connection lost")
	onlyASCII("a lost connection")
}

func TestSixteenColoursAreEnough(t *testing.T) {
	s := dressed(t, func(_ *stage, cfg *Config) {
		cfg.Options = append(cfg.Options, tea.WithColorProfile(colorprofile.ANSI))
	})
	s.goldenColours("theme-sixteen")
}
