// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"image"
	"slices"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"kchat/media"
	"kchat/media/video"
	"kchat/tui/pixels"
)

// The most pixels of a frame in a terminal that takes pixels: more would cost more than it shows.
const (
	filmWidth  = 480
	filmHeight = 270
)

// pendingMost is how many bytes may wait for the terminal before a frame is left out.
const pendingMost = 64 << 10

// videoScreen puts the frames of one video into cells. The show hands frames over and never waits; a goroutine of its
// own draws them and gives them to the program, one at a time: the next is drawn when the program has taken the one
// before, and the terminal too.
type videoScreen struct {
	paint  *pixels.Painter
	send   func(lines []string, at video.Frame, of videoPlace) (taken <-chan struct{})
	tell   func()
	frames chan video.Frame
	window *videoWindow

	mu    sync.Mutex
	place videoPlace
}

// videoPlace is where a video is shown.
type videoPlace struct {
	cols, rows int
	on         ground
	caps       pixels.Caps
}

// pixels is how large frames have to be for it.
func (p videoPlace) pixels() (width, height int) {
	if !p.caps.Kitty {
		return media.HalfBlocks.Pixels(p.cols, p.rows)
	}
	w, h := pixelsIn(p.caps, p.cols, p.rows)
	shrink := max(float64(w)/filmWidth, float64(h)/filmHeight, 1)
	return max(int(float64(w)/shrink), 1), max(int(float64(h)/shrink), 1)
}

// Show implements video.Screen.
func (s *videoScreen) Show(f video.Frame) bool {
	if s.window.full() || s.paint.Output().Pending() > pendingMost {
		return false
	}
	select {
	case s.frames <- f:
		return true
	default:
		return false
	}
}

// Changed implements video.Screen.
func (s *videoScreen) Changed() { s.tell() }

// move shows the video in another place from the next frame on.
func (s *videoScreen) move(to videoPlace) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.place = to
}

func (s *videoScreen) now() videoPlace {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.place
}

// run draws frames until the context ends, and returns the last one, which is to stay.
func (s *videoScreen) run(ctx context.Context) (last *image.RGBA) {
	d := &videoDrawer{paint: s.paint}
	defer d.close()
	for {
		var f video.Frame
		select {
		case f = <-s.frames:
		case <-ctx.Done():
			return last
		}
		place := s.now()
		if w, h := place.pixels(); f.Image.Rect.Dx() != w || f.Image.Rect.Dy() != h {
			continue // of the place before
		}
		lines, err := d.draw(ctx, f.Image, place)
		if err != nil {
			continue // the terminal takes no pixels any more: another place follows
		}
		last = f.Image
		select {
		case <-s.send(lines, f, place):
		case <-ctx.Done():
			return last
		}
	}
}

// videoDrawer turns frames into cells, for one place after another.
type videoDrawer struct {
	paint  *pixels.Painter
	place  videoPlace
	blocks *media.Blocks
	film   *pixels.Film
	old    *pixels.Film // is on the screen until the first frame of the new one is
}

func (d *videoDrawer) draw(ctx context.Context, m *image.RGBA, place videoPlace) ([]string, error) {
	if d.place != place {
		d.closeOld()
		d.old, d.film, d.blocks, d.place = d.film, nil, nil, place
	}
	if place.caps.Kitty {
		if d.film == nil {
			film, err := d.paint.Film(place.cols, place.rows)
			if err != nil {
				return nil, err
			}
			d.film = film
		} else {
			d.closeOld()
		}
		return d.film.Frame(ctx, m)
	}
	if d.blocks == nil {
		opts := blocksOn(place.on)
		opts.Hold = 4
		if opts.Profile != media.TrueColor {
			opts.Dither = media.Ordered // it stands still between frames
		}
		d.blocks = media.NewBlocks(place.cols, place.rows, opts)
	}
	d.blocks.Draw(m)
	return slices.Clone(d.blocks.Lines()), nil
}

func (d *videoDrawer) closeOld() {
	if d.old != nil {
		d.old.Close()
		d.old = nil
	}
}

func (d *videoDrawer) close() {
	d.closeOld()
	if d.film != nil {
		d.film.Close()
	}
}

// The window of a terminal: so many frames may be on their way to it. What it answers to a question behind each frame
// says that it has taken it.
const (
	windowFrames = 4
	windowFor    = 2 * time.Second // after which an answer is not waited for any more
)

// askTaken is a question that every terminal answers.
const askTaken = ansi.RequestPrimaryDeviceAttributes

// videoWindow counts the frames that the terminal has not taken. It is shared by all videos.
type videoWindow struct {
	now func() time.Time

	mu      sync.Mutex
	answers bool // the terminal answers
	waiting []time.Time
}

// full reports whether no frame may follow.
func (w *videoWindow) full() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting = slices.DeleteFunc(w.waiting, func(t time.Time) bool { return w.now().Sub(t) > windowFor })
	return w.answers && len(w.waiting) >= windowFrames
}

// sent notes a frame, and returns the question that goes behind it.
func (w *videoWindow) sent() tea.Cmd {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.answers {
		return nil
	}
	w.waiting = append(w.waiting, w.now())
	return tea.Raw(askTaken)
}

// answered notes an answer. The first one is to a question asked otherwise.
func (w *videoWindow) answered() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answers = true
	if len(w.waiting) > 0 {
		w.waiting = w.waiting[1:]
	}
}
