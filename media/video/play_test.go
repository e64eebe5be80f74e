// SPDX-License-Identifier: GPL-2.0-only

package video

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

// reel gives frames at 25 a second, and may take its time for some.
type reel struct {
	n, total int
	slow     map[int]time.Duration
	err      error
}

func (r *reel) Next(ctx context.Context) (Frame, bool, error) {
	if r.n == r.total {
		if r.err != nil {
			return Frame{}, false, r.err
		}
		return Frame{}, false, io.EOF
	}
	n := r.n
	r.n++
	if d := r.slow[n]; d > 0 {
		select {
		case <-time.After(d):
		case <-ctx.Done():
			return Frame{}, true, ctx.Err()
		}
	}
	return Frame{At: time.Duration(n) * 40 * time.Millisecond}, r.slow[n] > 0, nil
}

// shownAt is when a frame was shown, counted from the start.
type shownAt struct{ frame, at time.Duration }

func TestFramesAreShownWhenTheyAreDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		var got []shownAt
		p := NewPlayer(&reel{total: 50})
		err := p.Run(t.Context(), func(f Frame) bool {
			got = append(got, shownAt{f.At, time.Since(begin)})
			return true
		})
		if err != nil || len(got) != 50 {
			t.Fatalf("%d frames, %v", len(got), err)
		}
		for _, s := range got {
			if s.frame != s.at {
				t.Errorf("frame of %v shown at %v", s.frame, s.at)
			}
		}
		if s := p.Stats(); s != (Stats{Shown: 50, At: 49 * 40 * time.Millisecond}) {
			t.Errorf("%+v", s)
		}
	})
}

func TestSlowScreenLosesFramesAndNotTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		p := NewPlayer(&reel{total: 100})
		err := p.Run(t.Context(), func(f Frame) bool {
			time.Sleep(100 * time.Millisecond) // as if the terminal took that long
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
		s := p.Stats()
		if took := time.Since(begin); took > 4200*time.Millisecond {
			t.Errorf("four seconds took %v", took)
		}
		if s.Shown+s.Dropped != 100 || s.Dropped < 40 || s.Stalls != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestBusyScreenIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPlayer(&reel{total: 30})
		n := 0
		if err := p.Run(t.Context(), func(Frame) bool { n++; return n%3 == 0 }); err != nil {
			t.Fatal(err)
		}
		if s := p.Stats(); s.Shown != 10 || s.Dropped != 20 {
			t.Errorf("%+v", s)
		}
	})
}

func TestFilmThatComesTooSlowlyStopsItsClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		p := NewPlayer(&reel{total: 20, slow: map[int]time.Duration{10: 3 * time.Second}})
		if err := p.Run(t.Context(), func(Frame) bool { return true }); err != nil {
			t.Fatal(err)
		}
		if s := p.Stats(); s.Shown != 20 || s.Dropped != 0 || s.Stalls != 1 {
			t.Errorf("%+v", s)
		}
		// Nine frames, the wait, and ten more after it.
		if took := time.Since(begin); took != 9*40*time.Millisecond+3*time.Second+9*40*time.Millisecond {
			t.Errorf("took %v", took)
		}
	})
}

func TestPausedFilmGoesOnWhereItStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		p := NewPlayer(&reel{total: 25})
		var got []shownAt
		done := make(chan error)
		go func() {
			done <- p.Run(t.Context(), func(f Frame) bool {
				got = append(got, shownAt{f.At, time.Since(begin)})
				return true
			})
		}()
		time.Sleep(410 * time.Millisecond)
		p.Pause()
		p.Pause()
		if !p.Paused() {
			t.Error("not paused")
		}
		time.Sleep(time.Minute)
		p.Resume()
		p.Resume()
		if err := <-done; err != nil || p.Paused() {
			t.Fatal(err)
		}
		if len(got) != 25 {
			t.Fatalf("%d frames", len(got))
		}
		for i, s := range got {
			want := s.frame
			if i > 10 { // the pause, less what was left of the eleventh frame's time when it began
				want += time.Minute
			}
			if d := s.at - want; d > 0 || d < -40*time.Millisecond {
				t.Errorf("frame of %v shown at %v, want %v", s.frame, s.at, want)
			}
		}
	})
}

func TestPlayingEndsWithItsContextOrItsFilm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, act := range map[string]func(*Player){"playing": func(*Player) {}, "paused": (*Player).Pause} {
			ctx, cancel := context.WithCancel(t.Context())
			p := NewPlayer(&reel{total: 1000})
			done := make(chan error)
			go func() { done <- p.Run(ctx, func(Frame) bool { return true }) }()
			time.Sleep(100 * time.Millisecond)
			act(p)
			time.Sleep(100 * time.Millisecond)
			cancel()
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := NewPlayer(&reel{err: ErrDamaged}).Run(t.Context(), func(Frame) bool { return true }); !errors.Is(err, ErrDamaged) {
			t.Errorf("broken film: %v", err)
		}
	})
}
