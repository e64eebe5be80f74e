// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"fmt"
	"image/color"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/charmbracelet/x/vt"

	"kchat/tui/screentest"
	"kchat/tui/styles"
)

// inks are the colours that the cells on the screen are drawn in.
func (p *person) inks() map[color.RGBA]string {
	out := map[color.RGBA]string{}
	p.Do(func(e *vt.Emulator) {
		for y := range e.Height() {
			for x := range e.Width() {
				if cell := e.CellAt(x, y); cell != nil && cell.Style.Fg != nil && strings.TrimSpace(cell.Content) != "" {
					r, g, b, _ := cell.Style.Fg.RGBA()
					c := color.RGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), 0xff}
					out[c] += cell.Content
				}
			}
		}
	})
	return out
}

// nameInk is the colour of the first letters of words that stand on the screen.
func (p *person) nameInk(words string) color.Color {
	p.t.Helper()
	x, y, found := p.Find(words)
	if !found {
		p.t.Fatalf("%s sees no %q", p.Name, words)
	}
	var ink color.Color
	p.Do(func(e *vt.Emulator) { ink = e.CellAt(x, y).Style.Fg })
	return ink
}

// black is the ground of the terminal, unless a test has it answer something else: colours are made to be read on it.
var black = color.RGBA{A: 0xff}

// legible waits until every letter on the screen has a contrast to the ground.
func (p *person) legible(ground color.RGBA, least float64) {
	p.t.Helper()
	var faint string
	all := p.Await(screentest.Patience, func() bool {
		faint = p.faint(ground, least)
		return faint == ""
	})
	if !all {
		p.t.Fatalf("%s can hardly read %s; the screen is\n%s", p.Name, faint, p.Screen())
	}
}

// faint are the letters on the screen that have less contrast to the ground, with their colours. Lines may have less.
func (p *person) faint(ground color.RGBA, least float64) string {
	var all []string
	for ink, cells := range p.inks() {
		lines := strings.Trim(cells, "─│╭╮╰╯┄━▌") == ""
		if ratio := styles.Ratio(ink, ground); !lines && ratio < least {
			all = append(all, fmt.Sprintf("%q (%.1f)", cells, ratio))
		}
	}
	return strings.Join(all, ", ")
}

func TestAThemeIsShownAtOnceAndTheNextTime(t *testing.T) {
	anna, ben := two(t)
	ben.Say("in many colours")
	anna.Shows("in many colours")
	for _, theme := range []struct {
		name  string
		least float64
	}{{"contrast", styles.ContrastRatio}, {"colorblind", styles.TextRatio}} {
		anna.Say("/theme " + theme.name)
		anna.Shows("The theme is " + theme.name)
		built, _ := styles.Builtin(theme.name)
		accent := built.For(false).Accent
		anna.awaits("its accent", func() bool { return anna.inks()[accent] != "" })
		anna.legible(black, theme.least)
	}
	blind, _ := styles.Builtin("colorblind")
	anna.Quit()
	anna.Again()
	anna.awaits("the theme of last time", func() bool { return anna.inks()[blind.For(false).Accent] != "" })
}

func TestAThemeOfOnesOwnIsReadFromAFile(t *testing.T) {
	anna := people.Start(t, "anna")
	dir := filepath.Join(anna.Dir, "config", "kchat", "themes")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	write := func(words string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "dusk.toml"), []byte(words), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("accent = \"#ff8800\"\nacent = \"#00ff00\"\n")
	anna.Say("/theme dusk")
	anna.Until("the mistake and its line", func(screen string) bool {
		var words strings.Builder
		for _, r := range screen { // the path is wrapped
			if !strings.ContainsRune(" \n│", r) {
				words.WriteRune(r)
			}
		}
		return strings.Contains(words.String(), "dusk.toml:line2:acent:thereisnosuchcolour")
	})
	write("accent = \"#ff8800\"\n")
	anna.Say("/theme dusk")
	anna.awaits("the new accent", func() bool { return anna.inks()[color.RGBA{0xff, 0x88, 0x00, 0xff}] != "" })
}

func TestTheColoursFitTheGroundOfTheTerminal(t *testing.T) {
	for answer, ground := range map[string]color.RGBA{"0000/0000/0000": black, "ffff/ffff/ffff": {0xff, 0xff, 0xff, 0xff}} {
		anna := people.Start(t, "anna", answering(map[string]string{"\x1b]11;?": "\x1b]11;rgb:" + answer + "\x1b\\"}))
		anna.legible(ground, styles.TextRatio)
		anna.Quit()
	}
}

func TestANameHasOneColourOnEveryScreen(t *testing.T) {
	anna, ben, chris := people.Start(t, "anna"), people.Start(t, "ben"), people.Start(t, "chris")
	chris.Shows("3 here")
	ben.Say("hello from me")
	anna.Shows("hello from me")
	chris.Shows("hello from me")
	ink := anna.nameInk("ben  ")
	if ink == nil || ink != chris.nameInk("ben  ") {
		t.Errorf("ben is %v for one and %v for the other", ink, chris.nameInk("ben  "))
	}
	anna.Quit()
	anna.Again()
	anna.Shows("hello from me")
	if again := anna.nameInk("ben  "); again != ink {
		t.Errorf("ben was %v and is %v", ink, again)
	}
}

func TestWithoutColoursAndInASCIIAllIsThere(t *testing.T) {
	anna := people.Start(t, "anna", withEnv("NO_COLOR=1", "LC_ALL=C"))
	ben := people.Start(t, "ben")
	ben.Shows("2 here")
	ben.Say("anna: plain words")
	anna.Shows("anna: plain words", "+----", "* ben")
	if inks := anna.inks(); len(inks) > 0 {
		t.Errorf("colours in spite of NO_COLOR: %v", inks)
	}
	for _, r := range anna.Screen() {
		if r > '~' {
			t.Fatalf("%q is not ASCII; the screen is\n%s", r, anna.Screen())
		}
	}
}

func TestATerminalThatCanDrawNoScreenGetsLines(t *testing.T) {
	dir := t.TempDir()
	password := filepath.Join(dir, "password")
	if err := os.WriteFile(password, []byte("a password\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(people.program, "login", "--server", "127.0.0.1:1", "--user", "anna", "--password-file", password)
	cmd.Env = append(os.Environ(), "TERM=dumb", "XDG_CONFIG_HOME="+dir, "XDG_STATE_HOME="+dir, "XDG_DATA_HOME="+dir)
	in, err := cmd.StdinPipe() // which stays open: there is something to wait for
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := cmd.CombinedOutput()
	if err == nil || cmd.ProcessState.ExitCode() != 3 || !strings.Contains(string(out), "TERM=dumb") || strings.Contains(string(out), "\x1b") {
		t.Errorf("%v: %q", err, out)
	}
}
