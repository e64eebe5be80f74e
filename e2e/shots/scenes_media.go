// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"errors"
	"fmt"
	"image"
)

var (
	errSmall = errors.New("the picture did not become larger")
	errPlace = errors.New("the picture is not where it was")
)

// view: the picture of the message before the newest fills the screen, larger than the screen, and is in the talk again.
func (s *show) view(ctx context.Context) error {
	before, err := s.until(ctx, s.name+", the picture is in the talk", still(whole(s.pixelsInline())))
	if err != nil {
		return err
	}
	place, err := shows(before, false)
	if err != nil {
		return err
	}
	if err := s.display.press(ctx, "Up", "Up", "Return"); err != nil {
		return err
	}
	larger := func(m *image.RGBA) error {
		at, err := shows(m, false)
		if err == nil && at.Dx() < place.Dx()*5/4 {
			err = fmt.Errorf("%w: %v, and %v in the talk", errSmall, at, place)
		}
		if err == nil {
			err = whole(s.viewer)(m)
		}
		return err
	}
	if err := s.shot(ctx, "viewer", larger); err != nil {
		return err
	}
	if err := s.display.press(ctx, "plus", "plus", "Down", "Down", "Down"); err != nil {
		return err
	}
	if err := s.wait(ctx, "larger than the screen", s.fills); err != nil {
		return err
	}
	if err := s.display.press(ctx, "0"); err != nil {
		return err
	}
	if err := s.wait(ctx, "the whole picture again", larger); err != nil {
		return err
	}
	if err := s.display.press(ctx, "Escape"); err != nil {
		return err
	}
	return s.wait(ctx, "the talk again", func(m *image.RGBA) error {
		at, err := shows(m, false)
		if err == nil && at != place {
			err = fmt.Errorf("%w: %v, and was at %v", errPlace, at, place)
		}
		return err
	})
}

// fills is right if a picture is larger than the window: its marks are outside, and what is inside is no text. Where there
// are few colours, one of the evening's may come out as that of a mark.
func (s *show) fills(m *image.RGBA) error {
	for i, f := range find(m) {
		if few := 300; f.pixels > few {
			return fmt.Errorf("%d pixels of mark %d are left at %v", f.pixels, i, f.box)
		}
	}
	middle := image.Rect(m.Rect.Dx()/4, m.Rect.Dy()/4, m.Rect.Dx()*3/4, m.Rect.Dy()*3/4)
	if sharp := sharpness(m, middle); s.viewer && sharp < 0.1 {
		return fmt.Errorf("%w: %.0f %% of it is sharp", errBlurred, 100*sharp)
	}
	return nil
}

// quit: the program ends, and its terminal with it.
func (s *show) quit(ctx context.Context) error {
	if err := s.display.enter(ctx, "/quit"); err != nil {
		return err
	}
	return s.other.sees(ctx, "mina left")
}

// watch: a video comes; it plays in the talk, waits, and fills the screen.
func (s *show) watch(ctx context.Context) error {
	if err := s.other.says(ctx, "I filmed it, too:"); err != nil {
		return err
	}
	if err := s.other.says(ctx, "/send-video "+s.clip); err != nil {
		return err
	}
	if err := s.display.press(ctx, "ctrl+End"); err != nil {
		return err
	}
	if _, err := s.until(ctx, s.name+", the video comes", half(false, s.pixelsInline())); err != nil {
		return err
	}
	m, err := s.until(ctx, s.name+", the video is half-way", half(true, s.pixelsInline()))
	if err != nil {
		return err
	}
	if err := s.keep("video", m); err != nil {
		return err
	}
	place, err := shows(m, true)
	if err != nil {
		return err
	}
	if err := s.display.press(ctx, "Up", "space"); err != nil {
		return err
	}
	if err := s.wait(ctx, "the video waits", half(true, s.pixelsInline())); err != nil {
		return err
	}
	if err := s.display.press(ctx, "f"); err != nil {
		return err
	}
	if err := s.wait(ctx, "the video fills the screen", func(m *image.RGBA) error {
		at, err := shows(m, true)
		if err == nil && at.Dx() < place.Dx()*5/4 {
			err = fmt.Errorf("%w: %v, and %v in the talk", errSmall, at, place)
		}
		return err
	}); err != nil {
		return err
	}
	if err := s.display.press(ctx, "Escape"); err != nil {
		return err
	}
	return s.wait(ctx, "the video is in the talk again", half(true, s.pixelsInline()))
}

// half is right if a frame of the first half of the video is there, or of the second, and, where it has to be, of pixels.
func half(second, pixels bool) func(*image.RGBA) error {
	return func(m *image.RGBA) error {
		at, err := shows(m, second)
		if err != nil {
			return err
		}
		if sharp := sharpness(m, at); pixels && sharp < 0.2 {
			return fmt.Errorf("%w: %.0f %% of it is sharp", errBlurred, 100*sharp)
		}
		return nil
	}
}
