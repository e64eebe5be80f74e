// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// The golden screens: every state of the program as text, at each of these sizes, in testdata/goldenSIZE/STATE.screen.
// One program goes through the states of a story, so that the way from one to the next is seen too.
//
//	go test -run Golden ./tui -update
//
// writes them anew, to be looked at.
var goldenSizes = []struct {
	name          string
	width, height int
	prepare       func(s *stage, cfg *Config)
	resized       bool     // each state is also drawn on other sizes, from which it comes back
	only          []string // these stories; none: all
}{
	{name: "60x20", width: 60, height: 20},
	{name: "80x24", width: 80, height: 24},
	{name: "120x40", width: 120, height: 40},
	{name: "80x24-ascii", width: 80, height: 24, prepare: func(_ *stage, cfg *Config) { cfg.ASCII, cfg.Plain = true, true }},
	{name: "80x24-ko", width: 80, height: 24, prepare: func(_ *stage, cfg *Config) { cfg.Locale = "ko_KR.UTF-8" }},
	{name: "80x24-zh-TW", width: 80, height: 24, prepare: func(_ *stage, cfg *Config) { cfg.Locale = "zh_TW.UTF-8" }, only: []string{"login", "no-server", "talk", "lists"}},
	{name: "80x24-resized", width: 80, height: 24, resized: true},
}

// scene is a state of the program: how one comes there from the state before.
type scene struct {
	name string
	play func(s *stage)
}

// story is a program and the states it goes through.
type story struct {
	prepare func(s *stage, cfg *Config)
	scenes  []scene
}

func TestGoldenScreens(t *testing.T) {
	for _, size := range goldenSizes {
		for name, tell := range stories {
			if size.only != nil && !slices.Contains(size.only, name) {
				continue
			}
			t.Run(size.name+"/"+name, func(t *testing.T) {
				tale := tell(t)
				s := newStage(t, size.width, size.height, func(s *stage, cfg *Config) {
					tale.prepare(s, cfg)
					if size.prepare != nil {
						size.prepare(s, cfg)
					}
				})
				for _, sc := range tale.scenes {
					sc.play(s)
					s.settle()
					s.keep(filepath.Join("golden"+size.name, sc.name))
					s.boxesClose(sc.name)
					if size.resized {
						s.fits(sc.name)
					}
				}
			})
		}
	}
}

// fits looks at what is drawn on the smallest terminal and on a huge one: no row is too wide and none too many.
func (s *stage) fits(name string) {
	s.t.Helper()
	width, height := s.term.Size()
	for _, size := range [][2]int{{20, 5}, {500, 200}, {1, 1}, {width, height}} {
		for y, row := range s.drawnAt(size[0], size[1]) {
			if by, wc := ansi.StringWidth(row), ansi.StringWidthWc(row); y >= size[1] || by > size[0] || wc > size[0] {
				s.t.Errorf("%s at %dx%d: row %d is %d or %d wide: %q", name, size[0], size[1], y, by, wc, ansi.Strip(row))
			}
		}
	}
}

// drawnAt is what is drawn on a terminal of another size. The terminal itself keeps its own.
func (s *stage) drawnAt(width, height int) []string {
	s.t.Helper()
	var content string
	s.within(func() {
		r := s.model
		wide, high := r.width, r.height
		defer func() { r.width, r.height = wide, high }()
		r.width, r.height = width, height
		content = r.view().Content
	})
	return strings.Split(content, "\n")
}

// within does something in the program, before the login or after it, behind all that was sent to it before.
func (s *stage) within(do func()) {
	s.t.Helper()
	over := make(chan struct{})
	run := func() tea.Cmd { do(); close(over); return nil }
	if c := s.model.chat; c != nil {
		s.program.Send(applyMsg{c, func(*chat) tea.Cmd { return run() }})
	} else {
		s.program.Send(loginMsg{s.model.login.turn, func(*login) tea.Cmd { return run() }})
	}
	select {
	case <-over:
	case <-time.After(patience):
		s.t.Fatal("the program does not answer")
	}
}

// keep compares the screen with the one that was looked at and kept, or keeps it.
func (s *stage) keep(name string) {
	s.t.Helper()
	if !*update {
		s.is(name)
		return
	}
	shoot(s.t, s.term, strings.ReplaceAll(name, "/", "-"))
	path := filepath.Join("testdata", name+".screen")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.t.Fatal(err)
	}
	last, since := s.term.Screen(), time.Now()
	for time.Since(since) < 400*time.Millisecond {
		time.Sleep(20 * time.Millisecond)
		if now := s.term.Screen(); now != last {
			last, since = now, time.Now()
		}
	}
	if err := os.WriteFile(path, []byte(last), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// is waits until the screen is the one that was kept. Once one is not, those after it are not waited for.
func (s *stage) is(name string) {
	s.t.Helper()
	path := filepath.Join("testdata", name+".screen")
	want, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	patience := patience
	if s.t.Failed() {
		patience = time.Second
	}
	got := s.term.Screen()
	for end := time.Now().Add(patience); got != string(want) && time.Now().Before(end); got = s.term.Screen() {
		time.Sleep(5 * time.Millisecond)
	}
	if got != string(want) {
		s.t.Errorf("the screen is not %s; got\n%s\nwant\n%s", path, got, want)
	}
}

// boxesClose looks at each lower right corner: its box goes on to the next corners, or until another box lies over it.
func (s *stage) boxesClose(name string) {
	s.t.Helper()
	grid := cells(s.term.Screen())
	at := func(x, y int) rune {
		if y < 0 || y >= len(grid) || x < 0 || x >= len(grid[y]) {
			return 0
		}
		return grid[y][x]
	}
	for y, row := range grid {
		for x, r := range row {
			if r != '╯' {
				continue
			}
			left, top := x-1, y-1
			for at(left, y) == '─' {
				left--
			}
			for at(x, top) == '│' {
				top--
			}
			if !strings.ContainsRune("╰╭╮╯│", at(left, y)) || !strings.ContainsRune("╮╭╰╯─", at(x, top)) {
				s.t.Errorf("%s: the box that ends at %d,%d is open:\n%s", name, x, y, s.term.Screen())
				return
			}
		}
	}
}

// cells are the characters of a screen by cells; the second cell of a wide one is 0.
func cells(screen string) [][]rune {
	var out [][]rune
	for line := range strings.SplitSeq(screen, "\n") {
		var row []rune
		for line != "" {
			cluster, width := ansi.FirstGraphemeCluster(line, ansi.GraphemeWidth)
			for i := range max(width, 1) {
				if i == 0 {
					row = append(row, []rune(cluster)[0])
				} else {
					row = append(row, 0)
				}
			}
			line = line[len(cluster):]
		}
		out = append(out, row)
	}
	return out
}
