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
	before, err := s.until(ctx, "the picture is in the talk", still(whole(s.pixelsInline())))
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
	if err := s.shot(ctx, "zoomed", s.fills); err != nil {
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

// fills is right if a picture is larger than the window: its marks are outside, and what is inside is no text.
func (s *show) fills(m *image.RGBA) error {
	if err := gone(m); err != nil {
		return err
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

func (s *show) watch(ctx context.Context) error { return nil }
