// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/gif"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"kchat/media"
	"kchat/media/kitty"
	"kchat/rooms"
	"kchat/tui/pixels"
)

// Questions that the program may ask, and what terminals answer.
const (
	askName     = "\x1b[>q"
	askGraphics = "\x1b_Ga=q"
	graphics    = "\x1b_G"
	placeholder = "\U0010eeee"
)

var asKitty = map[string]string{
	askName:     "\x1bP>|kitty(0.48.2)\x1b\\",
	askGraphics: "\x1b_Gi=31;OK\x1b\\",
	"\x1b[16t":  "\x1b[6;18;9t",
}

// graphicStage is a stage with a picture to be shown, on a terminal that answers so.
func graphicStage(t *testing.T, answers map[string]string, prepare func(cfg *Config)) (*stage, *fakePictures) {
	t.Helper()
	pictures := &fakePictures{here: map[rooms.Hash]bool{{7}: true}}
	s := newStage(t, 100, 30, func(s *stage, cfg *Config) {
		s.term.Answers = answers
		cfg.Pictures = pictures
		if prepare != nil {
			prepare(cfg)
		}
	})
	s.logIn()
	s.company(joon)
	return s, pictures
}

// sentIDs are the ids of the pictures that were sent, in order.
func (e *terminal) sentIDs() []string {
	var ids []string
	for _, m := range e.Matches(regexp.MustCompile(`\x1b_Ga=T,U=1[^;]*,i=(\d+)`)) {
		ids = append(ids, m[1])
	}
	return ids
}

func TestATerminalWithKittysGraphicsGetsPixels(t *testing.T) {
	s, _ := graphicStage(t, asKitty, nil)
	s.happen(rooms.MessageChanged{Message: sunset(1)})
	s.wait(placeholder)
	raw := s.term.Raw()
	sent, shown := strings.Index(raw, "a=T,U=1"), strings.Index(raw, placeholder)
	if sent < 0 || shown < sent {
		t.Errorf("sent at %d, shown at %d", sent, shown)
	}
	// 26 cells by 9x18 pixels: the terminal has told the size of its cells.
	if !s.term.Wrote("s=504,v=288,c=56,r=16") && !s.term.Wrote("s=459,v=288,c=51,r=16") {
		t.Errorf("not in the size of the cells")
	}
	nudge := string(kitty.Nudge(kitty.Direct))
	s.until("the nudge", func() bool { return s.term.Wrote(nudge) })

	// It scrolls away and comes back without being sent again.
	for i := range 30 {
		s.happen(rooms.MessageChanged{Message: said(uint64(2+i), joon, "more")})
	}
	s.gone(placeholder)
	nudges := s.term.Count(nudge)
	s.press(pgup, pgup)
	s.wait(placeholder)
	s.until("another nudge", func() bool { return s.term.Count(nudge) > nudges })
	if n := len(s.term.sentIDs()); n != 1 {
		t.Errorf("sent %d times", n)
	}
	// A deletion takes it out of the terminal too.
	s.happen(rooms.MessageChanged{Message: rooms.Message{
		Community: community, Room: "lobby", ID: rooms.MessageID{0xcc}, Pos: rooms.Position{Epoch: 1, Seq: 40}, Time: noon,
		Sender: joon.ID, Name: joon.Name, Kind: rooms.KindDelete, Target: sunset(1).ID,
	}})
	s.gone(placeholder)
	s.until("the picture to be freed", func() bool { return s.term.Count("a=d,d=I") == 1 })
}

func TestAllPicturesAreFreedInTheEnd(t *testing.T) {
	s, _ := graphicStage(t, asKitty, nil)
	s.happen(rooms.MessageChanged{Message: sunset(1)})
	s.wait(placeholder)
	s.type_("/quit")
	s.press(enter)
	select {
	case err := <-s.done:
		s.done <- err
	case <-time.After(patience):
		t.Fatal("it goes on")
	}
	if ids := s.term.sentIDs(); len(ids) != 1 || !s.term.Wrote("a=d,d=I,q=2,i="+ids[0]) {
		t.Errorf("sent %v, freed %d", ids, s.term.Count("a=d,d=I"))
	}
}

func TestALeftRoomsPicturesAreFreed(t *testing.T) {
	s, _ := graphicStage(t, asKitty, nil)
	s.happen(rooms.MessageChanged{Message: sunset(1)})
	s.wait(placeholder)
	s.type_("/part")
	s.press(enter)
	s.gone(placeholder)
	s.until("the picture to be freed", func() bool { return s.term.Count("a=d,d=I") == 1 })
}

func TestPicturesAreSentAgainWhenTheScreenIsCleared(t *testing.T) {
	s, _ := graphicStage(t, asKitty, nil)
	s.happen(rooms.MessageChanged{Message: sunset(1)})
	s.wait(placeholder)
	s.press("\x0c")
	s.until("the picture to be sent again", func() bool { return len(s.term.sentIDs()) == 2 })
	s.until("the first one to be freed", func() bool { return s.term.Count("a=d,d=I") == 1 })
	s.wait(placeholder)
}

func TestAResizedTerminalGetsThePictureInItsNewSize(t *testing.T) {
	s, _ := graphicStage(t, asKitty, nil)
	s.happen(rooms.MessageChanged{Message: sunset(1)})
	s.wait(placeholder)
	s.term.SetSize(50, 30)
	s.program.Send(windowSize(50, 30))
	s.until("the picture to be sent again", func() bool { return len(s.term.sentIDs()) == 2 })
	s.wait(placeholder)
	s.until("the first one to be freed", func() bool { return s.term.Count("a=d,d=I") == 1 })
}

// Whoever does not answer as kitty does gets characters, and is asked nothing that it may not know.
func TestTerminalsThatDoNotAnswerGetNoGraphics(t *testing.T) {
	for name, c := range map[string]struct {
		answers map[string]string
		prepare func(cfg *Config)
		asked   bool // about graphics
	}{
		"no answer at all":    {},
		"another name":        {answers: map[string]string{askName: "\x1bP>|WezTerm 20240203\x1b\\", askGraphics: asKitty[askGraphics]}},
		"tmux":                {answers: map[string]string{askName: "\x1bP>|tmux 3.4\x1b\\"}},
		"an old kitty":        {answers: map[string]string{askName: "\x1bP>|kitty(0.26.5)\x1b\\", askGraphics: asKitty[askGraphics]}},
		"a name, no graphics": {answers: map[string]string{askName: asKitty[askName]}, asked: true},
		"an error":            {answers: map[string]string{askName: asKitty[askName], askGraphics: "\x1b_Gi=31;EINVAL:no\x1b\\"}, asked: true},
		"blocks by setting":   {answers: asKitty, prepare: func(cfg *Config) { cfg.Images = pixels.Blocks }},
		"the console": {answers: asKitty, prepare: func(cfg *Config) {
			cfg.Options = append(cfg.Options, tea.WithEnvironment([]string{"TERM=linux", "COLORTERM=truecolor"}))
		}},
		"characters by choice": {answers: asKitty, prepare: func(cfg *Config) { cfg.Plain = true }, asked: true},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := graphicStage(t, c.answers, c.prepare)
			s.happen(rooms.MessageChanged{Message: sunset(1)})
			s.until("the picture", func() bool {
				screen := s.term.Screen()
				return strings.Contains(screen, "▀▀▀▀") || strings.Contains(screen, ":::::")
			})
			if c.asked {
				s.until("the question", func() bool { return s.term.Wrote(askGraphics) })
			}
			s.settle()
			want := 0
			if c.asked {
				want = 1
			}
			if got := s.term.Count(graphics); got != want || s.term.Wrote(placeholder) {
				t.Errorf("%d graphic sequences", got)
			}
		})
	}
}

func TestPicturesThatAreOffAreNotShown(t *testing.T) {
	s, _ := graphicStage(t, asKitty, func(cfg *Config) { cfg.Images = pixels.Off })
	s.happen(rooms.MessageChanged{Message: sunset(1)}, rooms.MessageChanged{Message: said(2, joon, "below")})
	s.wait("sun.png · 640×400", "below")
	s.settle()
	if s.term.Wrote(graphics) || strings.Contains(s.term.Screen(), "▀▀▀") || strings.Contains(s.term.Screen(), "┄┄┄") {
		t.Errorf("the screen is\n%s", s.term.Screen())
	}
}

// moving has an animation of three colours.
type moving struct {
	fakePictures
	mu    sync.Mutex
	loops int
	loads int
}

func (p *moving) Load(ctx context.Context, _ rooms.Hash) (*media.Picture, error) {
	p.mu.Lock()
	p.loads++
	p.mu.Unlock()
	g := &gif.GIF{LoopCount: p.loops, Config: image.Config{Width: 40, Height: 20}}
	for _, c := range []color.RGBA{{200, 0, 0, 255}, {0, 200, 0, 255}, {0, 0, 200, 255}} {
		g.Image = append(g.Image, image.NewPaletted(image.Rect(0, 0, 40, 20), color.Palette{c}))
		g.Delay = append(g.Delay, 20)
	}
	var data bytes.Buffer
	if err := gif.EncodeAll(&data, g); err != nil {
		return nil, err
	}
	return media.Decode(ctx, data.Bytes())
}

// dance is a message with an animation.
func dance(seq uint64) rooms.Message {
	m := said(seq, joon, "")
	m.Attached = &rooms.Attachment{Hash: rooms.Hash{7}, Size: 1000, MIME: "image/gif", Name: "dance.gif", Width: 40, Height: 20}
	return m
}

// Colours of the animation, as cells show them.
const (
	red   = "48;2;200;0;0"
	green = "48;2;0;200;0"
	blue  = "48;2;0;0;200"
)

func TestAnAnimationMovesWhileItIsLookedAt(t *testing.T) {
	s, _ := graphicStage(t, nil, func(cfg *Config) {
		cfg.Pictures = &moving{fakePictures: fakePictures{here: map[rooms.Hash]bool{{7}: true}}}
	})
	s.happen(rooms.MessageChanged{Message: dance(1)})
	s.until("the first frame", func() bool { return s.term.Wrote(red) })
	// next lets the time of a frame pass until the colour comes.
	next := func(colour string) {
		t.Helper()
		before := s.term.Count(colour)
		s.until("the next frame", func() bool {
			s.pass(50 * time.Millisecond)
			return s.term.Count(colour) > before
		})
	}
	next(green)
	next(blue)
	next(red)
	// It rests while the terminal has not the focus.
	s.program.Send(tea.BlurMsg{})
	s.until("it to rest", func() bool {
		s.pass(time.Second)
		rests := false
		s.within(func() { rests = !s.model.chat.animations[0].busy })
		return rests
	})
	// What is written on the screen is written behind what was drawn before it.
	s.happen(rooms.TypingChanged{Room: "lobby", Person: joon.ID, Typing: true})
	s.wait("준호 is typing")
	greens := s.term.Count(green)
	for range 5 {
		s.pass(time.Second)
	}
	s.happen(rooms.TypingChanged{Room: "lobby", Person: joon.ID})
	s.gone("준호 is typing")
	if got := s.term.Count(green); got != greens {
		t.Errorf("it went on: %d and %d", greens, got)
	}
	s.program.Send(tea.FocusMsg{})
	next(green)
	next(blue)
	// Off the screen it stops for good.
	for i := range 30 {
		s.happen(rooms.MessageChanged{Message: said(uint64(2+i), joon, "more")})
	}
	s.until("it to stop", func() bool {
		s.pass(300 * time.Millisecond)
		running := make(chan int, 1)
		s.program.Send(applyMsg{s.model.chat, func(c *chat) tea.Cmd { running <- len(c.animations); return nil }})
		return <-running == 0
	})
}

func TestAnAnimationInPixelsSwapsTwoIDsAndFreesThem(t *testing.T) {
	s, _ := graphicStage(t, asKitty, func(cfg *Config) {
		cfg.Pictures = &moving{fakePictures: fakePictures{here: map[rooms.Hash]bool{{7}: true}}}
	})
	s.happen(rooms.MessageChanged{Message: dance(1)})
	s.wait(placeholder)
	// A frame that was not shown in time is sent again, under the id that it had.
	var ids []string
	s.until("six frames", func() bool {
		s.pass(100 * time.Millisecond)
		ids = slices.Compact(s.term.sentIDs())
		return len(ids) >= 7
	})
	for i := 2; i < 7; i++ {
		if ids[i] == ids[0] || (i > 2 && ids[i] != ids[i-2]) {
			t.Fatalf("sent under %v", ids)
		}
	}
	for i := range 30 {
		s.happen(rooms.MessageChanged{Message: said(uint64(2+i), joon, "more")})
	}
	s.until("both to be freed", func() bool {
		s.pass(300 * time.Millisecond)
		return s.term.Wrote("a=d,d=I,q=2,i="+ids[1]+"\x1b") && s.term.Wrote("a=d,d=I,q=2,i="+ids[2]+"\x1b")
	})
}

func TestAnAnimationThatHasPlayedStandsStill(t *testing.T) {
	s, _ := graphicStage(t, nil, func(cfg *Config) {
		cfg.Pictures = &moving{fakePictures: fakePictures{here: map[rooms.Hash]bool{{7}: true}}, loops: -1}
	})
	s.happen(rooms.MessageChanged{Message: dance(1)})
	s.until("the last frame", func() bool {
		s.pass(100 * time.Millisecond)
		return s.term.Wrote(blue)
	})
	reds := s.term.Count(red)
	for range 10 {
		s.pass(200 * time.Millisecond)
	}
	s.happen(rooms.TypingChanged{Room: "lobby", Person: joon.ID, Typing: true})
	s.wait("준호 is typing") // behind all that was drawn before
	if got := s.term.Count(red); got != reds {
		t.Errorf("it began again: %d and %d", reds, got)
	}
}

// bomb has an animation of more pixels than are played.
type bomb struct{ fakePictures }

const bombSize = 1000 // columns and rows of each frame

func (p *bomb) Load(ctx context.Context, _ rooms.Hash) (*media.Picture, error) {
	g := &gif.GIF{Config: image.Config{Width: bombSize, Height: bombSize}}
	for range media.MaxAnimationPixels/(bombSize*bombSize) + 1 {
		g.Image = append(g.Image, image.NewPaletted(image.Rect(0, 0, 1, 1), color.Palette{color.RGBA{200, 0, 0, 255}}))
		g.Delay = append(g.Delay, 2)
	}
	var data bytes.Buffer
	if err := gif.EncodeAll(&data, g); err != nil {
		return nil, err
	}
	return media.Decode(ctx, data.Bytes())
}

func TestAnAnimatedBombStandsStill(t *testing.T) {
	s, _ := graphicStage(t, nil, func(cfg *Config) {
		cfg.Pictures = &bomb{fakePictures{here: map[rooms.Hash]bool{{7}: true}}}
	})
	m := dance(1)
	m.Attached.Width, m.Attached.Height = bombSize, bombSize
	s.happen(rooms.MessageChanged{Message: m}, rooms.MessageChanged{Message: said(2, joon, "below")})
	s.wait("dance.gif · 1000×1000", "below")
	s.until("the first frame, which stands", func() bool {
		s.pass(100 * time.Millisecond)
		out := make(chan bool, 1)
		s.program.Send(applyMsg{s.model.chat, func(c *chat) tea.Cmd {
			p := c.book.current.talk.Pictures(rooms.Hash{7})[0]
			w, _ := p.Drawn()
			out <- w > 0 && !p.Animated() && len(c.animations) == 0
			return nil
		}})
		return <-out
	})
	if screen := s.term.Screen(); strings.Contains(screen, "not here") {
		t.Errorf("the screen is\n%s", screen)
	}
}

func TestASmallPictureInPixelsIsNotMadeLarger(t *testing.T) {
	s, _ := graphicStage(t, asKitty, nil)
	m := sunset(1)
	m.Attached.Width, m.Attached.Height = 36, 18 // of cells of 9 by 18
	s.happen(rooms.MessageChanged{Message: m})
	s.wait(placeholder)
	if !s.term.Wrote(",c=4,r=1,") {
		t.Error("it is not 4 cells wide and 1 high")
	}
}

func TestBackInTheRoomAPictureIsThereWithoutBeingSentAgain(t *testing.T) {
	s, _ := graphicStage(t, asKitty, nil)
	s.happen(rooms.MessageChanged{Message: sunset(1)})
	s.wait(placeholder)
	s.type_("/join other")
	s.press(enter)
	s.wait("Only you are in #other")
	s.gone(placeholder)
	s.press("\x1b[1;3A") // Alt+↑
	s.wait(placeholder)
	s.settle()
	if n := len(s.term.sentIDs()); n != 1 || s.term.Wrote("a=d,d=I") {
		t.Errorf("sent %d times, freed %d times", n, s.term.Count("a=d,d=I"))
	}
}

func TestWith256ColoursPicturesAreNamedByOneOfThem(t *testing.T) {
	s, _ := graphicStage(t, asKitty, func(cfg *Config) {
		cfg.Options = append(cfg.Options, tea.WithColorProfile(colorprofile.ANSI256))
	})
	s.happen(rooms.MessageChanged{Message: sunset(1)})
	s.wait(placeholder)
	ids := s.term.sentIDs()
	if id := ids[len(ids)-1]; len(id) > 3 || !s.term.Wrote("38;5;"+id+"m") {
		t.Errorf("sent under %v", ids)
	}
}

func TestOnlySoManyAnimationsRunAtATime(t *testing.T) {
	s, _ := graphicStage(t, nil, func(cfg *Config) {
		cfg.Pictures = &moving{fakePictures: fakePictures{here: map[rooms.Hash]bool{{7}: true}}}
	})
	for i := range maxAnimations + 2 {
		m := dance(uint64(1 + i))
		m.Attached.Width, m.Attached.Height = 8, 4
		s.happen(rooms.MessageChanged{Message: m})
	}
	s.until("all to be drawn, and as many as may to run", func() bool {
		s.pass(50 * time.Millisecond)
		out := make(chan bool, 1)
		s.program.Send(applyMsg{s.model.chat, func(c *chat) tea.Cmd {
			drawn := 0
			for _, p := range c.book.current.talk.Pictures(rooms.Hash{7}) {
				if p.Animated() {
					drawn++
				}
			}
			if len(c.animations) > maxAnimations {
				t.Errorf("%d run", len(c.animations))
			}
			out <- drawn == maxAnimations+2 && len(c.animations) == maxAnimations
			return nil
		}})
		return <-out
	})
}

// A room with thousands of pictures does not keep them all drawn; those that were seen long ago are drawn again.
func TestOnlySoManyPicturesStayDrawn(t *testing.T) {
	s, _ := graphicStage(t, asKitty, nil)
	const all = maxDrawn + 8
	drawn := func() (n int) {
		out := make(chan int, 1)
		s.program.Send(applyMsg{s.model.chat, func(c *chat) tea.Cmd {
			n := 0
			for _, p := range c.book.current.talk.Pictures(rooms.Hash{7}) {
				if p.IsDrawn() {
					n++
				}
			}
			out <- n
			return nil
		}})
		return <-out
	}
	for i := range all {
		m := sunset(uint64(1 + i))
		m.Attached.Width, m.Attached.Height = 36, 18
		s.happen(rooms.MessageChanged{Message: m})
		if i%6 == 5 || i == all-1 { // as many as the screen holds
			s.until("the next pictures", func() bool { return len(s.term.sentIDs()) == i+1 })
		}
	}
	s.until("the last one to be there", func() bool { return drawn() == maxDrawn })
	s.until("the first ones to be freed", func() bool { return s.term.Count("a=d,d=I") == all-maxDrawn })
	for range 20 {
		s.press(pgup)
	}
	s.until("the first ones to be drawn again", func() bool { return len(s.term.sentIDs()) > all })
	if n := drawn(); n > maxDrawn {
		t.Errorf("%d are drawn", n)
	}
}
