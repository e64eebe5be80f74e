// SPDX-License-Identifier: GPL-2.0-only

package media

import (
	"image"
	"image/color"
	"image/draw"
)

// A Picture is a decoded picture. Its pixels stay as they were stored; they are turned upright after scaling, when
// there are fewer of them. A Picture never changes and may be used by several goroutines, except one got from a
// [Player].
type Picture struct {
	Info
	stored  image.Image
	plan    *animation
	planErr error
}

// Bounds is the rectangle of the shown picture, from 0,0.
func (p *Picture) Bounds() image.Rectangle { return image.Rect(0, 0, p.Width, p.Height) }

// Weight is about how much memory the picture takes, in bytes.
func (p *Picture) Weight() int {
	per := 4
	switch m := p.stored.(type) {
	case *image.YCbCr:
		return len(m.Y) + len(m.Cb) + len(m.Cr) + p.kept()
	case *image.Gray, *image.Paletted:
		per = 1
	case *image.NRGBA64, *image.RGBA64:
		per = 8
	}
	return per*p.Width*p.Height + p.kept()
}

// kept is what an animation keeps of its file.
func (p *Picture) kept() int {
	if p.plan == nil {
		return 0
	}
	return int(p.Size)
}

// Scale gives the picture at w by h pixels, upright, composed on the ground. Smaller pictures are averaged over
// areas, so that nothing flickers or vanishes; larger ones are interpolated.
func (p *Picture) Scale(w, h int, ground color.RGBA) *image.RGBA {
	return p.ScaleRect(p.Bounds(), w, h, ground)
}

// ScaleRect is Scale for a part of the picture, to zoom and pan. What lies outside the picture shows the ground.
func (p *Picture) ScaleRect(r image.Rectangle, w, h int, ground color.RGBA) *image.RGBA {
	ground.A = 0xff
	out := image.NewRGBA(image.Rect(0, 0, max(w, 0), max(h, 0)))
	fill(out, ground)
	inside := r.Intersect(p.Bounds())
	if inside.Empty() || w <= 0 || h <= 0 {
		return out
	}
	// Where the part inside the picture comes to lie.
	place := image.Rect(
		(inside.Min.X-r.Min.X)*w/r.Dx(), (inside.Min.Y-r.Min.Y)*h/r.Dy(),
		(inside.Max.X-r.Min.X)*w/r.Dx(), (inside.Max.Y-r.Min.Y)*h/r.Dy(),
	)
	if place.Empty() {
		return out
	}
	sw, sh := p.Orientation.size(place.Dx(), place.Dy())
	src := p.Orientation.storedRect(inside, p.Width, p.Height).Add(p.stored.Bounds().Min)
	m := p.Orientation.upright(resample(p.stored, src, sw, sh, ground))
	draw.Draw(out, place, m, image.Point{}, draw.Src)
	return out
}

// Play begins the animation from its first frame. A still picture gives nil without an error; an animation that is
// too long to be played gives [ErrAnimationLimit].
func (p *Picture) Play() (*Player, error) {
	if p.plan == nil {
		return nil, nil
	}
	if p.planErr != nil {
		return nil, p.planErr
	}
	return p.player(), nil
}

func (p *Picture) player() *Player {
	return &Player{
		plan: p.plan, orient: p.Orientation,
		canvas: image.NewRGBA(image.Rect(0, 0, p.plan.width, p.plan.height)),
	}
}

func fill(m *image.RGBA, c color.RGBA) {
	draw.Draw(m, m.Bounds(), image.NewUniform(c), image.Point{}, draw.Src)
}
