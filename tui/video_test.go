// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"kchat/media/video"
	"kchat/rooms"
	"kchat/wire"
)

const (
	// reelFrames is how many frames the reel has: at 10 a second, each of another red.
	reelFrames = 30
	// reels is how often they come in the long one, each time with another blue: whoever does something while it plays has
	// the time to do it.
	reels = 20
	// filmFrames is how many of them are a film and no picture. How many come is a matter of the machine, and measured by
	// "make bench-video".
	filmFrames = 3
	// reelStep is how much redder a frame is than the one before, and bluer a reel.
	reelStep = 8
	reelBlue = 60 // the first one
)

// reel and longReel are films whose frames can be told from each other on the screen.
var (
	reel     = sync.OnceValues(func() ([]byte, error) { return filmOf(1) })
	longReel = sync.OnceValues(func() ([]byte, error) { return filmOf(reels) })
)

// filmOf is so many reels.
func filmOf(reels int) ([]byte, error) {
	dir, err := os.MkdirTemp("", "kchat-reel-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "reel.mkv")
	source := fmt.Sprintf("color=black:size=16x9:rate=10:duration=%d,format=rgb24,geq=r='%d*mod(N,%d)':g=0:b='%d+%d*floor(N/%[3]d)',scale=160:90:flags=neighbor",
		3*reels, reelStep, reelFrames, reelBlue, reelStep)
	out, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-c:v", "libx264rgb", "-qp", "0",
		"-preset", "ultrafast", "-g", "5", path).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("make a reel: %w: %s", err, out)
	}
	tools, err := video.Find()
	if err != nil {
		return nil, err
	}
	r, err := tools.Remux(context.Background(), path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var film []byte
	for s := video.NewSplitter(r, 0); ; {
		c, err := s.Next()
		if errors.Is(err, io.EOF) {
			return film, nil
		}
		if err != nil {
			return nil, err
		}
		film = append(film, c.Data...)
	}
}

// cinema are videos that all show the reel.
type cinema struct {
	film  []byte
	tools video.Tools

	mu     sync.Mutex
	opened []VideoID
	err    error
}

func (v *cinema) Attach(_ context.Context, path string, progress func(float64)) (Prepared, error) {
	if !strings.HasSuffix(path, ".mp4") {
		return Prepared{}, video.ErrNoVideo
	}
	progress(1)
	return Prepared{Attachment: clipOf("clip.mkv")}, nil
}

func (v *cinema) Here(VideoID) bool { return true }

func (v *cinema) Open(id VideoID, opts video.ShowOptions) (VideoShow, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.opened = append(v.opened, id)
	if v.err != nil {
		return nil, v.err
	}
	return v.tools.NewShow(reelFilm(v.film), opts), nil
}

// reelFilm is the film of the cinema.
type reelFilm []byte

func (f reelFilm) Open(_ context.Context, after int) (io.ReadCloser, int, error) {
	if after > 0 {
		return nil, after, io.EOF
	}
	return io.NopCloser(bytes.NewReader(f)), 1, nil
}

// hereFiles are files of which all are here.
type hereFiles struct{}

func (hereFiles) Look(rooms.Hash) Found                                    { return Found{Here: true} }
func (hereFiles) Save(context.Context, rooms.Hash, string) (string, error) { return "", nil }
func (hereFiles) Keep(rooms.Hash, bool) error                              { return nil }
func (hereFiles) Drop(rooms.Hash)                                          {}

func clipOf(name string) rooms.Attachment {
	return rooms.Attachment{Hash: rooms.Hash{9}, Size: 50_000, MIME: "video/x-matroska", Name: name, Width: 160, Height: 90, Duration: 3 * time.Second}
}

// clip is a message with a video.
func clip(seq uint64) rooms.Message {
	m := said(seq, joon, "")
	att := clipOf("clip.mkv")
	m.Attached = &att
	return m
}

// longClip is a message with a long video.
func longClip(seq uint64) rooms.Message {
	m := clip(seq)
	m.Attached.Duration = reels * 3 * time.Second
	return m
}

// comes is a video of which so much has come.
func comes(m rooms.Message, done uint64) rooms.TransferChanged {
	return rooms.TransferChanged{Transfer: rooms.Transfer{
		Room: "lobby", Stream: rooms.MessageID{5}, From: joon.ID, Attached: *m.Attached, Kind: rooms.StreamVideo, Done: done,
	}}
}

// cinemaStage is a stage on which a video is shown, and longCinemaStage one for a long one.
func cinemaStage(t *testing.T, answers map[string]string, prepare func(*Config)) (*stage, *cinema) {
	t.Helper()
	return cinemaOf(t, reel, answers, prepare)
}

func longCinemaStage(t *testing.T, prepare func(*Config)) (*stage, *cinema) {
	t.Helper()
	return cinemaOf(t, longReel, nil, prepare)
}

func cinemaOf(t *testing.T, of func() ([]byte, error), answers map[string]string, prepare func(*Config)) (*stage, *cinema) {
	t.Helper()
	film, err := of()
	if err != nil {
		t.Fatal(err)
	}
	tools, err := video.Find()
	if err != nil {
		t.Fatal(err)
	}
	v := &cinema{film: film, tools: tools}
	s := newStage(t, 100, 30, func(s *stage, cfg *Config) {
		s.term.Answers = answers
		cfg.Pictures, cfg.Videos = &fakePictures{here: map[rooms.Hash]bool{}}, v
		if prepare != nil {
			prepare(cfg)
		}
	})
	s.logIn()
	s.company(joon)
	s.wait("2 here")
	return s, v
}

var framesOf = regexp.MustCompile(`[34]8;2;(\d+);0;(\d+)`)

// shown counts the frames of the reels that were written to the terminal, by their reds and blues.
func (e *terminal) shown() int {
	seen := map[[2]int]bool{}
	for _, m := range e.Matches(framesOf) {
		r, err := strconv.Atoi(m[1])
		b, errB := strconv.Atoi(m[2])
		if err == nil && errB == nil {
			seen[[2]int{(r + reelStep/2) / reelStep, (b - reelBlue + reelStep/2) / reelStep}] = true
		}
	}
	return len(seen)
}

// more waits until more frames were written than so many.
func (s *stage) more(than int) {
	s.t.Helper()
	s.until("more frames", func() bool { return s.term.shown() > than })
}

func TestAVideoPlaysWhileItComesAndCountsItsFrames(t *testing.T) {
	s, _ := cinemaStage(t, nil, nil)
	m := clip(1)
	s.happen(rooms.MessageChanged{Message: m}, comes(m, 0))
	s.wait("clip.mkv · 160×90 · 49 KiB")
	s.happen(comes(m, 20_000)) // not all of it
	s.until("the first frame", func() bool { return s.term.shown() > 0 })
	s.wait("space shows it again", "0:03")
	if n := s.term.shown(); n < filmFrames {
		t.Errorf("%d of %d frames were shown", n, reelFrames)
	}
}

func TestKeysOfAVideo(t *testing.T) {
	s, v := longCinemaStage(t, nil)
	m := longClip(1)
	s.happen(rooms.MessageChanged{Message: m}, comes(m, 20_000))
	s.wait("space pauses")
	s.type_(" ") // nothing is written: it is for the video
	s.wait("space plays")
	paused := s.term.shown()
	s.type_("words ") // now it is a space
	s.wait("› words", "space plays")
	for range len("words ") {
		s.press("\x7f")
	}
	s.press(up)
	s.wait("space plays", "›")
	s.type_("f")
	s.gone("#lobby")
	s.wait("clip.mkv", "space plays")
	s.type_(" ")
	s.wait("space pauses")
	s.more(paused)
	for range reels * 3 * time.Second / seekBy {
		s.press("\x1b[C") // forth
	}
	s.wait("space shows it again", "1:00")
	for range 4 {
		s.press("\x1b[D") // back
	}
	s.wait("space pauses")
	s.press(esc)
	s.wait("#lobby", "clip.mkv")
	s.type_("m")
	s.wait("Videos are silent.")
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.opened) != 1 {
		t.Errorf("opened %d times", len(v.opened))
	}
}

func TestAVideoWaitsWhileItIsNotOnTheScreen(t *testing.T) {
	s, _ := longCinemaStage(t, nil)
	m := longClip(1)
	s.happen(rooms.MessageChanged{Message: m}, comes(m, 20_000))
	s.wait("space pauses")
	for i := range 40 {
		s.happen(rooms.MessageChanged{Message: said(uint64(2+i), joon, fmt.Sprintf("line %d.", i))})
	}
	s.wait("line 39.")
	s.gone("clip.mkv")
	s.until("it to wait", func() bool {
		waits := false
		s.within(func() { waits = s.model.chat.videos.open[0].away })
		return waits
	})
	n := s.term.shown()
	s.press(pgup, pgup, pgup)
	s.wait("clip.mkv", "space pauses")
	s.more(n)
}

func TestAVideoGoesOnInAnotherSize(t *testing.T) {
	s, _ := longCinemaStage(t, nil)
	m := longClip(1)
	s.happen(rooms.MessageChanged{Message: m}, comes(m, 20_000))
	s.wait("space pauses")
	s.term.SetSize(60, 20)
	s.program.Send(tea.WindowSizeMsg{Width: 60, Height: 20})
	s.settle()
	s.more(s.term.shown() + filmFrames)
}

func TestAKeptVideoShowsItsFirstFrameAndPlaysWhenAsked(t *testing.T) {
	s, _ := cinemaStage(t, nil, func(cfg *Config) { cfg.Files = hereFiles{} })
	m := clip(1)
	m.Backfill = true
	s.happen(rooms.MessageChanged{Message: m})
	s.wait("space plays")
	s.until("the first frame", func() bool { return s.term.shown() == 1 })
	s.press(up)
	s.type_(" ")
	s.wait("space shows it again")
	if n := s.term.shown(); n < filmFrames {
		t.Errorf("%d of %d frames", n, reelFrames)
	}
}

func TestALiveVideoIsShownAndThenKeptAsAMessage(t *testing.T) {
	s, v := longCinemaStage(t, nil)
	live := rooms.Transfer{
		Room: "lobby", Stream: rooms.MessageID{5}, From: joon.ID, Kind: rooms.StreamVideo,
		Attached: rooms.Attachment{Size: wire.SizeUnknown, MIME: "video/x-matroska", Name: "live.mkv", Width: 160, Height: 90},
	}
	s.happen(rooms.Offered{Transfer: live})
	s.wait("live.mkv", "sends a live video")
	s.press(up)
	s.type_(" ")
	s.until("it to be taken", func() bool {
		s.client.mu.Lock()
		defer s.client.mu.Unlock()
		return len(s.client.taken) == 1 && s.client.taken[0] == live.Stream
	})
	live.Done = 10_000
	s.happen(rooms.TransferChanged{Transfer: live})
	s.more(filmFrames)
	live.Attached.Hash, live.Attached.Size = rooms.Hash{9}, 50_000
	s.happen(rooms.TransferEnded{Transfer: live})
	m := clip(2)
	s.happen(rooms.MessageChanged{Message: m})
	s.gone("live.mkv")
	s.wait("clip.mkv")
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.opened[0].Stream != live.Stream {
		t.Errorf("%+v", v.opened)
	}
}

func TestALiveVideoIsStoppedByKey(t *testing.T) {
	s, _ := longCinemaStage(t, nil)
	live := rooms.Transfer{
		Room: "lobby", Stream: rooms.MessageID{5}, From: joon.ID, Kind: rooms.StreamVideo, Done: 10_000,
		Attached: rooms.Attachment{Size: wire.SizeUnknown, MIME: "video/x-matroska", Name: "live.mkv", Width: 160, Height: 90},
	}
	s.happen(rooms.TransferChanged{Transfer: live})
	s.more(1)
	s.press(up)
	s.type_("x")
	s.until("it to be cancelled", func() bool {
		s.client.mu.Lock()
		defer s.client.mu.Unlock()
		return len(s.client.cancelled) == 1 && s.client.cancelled[0] == live.Stream
	})
	s.happen(rooms.TransferEnded{Transfer: live, Err: wire.ErrCancelled})
	s.wait("not here: The stream was cancelled")
}

func TestAVideoThatCannotBeShownSaysWhy(t *testing.T) {
	s, v := cinemaStage(t, nil, nil)
	v.mu.Lock()
	v.err = video.ErrNoFFmpeg
	v.mu.Unlock()
	m := clip(1)
	s.happen(rooms.MessageChanged{Message: m}, comes(m, 20_000))
	s.wait("ffmpeg is not installed")
	s.type_("/send-video sound.mp3")
	s.press(enter)
	s.wait("there is no video track", "/send-video sound.mp3")
}

func TestADamagedVideoSaysSoAndATruncatedOnePlaysAsFarAsItGoes(t *testing.T) {
	s, v := cinemaStage(t, nil, nil)
	whole := v.film
	v.film = bytes.Repeat([]byte("noise"), 1000)
	m := clip(1)
	s.happen(rooms.MessageChanged{Message: m}, comes(m, 20_000))
	s.wait("the video is damaged")
	v.film = whole[:len(whole)*2/3]
	s.press(up)
	s.type_(" ")
	s.wait("space shows it again")
	if n := s.term.shown(); n < filmFrames || n == reelFrames {
		t.Errorf("%d of %d frames", n, reelFrames)
	}
}

func TestAClickPausesAVideo(t *testing.T) {
	s, _ := longCinemaStage(t, nil)
	m := longClip(1)
	s.happen(rooms.MessageChanged{Message: m}, comes(m, 20_000))
	s.wait("space pauses")
	s.press("\x1b[<0;50;15M", "\x1b[<0;50;15m")
	s.wait("space plays")
	s.type_("f")
	s.gone("#lobby")
	s.press("\x1b[<0;50;15M", "\x1b[<0;50;15m")
	s.wait("space pauses")
	s.press("\x1b[<64;50;15M") // the wheel is not for what lies behind it
	s.press(esc)
	s.wait("#lobby", "clip.mkv")
}

func TestInKittyAVideoIsShownUnderTwoIDs(t *testing.T) {
	s, _ := cinemaStage(t, asKitty, nil)
	m := clip(1)
	s.happen(rooms.MessageChanged{Message: m}, comes(m, 20_000))
	s.wait("space shows it again")
	ids := map[string]int{}
	for _, id := range s.term.sentIDs() {
		ids[id]++
	}
	if len(ids) != 2 {
		t.Fatalf("ids %v", ids)
	}
}

func TestAKittyOnThisMachineGetsFramesThroughFilesAndNoneIsLeft(t *testing.T) {
	s, _ := cinemaStage(t, map[string]string{
		askName:               asKitty[askName],
		askGraphics + ",t=d":  asKitty[askGraphics],
		askGraphics + ",f=24": "\x1b_Gi=32;OK\x1b\\",
		"\x1b[16t":            asKitty["\x1b[16t"],
	}, nil)
	s.until("the question", func() bool { return s.term.Wrote(askGraphics + ",f=24") })
	m := clip(1)
	s.happen(rooms.MessageChanged{Message: m}, comes(m, 20_000))
	s.wait("space shows it again")
	s.type_("/quit")
	s.press(enter)
	select {
	case err := <-s.done:
		s.done <- err
	case <-time.After(patience):
		t.Fatal("it goes on")
	}
	told := s.term.Matches(inFile)
	if len(told) < 2 { // the question is one
		t.Errorf("%d files", len(told))
	}
	for _, seq := range told {
		path, err := base64.StdEncoding.DecodeString(seq[1])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Lstat(string(path)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is left: %v", path, err)
		}
	}
}

// stuck is a terminal that can be kept from taking anything.
type stuck struct {
	*terminal
	mu    sync.Mutex
	taken *sync.Cond
	held  bool
}

func (e *stuck) Write(p []byte) (int, error) {
	e.mu.Lock()
	for e.held {
		e.taken.Wait()
	}
	e.mu.Unlock()
	return e.terminal.Write(p)
}

func (e *stuck) hold(on bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.held = on
	e.taken.Broadcast()
}

func TestASlowTerminalHoldsUpNothingButFrames(t *testing.T) {
	var slow *stuck
	s, _ := longCinemaStage(t, func(cfg *Config) {
		slow = &stuck{terminal: cfg.Output.(*terminal)}
		slow.taken = sync.NewCond(&slow.mu)
		cfg.Output = slow
	})
	m := longClip(1)
	s.happen(rooms.MessageChanged{Message: m}, comes(m, 20_000))
	s.until("the first frame", func() bool { return s.term.shown() > 0 })
	slow.hold(true)
	defer slow.hold(false)
	s.pass(time.Second) // what was before
	var v *videoPlayer
	dropped := func() int {
		var n int
		answered := make(chan struct{})
		s.program.Send(applyMsg{s.model.chat, func(c *chat) tea.Cmd {
			v = c.videos.open[0]
			n = v.show.State().Dropped
			close(answered)
			return nil
		}})
		select {
		case <-answered:
		case <-time.After(patience):
			t.Fatal("the program waits for the terminal")
		}
		return n
	}
	s.until("frames to be left out", func() bool { return dropped() > slowest })
	s.type_("words") // nothing typed is lost
	s.pass(time.Second)
	slow.hold(false)
	s.wait("pauses · slow", "› words")
}
