// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"kchat/media/video"
	"kchat/rooms"
	"kchat/tui/pixels"
)

// inFile is a picture that the terminal has to read from a file, and to delete.
var inFile = regexp.MustCompile(`\x1b_G[^;]*,t=t[^;]*;([^\x1b]*)`)

// counting is a terminal that takes everything at once, and answers nothing.
type counting struct {
	mu    sync.Mutex
	bytes int
}

func (c *counting) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bytes += len(p)
	for _, seq := range inFile.FindAllSubmatch(p, -1) {
		path, err := base64.StdEncoding.DecodeString(string(seq[1]))
		if err != nil {
			return 0, err
		}
		if err := os.Remove(string(path)); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

func (c *counting) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.bytes
}

// cpuTime is the processor time that this program has taken, or those that it has waited for.
func cpuTime(b *testing.B, who int) time.Duration {
	b.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(who, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// benchFilm is a film of four seconds in which much or little moves.
func benchFilm(b *testing.B, source string) []byte {
	b.Helper()
	path := filepath.Join(b.TempDir(), "film.mkv")
	out, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", source+"=size=640x384:rate=30", "-t", "4",
		"-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", path).CombinedOutput()
	if err != nil {
		b.Fatalf("make a film: %v: %s", err, out)
	}
	tools, err := video.Find()
	if err != nil {
		b.Fatal(err)
	}
	r, err := tools.Remux(b.Context(), path)
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	var film []byte
	for s := video.NewSplitter(r, 0); ; {
		c, err := s.Next()
		if errors.Is(err, io.EOF) {
			return film
		}
		if err != nil {
			b.Fatal(err)
		}
		film = append(film, c.Data...)
	}
}

// BenchmarkVideo plays a film on the whole screen at its own pace, through the whole program: ffmpeg, the cells, the
// program's drawing of the screen and its differences. It reports which share of one core all of that takes together,
// and how many frames a second come to the screen.
func BenchmarkVideo(b *testing.B) {
	for _, c := range []struct {
		name       string
		source     string
		cols, rows int
		fps        float64
		kitty      bool
		files      bool
	}{
		{"blocks 80x24 at 30, little moves", "testsrc2", 80, 24, 30, false, false},
		{"blocks 80x24 at 30, all moves", "mandelbrot", 80, 24, 30, false, false},
		{"blocks 160x48 at 24, little moves", "testsrc2", 160, 48, 24, false, false},
		{"blocks 160x48 at 24, all moves", "mandelbrot", 160, 48, 24, false, false},
		{"kitty 320x180 at 30, little moves", "testsrc2", 40, 12, 30, true, false},
		{"kitty 320x180 at 30, all moves", "mandelbrot", 40, 12, 30, true, false},
		{"kitty 480x270 at 30, little moves", "testsrc2", 60, 18, 30, true, false},
		{"kitty 480x270 at 30, all moves", "mandelbrot", 60, 18, 30, true, false},
		{"kitty 320x180 at 30, little moves, by file", "testsrc2", 40, 12, 30, true, true},
		{"kitty 320x180 at 30, all moves, by file", "mandelbrot", 40, 12, 30, true, true},
		{"kitty 480x270 at 30, little moves, by file", "testsrc2", 60, 18, 30, true, true},
		{"kitty 480x270 at 30, all moves, by file", "mandelbrot", 60, 18, 30, true, true},
	} {
		b.Run(c.name, func(b *testing.B) {
			film := benchFilm(b, c.source)
			for b.Loop() {
				benchVideo(b, film, c.cols, c.rows, c.fps, pixels.Caps{Kitty: c.kitty, Files: c.files, CellWidth: 8, CellHeight: 15})
			}
		})
	}
}

func benchVideo(b *testing.B, film []byte, cols, rows int, fps float64, caps pixels.Caps) {
	tools, err := video.Find()
	if err != nil {
		b.Fatal(err)
	}
	term, client := &counting{}, newFakeClient()
	cfg := Config{
		Output: term, Address: "127.0.0.1:10106", User: "mina", Password: "secret words", Rooms: []string{"lobby"},
		Gate:     &fakeGate{client: client, archive: &fakeArchive{}, info: rooms.ServerInfo{Server: serverID, Community: community}},
		Pictures: &fakePictures{here: map[rooms.Hash]bool{}}, Videos: &cinema{film: film, tools: tools},
		Options: []tea.ProgramOption{
			tea.WithInput(nil), tea.WithWindowSize(cols, rows+1), tea.WithoutSignals(), tea.WithColorProfile(colorprofile.TrueColor),
			tea.WithEnvironment([]string{"TERM=xterm-256color", "COLORTERM=truecolor"}),
		},
	}
	ctx, cancel := context.WithCancel(context.Background())
	var program *tea.Program
	var model *root
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() {
		done <- runProgram(ctx, cfg, func(p *tea.Program, r *root) {
			program, model = p, r
			close(ready)
		})
	}()
	<-ready
	client.events <- rooms.Online{Me: client.me}
	client.events <- rooms.Joined{Room: rooms.RoomInfo{Name: "lobby", Number: 1, Epoch: 1}, People: []rooms.Person{client.me, joon}}
	m := clip(1)
	m.Attached.Width, m.Attached.Height, m.Attached.Duration = 640, 384, 4*time.Second
	client.events <- rooms.MessageChanged{Message: m}
	client.events <- comes(m, 20_000)
	type chatModel = chat
	// in runs something in the program's own goroutine.
	in := func(do func(c *chat) bool) bool {
		chat, answer := model.chat, make(chan bool, 1)
		if chat == nil {
			return false
		}
		program.Send(applyMsg{chat, func(c *chatModel) tea.Cmd {
			answer <- do(c)
			return nil
		}})
		return <-answer
	}
	for !in(func(c *chat) bool {
		if len(c.videos.open) == 0 || c.videos.open[0].show == nil {
			return false
		}
		v := c.videos.open[0]
		if caps.Kitty {
			c.paint.Use(caps)
		}
		c.videos.full = v
		c.moveVideo(v)
		v.show.SetRate(fps)
		v.show.Seek(0)
		return true
	}) {
		time.Sleep(20 * time.Millisecond)
	}
	var first video.State
	for !in(func(c *chat) bool {
		first = c.videos.open[0].show.State()
		return first.Shown > 5 && first.At < time.Second
	}) {
		time.Sleep(5 * time.Millisecond)
	}
	wrote, at := term.count(), time.Now()
	own, others := cpuTime(b, syscall.RUSAGE_SELF), cpuTime(b, syscall.RUSAGE_CHILDREN)
	var last video.State
	for !in(func(c *chat) bool { last = c.videos.open[0].show.State(); return last.Ended }) {
		time.Sleep(50 * time.Millisecond)
	}
	took, frames := time.Since(at), last.Shown-first.Shown
	own = cpuTime(b, syscall.RUSAGE_SELF) - own
	cancel()
	<-done
	// ffmpeg's time is known when it has ended, and is then for the whole film, its beginning included.
	others = cpuTime(b, syscall.RUSAGE_CHILDREN) - others
	b.ReportMetric(float64(own)/float64(took)*100, "%core")
	b.ReportMetric(float64(others)/float64(4*time.Second)*100, "%core-ffmpeg")
	b.ReportMetric(float64(term.count()-wrote)/1024/float64(frames), "KB/frame")
	b.ReportMetric(float64(frames)/took.Seconds(), "frames/s")
	b.ReportMetric(0, "ns/op")
}
