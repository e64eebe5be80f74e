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
	// filmFrames is how many of them are a film and no picture. How many come is a matter of the machine, and measured by
	// "make bench-video".
	filmFrames = 3
	// reelStep is how much redder a frame is than the one before.
	reelStep = 8
)

// reel is a film whose frames can be told from each other on the screen.
var reel = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "kchat-reel-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "reel.mkv")
	source := fmt.Sprintf("color=black:size=160x90:rate=10:duration=3,format=rgb24,geq=r=%d*N:g=0:b=60", reelStep)
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
})

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

// comes is a video of which so much has come.
func comes(m rooms.Message, done uint64) rooms.TransferChanged {
	return rooms.TransferChanged{Transfer: rooms.Transfer{
		Room: "lobby", Stream: rooms.MessageID{5}, From: joon.ID, Attached: *m.Attached, Kind: rooms.StreamVideo, Done: done,
	}}
}

// cinemaStage is a stage on which videos are shown.
func cinemaStage(t *testing.T, answers map[string]string, prepare func(*Config)) (*stage, *cinema) {
	t.Helper()
	film, err := reel()
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

var reds = regexp.MustCompile(`[34]8;2;(\d+);0;\d+`)

// shown counts the frames of the reel that were written to the terminal, by their reds.
func (e *terminal) shown() int {
	seen := map[int]bool{}
	for _, m := range e.Matches(reds) {
		if r, err := strconv.Atoi(m[1]); err == nil {
			seen[(r+reelStep/2)/reelStep] = true
		}
	}
	return len(seen)
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
	s, v := cinemaStage(t, nil, nil)
	m := clip(1)
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
	s.wait("space shows it again")
	if n := s.term.shown(); n <= paused {
		t.Errorf("%d frames, then %d", paused, n)
	}
	s.press("\x1b[D") // back
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
	s, _ := cinemaStage(t, nil, nil)
	m := clip(1)
	s.happen(rooms.MessageChanged{Message: m}, comes(m, 20_000))
	s.wait("space pauses")
	for i := range 40 {
		s.happen(rooms.MessageChanged{Message: said(uint64(2+i), joon, fmt.Sprintf("line %d.", i))})
	}
	s.wait("line 39.")
	s.gone("clip.mkv")
	s.settle()
	n := s.term.shown()
	if n >= reelFrames {
		t.Fatal("it has played to its end")
	}
	s.press(pgup, pgup, pgup)
	s.wait("clip.mkv", "space shows it again")
	if now := s.term.shown(); now <= n {
		t.Errorf("%d frames, then %d", n, now)
	}
}

func TestAVideoGoesOnInAnotherSize(t *testing.T) {
	s, _ := cinemaStage(t, nil, nil)
	m := clip(1)
	s.happen(rooms.MessageChanged{Message: m}, comes(m, 20_000))
	s.wait("space pauses")
	s.term.SetSize(60, 20)
	s.program.Send(tea.WindowSizeMsg{Width: 60, Height: 20})
	s.wait("space shows it again")
	if n := s.term.shown(); n < filmFrames {
		t.Errorf("%d of %d frames", n, reelFrames)
	}
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
	s, v := cinemaStage(t, nil, nil)
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
	s.until("frames", func() bool { return s.term.shown() > 3 })
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
	s, _ := cinemaStage(t, nil, nil)
	live := rooms.Transfer{
		Room: "lobby", Stream: rooms.MessageID{5}, From: joon.ID, Kind: rooms.StreamVideo, Done: 10_000,
		Attached: rooms.Attachment{Size: wire.SizeUnknown, MIME: "video/x-matroska", Name: "live.mkv", Width: 160, Height: 90},
	}
	s.happen(rooms.TransferChanged{Transfer: live})
	s.until("frames", func() bool { return s.term.shown() > 1 })
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
	s, _ := cinemaStage(t, nil, nil)
	m := clip(1)
	s.happen(rooms.MessageChanged{Message: m}, comes(m, 20_000))
	s.wait("space pauses")
	s.press("\x1b[<0;50;15M", "\x1b[<0;50;15m")
	s.wait("space plays")
	s.type_("f")
	s.gone("#lobby")
	s.press("\x1b[<0;50;15M", "\x1b[<0;50;15m")
	s.wait("space shows it again")
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
	case <-time.After(30 * time.Second):
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
	s, _ := cinemaStage(t, nil, func(cfg *Config) {
		slow = &stuck{terminal: cfg.Output.(*terminal)}
		slow.taken = sync.NewCond(&slow.mu)
		cfg.Output = slow
	})
	m := clip(1)
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
		case <-time.After(10 * time.Second):
			t.Fatal("the program waits for the terminal")
		}
		return n
	}
	s.until("frames to be left out", func() bool { return dropped() > slowest })
	s.type_("words") // nothing typed is lost
	s.pass(time.Second)
	slow.hold(false)
	s.wait("again · slow", "› words")
}
