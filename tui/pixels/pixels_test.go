// SPDX-License-Identifier: GPL-2.0-only

package pixels

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"
	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"
	xkitty "github.com/charmbracelet/x/ansi/kitty"

	"kchat/media/kitty"
)

// written is a terminal that remembers what it was sent, write by write.
type written struct {
	out *Output
	mu  sync.Mutex
	all [][]byte
}

func (w *written) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = append(w.all, bytes.Clone(p))
	return len(p), nil
}

func (w *written) String() string {
	if w.out != nil {
		_ = w.out.Flush(context.Background())
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return string(bytes.Join(w.all, nil))
}

// withKitty is a painter for a terminal with kitty's graphics.
func withKitty() (*Painter, *written) {
	w := &written{}
	w.out = NewOutput(w)
	p := NewPainter(w.out)
	p.Use(Caps{Kitty: true, CellWidth: 10, CellHeight: 20})
	return p, w
}

func dots(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range m.Pix {
		m.Pix[i] = uint8(i * i)
	}
	return m
}

func TestNothingIsSentToATerminalThatIsNotKnownToTakeIt(t *testing.T) {
	w := &written{}
	p := NewPainter(NewOutput(w))
	if _, err := p.Still(t.Context(), dots(4, 4), 2, 2); !errors.Is(err, ErrNoPixels) {
		t.Errorf("a picture: %v", err)
	}
	if _, err := p.Film(2, 2); !errors.Is(err, ErrNoPixels) {
		t.Errorf("a film: %v", err)
	}
	p.FreeAll()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p.Run(ctx)
	if got := w.String(); got != "" {
		t.Errorf("sent %q", got)
	}
}

func TestAStillIsSentOnceAndForgottenWhenFreed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, w := withKitty()
		ctx, cancel := context.WithCancel(t.Context())
		go p.Run(ctx)
		s, err := p.Still(ctx, dots(40, 40), 4, 2)
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Lines()) != 2 || ansi.StringWidth(s.Lines()[0]) != 4 || !strings.Contains(s.Lines()[0], string(xkitty.Placeholder)) {
			t.Errorf("lines %q", s.Lines())
		}
		if got := strings.Count(w.String(), "a=T,U=1"); got != 1 {
			t.Errorf("%d transmissions", got)
		}
		if !s.Use() {
			t.Error("it is gone already")
		}
		s.Free()
		s.Free()
		synctest.Wait()
		if got := strings.Count(w.String(), "a=d,d=I"); got != 1 || s.Use() {
			t.Errorf("%d deletions, used %v", got, s.Use())
		}
		cancel()
		synctest.Wait()
		if got := strings.Count(w.String(), "a=d,d=I"); got != 1 {
			t.Errorf("%d deletions after the end", got)
		}
	})
}

func TestTheTerminalIsNudgedWhenPicturesHaveComeIntoItsCells(t *testing.T) {
	for name, wrap := range map[string]kitty.Wrap{"direct": kitty.Direct, "through tmux": kitty.Tmux} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, w := withKitty()
				p.Use(Caps{Kitty: true, Wrap: wrap})
				go p.Run(t.Context())
				nudges := func() int {
					time.Sleep(nudgeAfter)
					synctest.Wait()
					return strings.Count(w.String(), string(kitty.Nudge(wrap)))
				}
				s, err := p.Still(t.Context(), dots(4, 4), 2, 1)
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprint(w.out, "words")
				if n := nudges(); n != 0 {
					t.Errorf("%d nudges while the picture is in no cell", n)
				}
				for range 3 { // it comes, scrolls, and scrolls again
					fmt.Fprint(w.out, s.Lines()[0])
				}
				if n := nudges(); n != 1 {
					t.Errorf("%d nudges when it had come", n)
				}
				if n := nudges(); n != 1 {
					t.Errorf("%d nudges, though nothing came", n)
				}
				fmt.Fprint(w.out, "words", s.Lines()[0]) // it was away and is there again
				if n := nudges(); n != 2 {
					t.Errorf("%d nudges when it was there again", n)
				}
				time.Sleep(5 * nudgeAgain)
				if n := nudges(); n != 3 {
					t.Errorf("%d nudges in the end", n)
				}
			})
		})
	}
}

func TestTheTerminalKeepsNoMoreThanTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, w := withKitty()
		ctx, cancel := context.WithCancel(t.Context())
		side := 1024
		many := MaxStills/(4*side*side) + 1
		var all []*Still
		m := image.NewRGBA(image.Rect(0, 0, side, side))
		for range many {
			s, err := p.Still(ctx, m, 4, 4)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, s)
			all[0].Use() // it is on the screen all the time
		}
		if !all[0].Use() || all[1].Use() || !all[many-1].Use() {
			t.Error("not the one that was used longest ago has gone")
		}
		go p.Run(ctx)
		cancel()
		synctest.Wait()
		if got := strings.Count(w.String(), "a=d,d=I"); got != many {
			t.Errorf("%d of %d were forgotten in the end", got, many)
		}
	})
}

func TestBetweenThePiecesOfAPictureOnlyTextMayCome(t *testing.T) {
	p, w := withKitty()
	var wg sync.WaitGroup
	noise := dots(600, 600)
	for i := range noise.Pix { // hard to pack, so that it takes many pieces
		noise.Pix[i] = uint8((i * 2654435761) >> 7)
	}
	for range 4 {
		wg.Go(func() {
			if _, err := p.Still(context.Background(), noise, 4, 4); err != nil {
				t.Error(err)
			}
		})
	}
	for range 50 {
		_, _ = p.Output().Write([]byte("\x1b[Htext"))
	}
	wg.Wait()
	graphics := regexp.MustCompile("\x1b_G([^;]*);").FindAllStringSubmatch(w.String(), -1)
	more := false
	for _, g := range graphics {
		if begins := strings.Contains(g[1], "a=T"); begins == more {
			t.Fatalf("%q comes in the middle: %v", g[1], more)
		}
		more = strings.Contains(g[1], "m=1")
	}
	if len(graphics) < 20 || more {
		t.Errorf("%d pieces, the last one wants more: %v", len(graphics), more)
	}
	for _, one := range w.all {
		if len(one) > atOnce+2*4096 {
			t.Errorf("%d bytes in one go", len(one))
		}
	}
}

// show writes lines as the program does: a frame in one go.
func show(p *Painter, lines []string) {
	_, _ = p.Output().Write([]byte(strings.Join(lines, "\r\n")))
}

func TestAFilmSendsUnderTheIDThatIsNotShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, w := withKitty()
		f, err := p.Film(4, 2)
		if err != nil {
			t.Fatal(err)
		}
		id := regexp.MustCompile(`a=T,U=1[^;]*i=(\d+)`)
		var shown []string
		for range 6 {
			lines, err := f.Frame(t.Context(), dots(16, 16))
			if err != nil {
				t.Fatal(err)
			}
			sent := id.FindAllStringSubmatch(w.String(), -1)
			last := sent[len(sent)-1][1]
			if len(shown) > 0 && shown[len(shown)-1] == last {
				t.Fatalf("frame %d goes under %s, which is shown", len(shown), last)
			}
			shown = append(shown, last)
			show(p, lines)
		}
		// What is not shown in time is replaced, under the same id.
		lines, _ := f.Frame(t.Context(), dots(16, 16))
		begin := time.Now()
		again, err := f.Frame(t.Context(), dots(16, 16))
		if err != nil || again[0] != lines[0] || time.Since(begin) != swapFor {
			t.Errorf("after %v: %v", time.Since(begin), err)
		}
		f.Close()
		f.Close()
		if _, err := f.Frame(t.Context(), dots(2, 2)); !errors.Is(err, ErrNoPixels) {
			t.Errorf("after the end: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		p.Run(ctx)
		if got := strings.Count(w.String(), "a=d,d=I"); got != 2 {
			t.Errorf("%d deletions", got)
		}
	})
}

func TestFilmHoldsBackUntilItsLastFrameIsShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := withKitty()
		f, _ := p.Film(4, 2)
		lines, err := f.Frame(t.Context(), dots(8, 8))
		if err != nil {
			t.Fatal(err)
		}
		done := false
		go func() {
			_, _ = f.Frame(t.Context(), dots(8, 8))
			done = true
		}()
		synctest.Wait()
		if done {
			t.Fatal("the next frame was sent while the first one was not shown")
		}
		show(p, lines)
		synctest.Wait()
		if !done {
			t.Error("it still waits")
		}
	})
}

// stuck is a terminal that takes nothing until it is told to.
type stuck struct {
	written
	open chan struct{}
}

func (s *stuck) Write(p []byte) (int, error) {
	<-s.open
	return s.written.Write(p)
}

func TestASlowTerminalHoldsUpNobodyUntilTooMuchWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &stuck{open: make(chan struct{})}
		o := NewOutput(w)
		frame := bytes.Repeat([]byte("x"), MaxPending/4)
		for range 4 {
			if n, err := o.Write(frame); n != len(frame) || err != nil {
				t.Fatal(n, err)
			}
		}
		if o.Pending() != MaxPending {
			t.Errorf("%d bytes wait", o.Pending())
		}
		blocked := true
		go func() {
			_, _ = o.Write([]byte("last"))
			blocked = false
		}()
		synctest.Wait()
		if !blocked {
			t.Fatal("one byte more than the limit waits")
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := o.Flush(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("flushed: %v", err)
		}
		close(w.open)
		if err := o.Flush(t.Context()); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if got := w.String(); blocked || len(got) != MaxPending+4 || !strings.HasSuffix(got, "last") || o.Pending() != 0 {
			t.Errorf("%d bytes came, %d wait, blocked %v", len(got), o.Pending(), blocked)
		}
	})
}

// broken is a terminal that is gone.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("gone") }

func TestATerminalThatIsGoneIsTold(t *testing.T) {
	o := NewOutput(broken{})
	_, _ = o.Write([]byte("a"))
	if err := o.Flush(t.Context()); err == nil {
		t.Error("it was written")
	}
	if _, err := o.Write([]byte("b")); err == nil || o.Pending() != 0 {
		t.Errorf("%v, %d bytes wait", err, o.Pending())
	}
}

func TestSixelsAreDrawnInOneGoWithTheCursorKept(t *testing.T) {
	p, w := withKitty()
	if err := p.Sixel(t.Context(), dots(12, 12), 3, 5); err != nil {
		t.Fatal(err)
	}
	if _ = w.String(); len(w.all) != 1 {
		t.Fatalf("%d writes", len(w.all))
	}
	if got := w.String(); !strings.HasPrefix(got, "\x1b7\x1b[6;4H\x1bP") || !strings.HasSuffix(got, "\x1b\\\x1b8") {
		t.Errorf("%.20q ... %q", got, got[len(got)-6:])
	}
}

func env(pairs ...string) func(string) string {
	return func(key string) string {
		for _, p := range pairs {
			if k, v, _ := strings.Cut(p, "="); k == key {
				return v
			}
		}
		return ""
	}
}

func TestATerminalIsAskedOnlyWhatItMayKnow(t *testing.T) {
	const graphics = "\x1b_G"
	ordinary := env("TERM=xterm-256color")
	for _, c := range []struct {
		name    string
		setting Setting
		env     func(string) string
		version string // what the terminal says that it is
		answers []tea.Msg
		asked   bool // anything at all
		kitty   bool // is asked about kitty's graphics
		want    Caps
	}{
		{name: "kitty", env: ordinary, version: "kitty(0.48.2)", answers: []tea.Msg{ok(queryID)}, asked: true, kitty: true, want: Caps{Kitty: true}},
		{name: "ghostty", env: ordinary, version: "ghostty 1.1.3", answers: []tea.Msg{ok(queryID)}, asked: true, kitty: true, want: Caps{Kitty: true}},
		{name: "kitty that answers nothing", env: ordinary, version: "kitty(0.48.2)", asked: true, kitty: true},
		{name: "kitty that answers with an error", env: ordinary, version: "kitty(0.48.2)", answers: []tea.Msg{says(queryID, "ENOTSUP")}, asked: true, kitty: true},
		{name: "an answer to somebody else", env: ordinary, version: "kitty(0.48.2)", answers: []tea.Msg{ok(7)}, asked: true, kitty: true},
		{name: "kitty before placeholders", env: ordinary, version: "kitty(0.26.5)", asked: true},
		{name: "kitty without a version", env: ordinary, version: "kitty", asked: true},
		{name: "WezTerm", env: ordinary, version: "WezTerm 20240203-110809-5046fc22", asked: true},
		{name: "xterm", env: ordinary, version: "XTerm(412)", answers: []tea.Msg{uv.PrimaryDeviceAttributesEvent{62, 4, 22}}, asked: true, want: Caps{Sixel: true}},
		{name: "foot", env: ordinary, version: "foot(1.28.0)", answers: []tea.Msg{uv.CellSizeEvent{Width: 9, Height: 18}}, asked: true, want: Caps{CellWidth: 9, CellHeight: 18}},
		{name: "an impossible cell", env: ordinary, version: "foot(1.28.0)", answers: []tea.Msg{uv.CellSizeEvent{Width: 90000, Height: -1}}, asked: true},
		{name: "the whole size", env: ordinary, version: "x", answers: []tea.Msg{uv.PixelSizeEvent{Width: 800, Height: 480}}, asked: true, want: Caps{CellWidth: 10, CellHeight: 20}},
		{name: "tmux in kitty", env: env("TERM=tmux-256color", "TMUX=/tmp/x,1,0"), version: "tmux 3.4", asked: true},
		{name: "tmux with sixels", env: env("TERM=tmux-256color", "TMUX=/tmp/x,1,0"), version: "tmux 3.7c", answers: []tea.Msg{uv.PrimaryDeviceAttributesEvent{1, 2, 4}}, asked: true},
		{name: "tmux elsewhere", env: ordinary, version: "tmux 3.7c", answers: []tea.Msg{uv.PrimaryDeviceAttributesEvent{1, 2, 4}}, asked: true},
		{name: "tmux that lets its terminal answer", env: env("TERM=tmux-256color", "TMUX=/tmp/x,1,0"), version: "kitty(0.48.2)", asked: true},
		{name: "the console", env: env("TERM=linux")},
		{name: "no terminal", env: env("TERM=dumb")},
		{name: "Terminal.app", env: env("TERM=xterm-256color", "TERM_PROGRAM=Apple_Terminal")},
		{name: "blocks", setting: Blocks, env: ordinary, version: "kitty(0.48.2)"},
		{name: "off", setting: Off, env: ordinary, version: "kitty(0.48.2)"},
		{name: "kitty by the settings", setting: KittyOnly, env: ordinary, asked: true, want: Caps{Kitty: true}},
		{name: "kitty through tmux by the settings", setting: KittyOnly, env: env("TERM=tmux", "TMUX=x"), asked: true, want: Caps{Kitty: true, Wrap: kitty.Tmux}},
		{name: "sixel by the settings", setting: SixelOnly, env: ordinary, version: "kitty(0.48.2)", asked: true, want: Caps{Sixel: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.setting == "" {
				c.setting = Auto
			}
			term := NewTerminal(c.setting, c.env)
			term.Resized(80, 24)
			asked := term.Ask()
			if (asked != "") != c.asked || strings.Contains(asked, graphics) {
				t.Errorf("asked %q", asked)
			}
			var all string
			for _, a := range append([]tea.Msg{tea.TerminalVersionMsg{Name: c.version}}, c.answers...) {
				ask, _ := term.Answer(a)
				all += ask
			}
			if strings.Contains(all, graphics) != c.kitty {
				t.Errorf("then asked %q", all)
			}
			if term.Caps() != c.want {
				t.Errorf("has %+v, want %+v", term.Caps(), c.want)
			}
		})
	}
}

func ok(id int) tea.Msg { return says(id, "OK") }

func says(id int, what string) tea.Msg {
	return uv.KittyGraphicsEvent{Options: xkitty.Options{ID: id}, Payload: []byte(what)}
}

func TestANewSizeOfTheTerminalMayBringANewSizeOfItsCells(t *testing.T) {
	term := NewTerminal(Auto, env("TERM=xterm"))
	if ask := term.Resized(80, 24) + term.Resized(100, 30); ask != "" {
		t.Errorf("asked %q of a terminal that never told", ask)
	}
	term.SetCell(8, 16)
	if _, learnt := term.Answer(uv.CellSizeEvent{Width: 10, Height: 20}); !learnt || term.Caps().CellWidth != 10 {
		t.Errorf("%+v", term.Caps())
	}
	term.SetCell(8, 16) // the driver knows less than the terminal
	if term.Caps().CellWidth != 10 {
		t.Errorf("%+v", term.Caps())
	}
	if ask := term.Resized(100, 30); ask != "" {
		t.Errorf("the same size: asked %q", ask)
	}
	if ask := term.Resized(120, 30); ask != ansi.WindowOp(16)+ansi.WindowOp(14) {
		t.Errorf("asked %q", ask)
	}
}

func TestSettingsThatAreNone(t *testing.T) {
	for _, s := range []string{"auto", "kitty", "sixel", "blocks", "off"} {
		if got, err := ParseSetting(s); err != nil || string(got) != s {
			t.Errorf("%s: %v, %v", s, got, err)
		}
	}
	if got, err := ParseSetting(""); err != nil || got != Auto {
		t.Errorf("empty: %v, %v", got, err)
	}
	if _, err := ParseSetting("iterm"); !errors.Is(err, ErrSetting) {
		t.Errorf("iterm: %v", err)
	}
}
