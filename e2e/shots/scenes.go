// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"time"
)

const (
	// look is how long lies between two looks at a screen.
	look = 60 * time.Millisecond
	// patience is how long a screen may take to show something. Everything here is emulated: processor and graphics.
	patience = 30 * time.Second
)

// show is one terminal with the client in it, and what it is to be checked for.
type show struct {
	terminal
	display *display
	other   *other
	window  image.Rectangle
	album   string // where screenshots are kept
	failed  string // and what was on the screen when it was wrong
	picture string // the files that are sent
	clip    string
}

// until looks at the window until it is as it should be, and gives what it showed.
func (s *show) until(ctx context.Context, what string, right func(*image.RGBA) error) (*image.RGBA, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		m, err := s.photograph()
		if err == nil {
			err = right(m)
		}
		if err == nil {
			return m, nil
		}
		select {
		case <-ctx.Done():
			if m != nil {
				_ = keep(s.failed, s.name, m) // to be looked at; the error is told below
			}
			return nil, fmt.Errorf("%s: %w", what, err)
		case <-time.After(look):
		}
	}
}

// photograph takes the window as it is now.
func (s *show) photograph() (*image.RGBA, error) {
	m, err := s.display.grab()
	if err != nil {
		return nil, err
	}
	return copyOf(m, s.window), nil
}

func copyOf(m *image.RGBA, part image.Rectangle) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, part.Dx(), part.Dy()))
	for y := range part.Dy() {
		copy(out.Pix[y*out.Stride:], m.Pix[m.PixOffset(part.Min.X, part.Min.Y+y):m.PixOffset(part.Max.X, part.Min.Y+y)])
	}
	return out
}

// still is right once the screen has been as right wants it for a moment without a change, but for the cursor's blinking.
func still(right func(*image.RGBA) error) func(*image.RGBA) error {
	const moment = 8 // looks
	var last *image.RGBA
	same := 0
	return func(m *image.RGBA) error {
		if err := right(m); err != nil {
			last, same = nil, 0
			return err
		}
		if last == nil || changed(last, m) > cursor {
			last, same = m, 0
		}
		if same++; same < moment {
			return errMoves
		}
		return nil
	}
}

// cursor is how many pixels a cursor may have.
const cursor = 300

// changed is how many pixels of two screens of the same size differ.
func changed(a, b *image.RGBA) int {
	n := 0
	for i := 0; i < len(a.Pix) && i < len(b.Pix); i += 4 {
		if [3]byte(a.Pix[i:i+3]) != [3]byte(b.Pix[i:i+3]) {
			n++
		}
	}
	return n
}

var (
	errMoves   = errors.New("the screen does not come to rest")
	errBlurred = errors.New("the picture is made of characters")
)

// whole is right if the picture is there as one, and, where it has to be, of pixels.
func whole(pixels bool) func(*image.RGBA) error {
	return func(m *image.RGBA) error {
		at, err := shows(m, false)
		if err != nil {
			return err
		}
		if s := sharpness(m, at); pixels && s < 0.3 {
			return fmt.Errorf("%w: %.0f %% of it is sharp", errBlurred, 100*s)
		}
		return nil
	}
}

// shot waits until the window is right and at rest, and keeps what it shows.
func (s *show) shot(ctx context.Context, name string, right func(*image.RGBA) error) error {
	m, err := s.until(ctx, s.name+", "+name, still(right))
	if err != nil {
		return err
	}
	return s.keep(name, m)
}

// keep keeps what the window showed, if it is to be.
func (s *show) keep(name string, m *image.RGBA) error {
	if s.sketch {
		return nil
	}
	return keep(s.album, s.name+"-"+name, m)
}

// wait waits until the window is right and at rest.
func (s *show) wait(ctx context.Context, what string, right func(*image.RGBA) error) error {
	_, err := s.until(ctx, s.name+", "+what, still(right))
	return err
}

// play goes through all that is shown in one terminal.
func (s *show) play(ctx context.Context) error {
	for _, scene := range []func(context.Context) error{s.inline, s.leave, s.view, s.scroll, s.watch, s.quit} {
		if err := scene(ctx); err != nil {
			return err
		}
	}
	return nil
}

// inline: a picture comes into the talk.
func (s *show) inline(ctx context.Context) error {
	if err := s.other.says(ctx, "Look what the evening was like here:"); err != nil {
		return err
	}
	if err := s.other.says(ctx, "/send-image "+s.picture); err != nil {
		return err
	}
	if err := s.wait(ctx, "the picture comes", whole(s.pixelsInline())); err != nil {
		return err
	}
	if err := s.display.enter(ctx, "Beautiful! Where is that?"); err != nil {
		return err
	}
	// Before it stands nothing that the terminal answered to a question of the program.
	if err := s.other.sees(ctx, " Beautiful! Where is that?"); err != nil {
		return err
	}
	return s.shot(ctx, "inline", whole(s.pixelsInline()))
}

func (s *show) pixelsInline() bool { return s.terminal.inline }

// leave: the picture goes with the room, and comes back with it.
func (s *show) leave(ctx context.Context) error {
	if err := s.display.enter(ctx, "/join elsewhere"); err != nil {
		return err
	}
	if err := s.wait(ctx, "nothing is left in another room", gone); err != nil {
		return err
	}
	if err := s.display.enter(ctx, "/join "+s.name); err != nil {
		return err
	}
	return s.wait(ctx, "the picture is there again", whole(s.pixelsInline()))
}

// scroll: the talk goes on until only the lower end of the picture is left, then nothing; and back up.
func (s *show) scroll(ctx context.Context) error {
	const enough = 40
	for i := 0; ; i++ {
		m, err := s.photograph()
		if err != nil {
			return err
		}
		if err := lower(m); err == nil {
			break
		} else if i == enough {
			return fmt.Errorf("%s, the picture leaves at the top: %w", s.name, err)
		}
		line := fmt.Sprintf("You see it best from the bridge, %d minutes up the hill.", 10+i)
		if err := s.other.says(ctx, line); err != nil {
			return err
		}
		if err := s.other.sees(ctx, line); err != nil {
			return err
		}
		if err := s.wait(ctx, "the talk goes on", func(now *image.RGBA) error {
			if changed(now, m) <= cursor {
				return errNothingNew
			}
			return nil
		}); err != nil {
			return err
		}
	}
	for _, line := range []string{"Take a lamp with you.", "And a coat: it gets cold at once.", "Then we can have soup at my aunt's."} {
		if err := s.other.says(ctx, line); err != nil {
			return err
		}
	}
	if err := s.other.sees(ctx, "soup"); err != nil {
		return err
	}
	if err := s.shot(ctx, "scrolled", lower); err != nil {
		return err
	}
	for i := range enough {
		if err := s.other.says(ctx, fmt.Sprintf("And what else I saw, number %d.", i+1)); err != nil {
			return err
		}
	}
	if err := s.wait(ctx, "nothing is left above", gone); err != nil {
		return err
	}
	for range 4 {
		if err := s.display.press(ctx, "Prior"); err != nil {
			return err
		}
		if s.brief(ctx, whole(s.pixelsInline())) {
			return nil
		}
	}
	return s.wait(ctx, "the picture is there again further up", whole(s.pixelsInline()))
}

var errNothingNew = errors.New("the screen is as before")

// brief reports whether the screen becomes right within a moment.
func (s *show) brief(ctx context.Context, right func(*image.RGBA) error) bool {
	right = still(right)
	for range 30 {
		if m, err := s.photograph(); err == nil && right(m) == nil {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(look):
		}
	}
	return false
}

// film shows one terminal with the client in it.
func film(ctx context.Context, d *display, at place, o *other, t terminal, s show) (err error) {
	dir, err := os.MkdirTemp("", t.name+"-")
	if err != nil {
		return err
	}
	if err := o.says(ctx, "/join "+t.name); err != nil {
		return err
	}
	client, err := at.login("mina", t.name, dir, t.settings, t.env)
	if err != nil {
		return err
	}
	r, err := t.start(ctx, d, dir, client)
	if err != nil {
		return err
	}
	defer r.close()
	within, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	s.terminal, s.display, s.other = t, d, o
	if s.window, err = d.window(within, t.class, t.fill); err == nil {
		err = o.sees(within, "mina came in")
	}
	if err != nil {
		said, _ := os.ReadFile(filepath.Join(dir, "log")) // the error is told anyway
		if m, err := d.grab(); err == nil {
			_ = keep(s.failed, t.name, m)
		}
		return fmt.Errorf("%s: %w\n%s", t.name, err, said)
	}
	return s.play(ctx)
}
