// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"kchat/media"
	"kchat/rooms"
)

// fakePictures has one picture, under every name.
type fakePictures struct {
	mu   sync.Mutex
	here map[rooms.Hash]bool

	once sync.Once // makes the picture
	sky  *media.Picture
	err  error
}

func (p *fakePictures) Attach(_ context.Context, path string, _ rooms.StreamKind) (Prepared, error) {
	if !strings.HasSuffix(path, ".png") {
		return Prepared{}, errors.New("this is no picture")
	}
	att := rooms.Attachment{Hash: rooms.Hash{1}, Size: 83_000, MIME: "image/png", Name: "sun.png", Width: 640, Height: 400}
	return Prepared{Attachment: att, PlaceRemoved: strings.Contains(path, "holiday")}, nil
}

// Load gives a picture whose left half is an evening sky and whose right half shows what is behind it.
func (p *fakePictures) Load(context.Context, rooms.Hash) (*media.Picture, error) {
	p.once.Do(func() {
		m := image.NewNRGBA(image.Rect(0, 0, 640, 400))
		for y := range 400 {
			for x := range 320 {
				m.SetNRGBA(x, y, color.NRGBA{uint8(y / 2), 60, uint8(250 - y/2), 255})
			}
		}
		var data bytes.Buffer
		if p.err = png.Encode(&data, m); p.err == nil {
			p.sky, p.err = media.Decode(context.Background(), data.Bytes())
		}
	})
	return p.sky, p.err
}

func (p *fakePictures) Has(hash rooms.Hash) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.here[hash]
}

func (p *fakePictures) Kind(path string) (rooms.StreamKind, bool) {
	return rooms.StreamImage, strings.HasSuffix(path, ".png")
}

func (p *fakePictures) Preview(ctx context.Context, path string) (*media.Picture, error) {
	if strings.Contains(path, "damaged") {
		return nil, errors.New("the picture is damaged")
	}
	return p.Load(ctx, rooms.Hash{})
}

func (p *fakePictures) Path(rooms.Hash) string { return "/blobs/07" }

func (p *fakePictures) arrive(hash rooms.Hash) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.here[hash] = true
}

func TestAPictureShowsItsProgressAndThenItself(t *testing.T) {
	pictures := &fakePictures{here: make(map[rooms.Hash]bool)}
	s := newStage(t, 100, 30, func(_ *stage, cfg *Config) { cfg.Pictures = pictures })
	s.logIn()
	s.company(joon)
	m := said(1, joon, "")
	m.Attached = &rooms.Attachment{Hash: rooms.Hash{7}, Size: 100_000, MIME: "image/png", Name: "../../sun\x1b[31m.png", Width: 640, Height: 400}
	moving := rooms.Transfer{Room: "lobby", From: 2, Attached: *m.Attached, Kind: rooms.StreamImage, Done: 42_000}
	s.happen(rooms.MessageChanged{Message: m}, rooms.TransferChanged{Transfer: moving})
	s.wait("sun␛[31m.png · 640×400 · 98 KiB", "coming, 42 %", "┄┄┄┄")
	s.golden("coming-100x30")
	rows := strings.Count(s.term.Screen(), "\n")
	pictures.arrive(rooms.Hash{7})
	moving.Done = moving.Attached.Size
	s.happen(rooms.TransferEnded{Transfer: moving})
	s.wait("▀▀▀▀▀▀")
	s.gone("coming, 42 %")
	if now := strings.Count(s.term.Screen(), "\n"); now != rows {
		t.Errorf("the screen had %d rows and has %d", rows, now)
	}
	s.type_("/send-image notes.txt")
	s.press(enter)
	s.wait("this is no picture", "/send-image notes.txt")
}

func TestThePlaceWhereAPictureWasTakenIsSaidToBeRemoved(t *testing.T) {
	s := newStage(t, 100, 30, func(_ *stage, cfg *Config) { cfg.Pictures = &fakePictures{here: make(map[rooms.Hash]bool)} })
	s.logIn()
	s.company(joon)
	s.wait("2 here")
	s.type_("/send-image sun.png")
	s.press(enter)
	s.wait("sun.png · 640×400")
	if strings.Contains(s.term.Screen(), "The place was removed") {
		t.Error("a place was removed that was not there")
	}
	s.type_("/send-image holiday.png")
	s.press(enter)
	s.wait("The place was removed from the picture sun.png.")
}

func TestPicturesAreDrawnForTheColoursOfTheTerminal(t *testing.T) {
	for _, c := range []struct {
		name    string
		profile colorprofile.Profile
		prepare func(cfg *Config)
		want    string // in the sequences of the picture
		not     string
	}{
		{name: "24 bits", profile: colorprofile.TrueColor, want: "48;2;"},
		{name: "256 colours", profile: colorprofile.ANSI256, want: "48;5;", not: "48;2;"},
		{name: "16 colours", profile: colorprofile.ANSI, want: ";44m", not: "48;"},
		{name: "no colours", profile: colorprofile.Ascii, want: ":::::", not: "48;"},
		{name: "NO_COLOR", profile: colorprofile.TrueColor, prepare: func(cfg *Config) { cfg.Plain = true }, want: ":::::"},
		{name: "ASCII", profile: colorprofile.TrueColor, prepare: func(cfg *Config) { cfg.ASCII = true }, want: ":::::"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, 100, 30, func(_ *stage, cfg *Config) {
				cfg.Pictures = &fakePictures{here: map[rooms.Hash]bool{{7}: true}}
				cfg.Options = append(cfg.Options, tea.WithColorProfile(c.profile)) // the last one counts
				if c.prepare != nil {
					c.prepare(cfg)
				}
			})
			s.logIn()
			s.company(joon)
			s.happen(rooms.MessageChanged{Message: sunset(1)})
			s.until("the picture", func() bool { return s.term.Wrote(c.want) })
			if c.not != "" && s.term.Wrote(c.not) {
				t.Errorf("%q was written", c.not)
			}
		})
	}
}

// sunset is a message with a picture.
func sunset(seq uint64) rooms.Message {
	m := said(seq, joon, "")
	m.Attached = &rooms.Attachment{Hash: rooms.Hash{7}, Size: 100_000, MIME: "image/png", Name: "sun.png", Width: 640, Height: 400}
	return m
}

// What shines through a picture is the terminal's own ground, also when that is found out late.
func TestPicturesStandOnTheGroundOfTheTerminal(t *testing.T) {
	s := newStage(t, 100, 30, func(_ *stage, cfg *Config) {
		cfg.Pictures = &fakePictures{here: map[rooms.Hash]bool{{7}: true}}
	})
	s.logIn()
	s.company(joon)
	s.happen(rooms.MessageChanged{Message: sunset(1)})
	s.wait("▀▀▀▀")
	s.program.Send(tea.BackgroundColorMsg{Color: color.RGBA{0xfd, 0xf6, 0xe3, 0xff}})
	s.until("the picture to be drawn anew", func() bool { return s.term.Wrote("48;2;253;246;227") })
}

func TestUnreadMessagesAreCountedAndDivided(t *testing.T) {
	s := inCompany(t)
	s.happen(rooms.MessageChanged{Message: said(1, joon, "seen")})
	s.wait("seen")
	s.type_("/join other")
	s.press(enter)
	s.wait("Only you are in #other")
	for i := range 3 {
		s.happen(rooms.MessageChanged{Message: said(uint64(2+i), joon, fmt.Sprintf("unseen %d", i))})
	}
	s.until("the count", func() bool {
		_, after, _ := strings.Cut(s.term.Screen(), "#lobby")
		return strings.HasPrefix(strings.TrimLeft(after, " "), "3 │")
	})
	s.press("\x1ba") // Alt+A
	s.wait("unseen 2", "─ new ─")
	s.golden("unread-100x30")
	s.pass(time.Second)
	s.until("the mark to be kept", func() bool {
		s.archive.mu.Lock()
		defer s.archive.mu.Unlock()
		return s.archive.saved["lobby"].Read == rooms.Position{Epoch: 1, Seq: 4}
	})
}

func TestAnUnsentMessageIsSentAgainEditedOrDiscarded(t *testing.T) {
	s := inCompany(t)
	refused := func(n byte, words string) rooms.Message {
		return rooms.Message{
			Community: community, Room: "lobby", ID: rooms.MessageID{0xaa, n}, Time: noon, Sender: 1, Name: "mina",
			Kind: rooms.KindText, Text: words, State: rooms.StateFailed, Failure: "The room is full.",
		}
	}
	for i, words := range []string{"first words", "second words", "third words"} {
		s.happen(rooms.MessageChanged{Message: refused(byte(i+1), words)})
	}
	s.wait("Not sent: The room is full.", "3 messages were not sent")
	s.press(up)
	s.wait("send again")
	s.type_("ㄱ") // the key of r, in Hangul mode
	s.until("the first to be sent again", func() bool {
		s.client.mu.Lock()
		defer s.client.mu.Unlock()
		return slices.Equal(s.client.resent, []rooms.MessageID{{0xaa, 1}})
	})
	sending := refused(1, "first words")
	sending.State = rooms.StateSending
	s.happen(rooms.MessageChanged{Message: sending})
	s.wait("2 messages were not sent")
	s.press(up)
	s.wait("r send again")
	s.type_("d")
	s.gone("second words")
	s.press(up)
	s.wait("r send again")
	s.type_("e")
	s.wait("› third words")
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	if want := []rooms.MessageID{{0xaa, 2}, {0xaa, 3}}; !slices.Equal(s.client.discarded, want) {
		t.Errorf("discarded %v", s.client.discarded)
	}
}

func TestWhatTheClientCannotSaveStaysInTheTalk(t *testing.T) {
	s := inCompany(t)
	s.client.mu.Lock()
	s.client.sendErr = errors.New("the disk is full")
	s.client.mu.Unlock()
	s.type_("precious words")
	s.press(enter)
	s.wait("precious words", "Not sent: the disk is full")
	s.client.mu.Lock()
	s.client.sendErr = nil
	s.client.mu.Unlock()
	s.press(up)
	s.wait("send again")
	s.type_("r")
	s.gone("Not sent: the disk is full")
	s.wait("precious words", "sending")
}

func TestGapsShowAsGaps(t *testing.T) {
	s := inCompany(t)
	from, to := rooms.Position{Epoch: 1, Seq: 1}, rooms.Position{Epoch: 1, Seq: 4}
	s.happen(
		rooms.MessageChanged{Message: said(1, joon, "before")},
		rooms.GapChanged{Room: "lobby", From: from, To: to, State: rooms.GapOpen},
		rooms.MessageChanged{Message: said(5, joon, "after")},
	)
	s.wait("before", "3 messages are missing here", "after")
	s.happen(rooms.GapChanged{Room: "lobby", From: from, To: to, State: rooms.GapGivenUp})
	s.wait("could not be had")
	s.golden("gap-100x30")
	s.happen(rooms.GapChanged{Room: "lobby", From: from, To: to, State: rooms.GapFilled})
	s.gone("could not be had")
}

func TestWithoutAConnectionWhatIsSentWaits(t *testing.T) {
	s := inCompany(t)
	s.happen(rooms.Disconnected{Err: rooms.ErrNoServer, Retry: 4 * time.Second})
	s.wait("next try in 4 s", "What you send waits")
	s.type_("written in the dark")
	s.press(enter)
	s.wait("written in the dark")
	m := rooms.Message{
		Community: community, Room: "lobby", ID: rooms.MessageID{0xaa, 1}, Time: noon, Sender: 1, Name: "mina",
		Kind: rooms.KindText, Text: "written in the dark", State: rooms.StateWaiting,
	}
	s.happen(rooms.MessageChanged{Message: m})
	s.wait("◷ waiting")
	s.golden("disconnected-100x30")
}

func TestRoomsOfLastTimeOpenAgainWithTheirDrafts(t *testing.T) {
	s := newStage(t, 100, 30, func(s *stage, _ *Config) {
		s.archive.saved = map[string]SavedRoom{
			"kernel": {Community: community, Name: "kernel", Open: true, Draft: "about locks"},
			"closed": {Community: community, Name: "closed"},
			"lobby":  {Community: community, Name: "lobby", Open: true, Draft: "about nothing"},
			"far":    {Community: rooms.UUID{9}, Name: "far", Open: true},
		}
	})
	s.logIn()
	s.wait("#kernel", "#lobby", "› about nothing")
	if screen := s.term.Screen(); strings.Contains(screen, "closed") || strings.Contains(screen, "#far") {
		t.Errorf("the screen is\n%s", screen)
	}
	s.press("\x1b[1;3B") // Alt+Down
	s.wait("› about locks")
}

func TestARoomForPracticeIsOneAgainAfterTheServerForgotIt(t *testing.T) {
	s := newStage(t, 100, 30, func(s *stage, _ *Config) {
		s.archive.saved = map[string]SavedRoom{"practice-1": {Community: community, Name: "practice-1", Open: true}}
	})
	s.logIn()
	s.press("\x1b[1;3B") // Alt+Down
	s.wait("#practice-1 practice")
	s.press("\x1b[1;3B")
	s.gone("#practice-1 practice")
}

func TestASCIIHasNoOtherLinesAndMarks(t *testing.T) {
	s := newStage(t, 100, 30, func(_ *stage, cfg *Config) { cfg.ASCII, cfg.Plain = true, true })
	s.logIn()
	s.company(joon)
	mine := said(2, s.client.me, "plain")
	mine.State, mine.Stored, mine.Present = rooms.StateDelivered, 1, 1
	s.happen(rooms.MessageChanged{Message: mine})
	s.wait("++ 1/1")
	for _, r := range s.term.Screen() {
		if strings.ContainsRune("│─╭╮╰╯●○◐✓›▌", r) {
			t.Fatalf("%q is on the screen\n%s", r, s.term.Screen())
		}
	}
}

func TestALightTerminalGetsTheLightTheme(t *testing.T) {
	s := newStage(t, 100, 30, nil)
	s.logIn()
	s.program.Send(tea.BackgroundColorMsg{Color: color.White})
	s.until("the light theme", func() bool { return s.term.Wrote("38;2;26;95;180") })
}

func TestTheWheelScrollsAndAClickOpensARoom(t *testing.T) {
	s := newStage(t, 100, 30, func(s *stage, _ *Config) {
		for i := range 60 {
			s.archive.entries = append(s.archive.entries, entry(uint64(i+1), joon, fmt.Sprintf("line %d.", i+1)))
		}
	})
	s.logIn()
	s.company(joon)
	s.wait("line 60.", "2 here")
	s.press("\x1b[<64;50;10M", "\x1b[<64;50;10M")
	s.gone("line 60.")
	s.wait("more below")
	s.type_("/join zoo")
	s.press(enter)
	s.wait("Only you are in #zoo")
	s.press("\x1b[<0;4;4M", "\x1b[<0;4;4m")
	s.wait("line 50.")
}

func TestTheInterfaceSpeaksKorean(t *testing.T) {
	s := newStage(t, 100, 30, func(_ *stage, cfg *Config) { cfg.Locale = "ko_KR.UTF-8" })
	s.wait("로그인", "계정 만들기")
	s.press(enter)
	s.wait("비밀번호")
	s.type_("mina")
	s.press(tab)
	s.type_("secret words")
	s.press(enter)
	s.until("the session to open", func() bool {
		s.gate.mu.Lock()
		defer s.gate.mu.Unlock()
		return len(s.gate.opened) == 1
	})
	s.happen(rooms.Online{Server: s.gate.info, Me: s.client.me})
	s.wait("#lobby에 혼자 있습니다")
	s.golden("korean-100x30")
}

// TestWhyOneIsKeptOutIsSaidOnce: a connection that comes to its end says so in the status line; that the server does not
// let somebody in any more stands in the talk, once, however often it is tried.
func TestWhyOneIsKeptOutIsSaidOnce(t *testing.T) {
	s := inCompany(t)
	refused := fmt.Errorf("%w: %w", rooms.ErrRefused, errors.New("no account is this user's"))
	for range 3 {
		s.happen(rooms.Disconnected{Err: refused, Retry: time.Minute})
	}
	s.wait("The server does not let you in any more", "connection lost")
	s.settle()
	if screen := s.term.Screen(); strings.Count(screen, "does not let you in") != 1 {
		t.Errorf("it is said again:\n%s", screen)
	}
}
