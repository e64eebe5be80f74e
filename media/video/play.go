// SPDX-License-Identifier: GPL-2.0-only

package video

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

// Source gives frames in order; a [Decoder] is one. Next reports whether the frame had to be waited for.
type Source interface {
	Next(ctx context.Context) (f Frame, waited bool, err error)
}

// tolerance is how late a frame may be and still be shown.
const tolerance = 60 * time.Millisecond

// Player shows frames when they are due. Frames for which the screen is too slow are left out; when the film itself
// comes too slowly, its clock waits. Pause, Resume and Stats may be called from other goroutines than Run.
type Player struct {
	source Source

	mu     sync.Mutex
	paused chan struct{} // closed by Resume; nil while playing
	stats  Stats
}

// Stats count what became of the frames.
type Stats struct {
	Shown   int           // taken by the screen
	Dropped int           // left out because they were late or the screen was busy
	Stalls  int           // how often the film had to be waited for
	At      time.Duration // of the frame shown last
}

// NewPlayer plays what a source gives.
func NewPlayer(source Source) *Player { return &Player{source: source} }

// Run plays to the end of the film, which gives nil, or until the context ends. It calls show with each frame when
// it is due; show must return at once, and returns false if it cannot take the frame.
func (p *Player) Run(ctx context.Context, show func(Frame) bool) error {
	var start time.Time // when the frame at zero was due
	for first := true; ; first = false {
		held, err := p.hold(ctx)
		if err != nil {
			return err
		}
		start = start.Add(held)
		f, waited, err := p.source.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		now := time.Now()
		late := now.Sub(start.Add(f.At))
		switch {
		case first:
			start = now.Add(-f.At)
		case late < 0:
			held, err := p.sleep(ctx, -late)
			if err != nil {
				return err
			}
			start = start.Add(held)
		case late > tolerance && waited: // the film was not there: go on from here
			start = now.Add(-f.At)
			p.count(func(s *Stats) { s.Stalls++ })
		case late > tolerance:
			p.count(func(s *Stats) { s.Dropped++ })
			continue
		}
		if show(f) {
			p.count(func(s *Stats) { s.Shown++; s.At = f.At })
		} else {
			p.count(func(s *Stats) { s.Dropped++ })
		}
	}
}

// sleep waits until a frame is due. A pause meanwhile makes it wait longer; how much longer is returned.
func (p *Player) sleep(ctx context.Context, d time.Duration) (held time.Duration, err error) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
	return p.hold(ctx)
}

// hold waits while the film is paused and returns for how long.
func (p *Player) hold(ctx context.Context) (time.Duration, error) {
	p.mu.Lock()
	paused := p.paused
	p.mu.Unlock()
	if paused == nil {
		return 0, ctx.Err()
	}
	begin := time.Now()
	select {
	case <-paused:
		return time.Since(begin), nil
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}

// Pause stops the film at the frame shown last.
func (p *Player) Pause() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.paused == nil {
		p.paused = make(chan struct{})
	}
}

// Resume goes on where Pause stopped.
func (p *Player) Resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.paused != nil {
		close(p.paused)
		p.paused = nil
	}
}

// Paused reports whether the film is paused.
func (p *Player) Paused() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.paused != nil
}

// Stats tells what became of the frames so far.
func (p *Player) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stats
}

func (p *Player) count(do func(*Stats)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	do(&p.stats)
}
