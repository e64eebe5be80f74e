// SPDX-License-Identifier: GPL-2.0-only

package media

import (
	"context"
	"fmt"
	"image"
	"image/draw"
	"io"
	"time"
)

// A disposal says what happens to a frame's place before the next frame is drawn.
type disposal uint8

const (
	disposeNone disposal = iota
	disposeBackground
	disposePrevious
)

// An animation is the plan of a file with several frames; nothing of it is decoded yet.
type animation struct {
	width, height int
	loops         int // how often it plays; 0 = for ever
	frames        []frame
}

// A frame is a picture drawn over a part of the frames before it.
type frame struct {
	rect     image.Rectangle
	delay    time.Duration
	disposal disposal
	blend    bool          // over what is there, rather than in its stead
	file     func() []byte // this frame alone, as a file that decode reads
	decode   func(io.Reader) (image.Image, error)
}

func milliseconds(n int) time.Duration { return time.Duration(n) * time.Millisecond }

// check finds what makes the animation impossible or too expensive to play.
func (a *animation) check() error {
	if len(a.frames) == 0 {
		return fmt.Errorf("%w: an animation without frames", ErrCorrupt)
	}
	canvas := image.Rect(0, 0, a.width, a.height)
	pixels := 0
	for _, f := range a.frames {
		if !f.rect.In(canvas) {
			return fmt.Errorf("%w: a frame reaches out of the picture", ErrCorrupt)
		}
		pixels += a.width * a.height
		if len(a.frames) > MaxFrames || pixels > MaxAnimationPixels {
			return fmt.Errorf("%w: %d frames of %d x %d pixels", ErrAnimationLimit, len(a.frames), a.width, a.height)
		}
	}
	return nil
}

// duration is how long all frames take once.
func (a *animation) duration() time.Duration {
	var d time.Duration
	for _, f := range a.frames {
		d += f.delay
	}
	return d
}

// A Player decodes an animation frame by frame, so that only one is in memory at a time. It is not safe for use by
// several goroutines at once.
type Player struct {
	plan   *animation
	canvas *image.RGBA
	saved  *image.RGBA // what was there before a frame with disposePrevious
	next   int
	turns  int
	orient Orientation
}

// Next draws the next frame and returns how long it is to be shown. After the last frame it begins again, or
// returns io.EOF when the file says how often it wants to be played and that is done.
func (p *Player) Next(ctx context.Context) (time.Duration, error) {
	if p.next == len(p.plan.frames) {
		p.turns++
		if p.plan.loops > 0 && p.turns >= p.plan.loops {
			return 0, io.EOF
		}
		p.next, p.saved = 0, nil
		clear(p.canvas.Pix)
	} else if p.next > 0 {
		p.dispose(p.plan.frames[p.next-1])
	}
	f := p.plan.frames[p.next]
	m, err := decodeGuarded(ctx, f.file(), f.decode)
	if err != nil {
		return 0, fmt.Errorf("frame %d: %w", p.next+1, err)
	}
	if f.disposal == disposePrevious {
		p.saved = image.NewRGBA(f.rect)
		draw.Draw(p.saved, f.rect, p.canvas, f.rect.Min, draw.Src)
	}
	op := draw.Src
	if f.blend {
		op = draw.Over
	}
	draw.Draw(p.canvas, f.rect, m, m.Bounds().Min, op)
	p.next++
	return f.delay, nil
}

// dispose clears the place of the frame that was just shown.
func (p *Player) dispose(f frame) {
	switch {
	case f.disposal == disposeBackground:
		draw.Draw(p.canvas, f.rect, image.Transparent, image.Point{}, draw.Src)
	case f.disposal == disposePrevious && p.saved != nil:
		draw.Draw(p.canvas, f.rect, p.saved, f.rect.Min, draw.Src)
		p.saved = nil
	}
}

// Picture returns the frame drawn last. It changes with the next call of Next.
func (p *Player) Picture() *Picture {
	w, h := p.orient.size(p.plan.width, p.plan.height)
	return &Picture{stored: p.canvas, Info: Info{Width: w, Height: h, Orientation: p.orient, Frames: 1}}
}
