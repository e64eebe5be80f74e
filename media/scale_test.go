// SPDX-License-Identifier: GPL-2.0-only

package media

import (
	"image"
	"image/color"
	"image/draw"
	"testing"
)

// paintings are the same picture in every form a decoder may give.
func paintings(w, h int) map[string]image.Image {
	src := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			src.SetRGBA(x, y, color.RGBA{uint8(x * 255 / w), uint8(y * 255 / h), 100, 255})
		}
	}
	out := map[string]image.Image{"rgba": src}
	for name, m := range map[string]draw.Image{
		"nrgba": image.NewNRGBA(src.Rect), "sixteen bits": image.NewNRGBA64(src.Rect), "cmyk": image.NewCMYK(src.Rect),
	} {
		draw.Draw(m, src.Rect, src, image.Point{}, draw.Src)
		out[name] = m
	}
	for _, ratio := range []image.YCbCrSubsampleRatio{
		image.YCbCrSubsampleRatio444, image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420,
		image.YCbCrSubsampleRatio440, image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410,
	} {
		m := image.NewYCbCr(src.Rect, ratio)
		for y := range h {
			for x := range w {
				c := src.RGBAAt(x, y)
				m.Y[m.YOffset(x, y)], m.Cb[m.COffset(x, y)], m.Cr[m.COffset(x, y)] = color.RGBToYCbCr(c.R, c.G, c.B)
			}
		}
		out["ycbcr "+ratio.String()] = m
	}
	var palette color.Palette
	for i := range 256 {
		palette = append(palette, color.RGBA{uint8(i%16*17) + 8, uint8(i/16*17) + 8, 100, 255})
	}
	paletted := image.NewPaletted(src.Rect, palette)
	draw.Draw(paletted, src.Rect, src, image.Point{}, draw.Src)
	out["paletted"] = paletted
	return out
}

func TestScaledPictureLooksTheSameInEveryForm(t *testing.T) {
	const w, h = 96, 64
	for name, m := range paintings(w, h) {
		for _, r := range []image.Rectangle{image.Rect(0, 0, w, h), image.Rect(13, 7, 13+64, 7+40)} {
			for _, size := range []image.Point{{9, 7}, {16, 10}, {60, 38}, {128, 80}} {
				out := resample(m, r, size.X, size.Y, black())
				for _, at := range []image.Point{{0, 0}, {size.X - 1, 0}, {size.X / 2, size.Y / 2}, {size.X - 1, size.Y - 1}} {
					x := float64(r.Min.X) + (float64(at.X)+0.5)*float64(r.Dx())/float64(size.X) - 0.5
					y := float64(r.Min.Y) + (float64(at.Y)+0.5)*float64(r.Dy())/float64(size.Y) - 0.5
					want := color.RGBA{uint8(x * 255 / w), uint8(y * 255 / h), 100, 255}
					if got := out.RGBAAt(at.X, at.Y); !near(got, want, 13) || got.A != 255 {
						t.Errorf("%s, %v to %v: at %v %v, want %v", name, r, size, at, got, want)
					}
				}
			}
		}
	}
}

func TestShrinkingCountsEveryPixelByItsArea(t *testing.T) {
	for _, size := range []image.Point{{1, 1}, {2, 2}, {3, 5}, {7, 7}, {13, 11}} {
		m := image.NewRGBA(image.Rect(0, 0, 29, 23))
		sum := 0
		for i := range m.Pix {
			if i%4 == 3 {
				m.Pix[i] = 255
				continue
			}
			if i/4%3 == 0 {
				m.Pix[i] = 255
				sum += 255
			}
		}
		out := resample(m, m.Rect, size.X, size.Y, black())
		got := 0
		for i, v := range out.Pix {
			if i%4 != 3 {
				got += int(v)
			}
		}
		want := float64(sum) / float64(29*23)
		mean := float64(got) / float64(size.X*size.Y)
		if d := mean - want; d > 3 || d < -3 {
			t.Errorf("to %v: mean %.1f, want %.1f", size, mean, want)
		}
	}
}

func TestShrinkingALittleOfALargePictureIsExactToo(t *testing.T) {
	m := image.NewRGBA(image.Rect(0, 0, 1800, 1200)) // above sharpPixels
	fill(m, color.RGBA{40, 80, 120, 255})
	out := resample(m, m.Rect, 1700, 1101, black())
	for i := 0; i < len(out.Pix); i += 4 {
		if got := (color.RGBA{out.Pix[i], out.Pix[i+1], out.Pix[i+2], out.Pix[i+3]}); got != (color.RGBA{40, 80, 120, 255}) {
			t.Fatalf("pixel %d is %v", i/4, got)
		}
	}
}

func TestZoomShowsThePartAskedForAndTheGroundAround(t *testing.T) {
	p, err := Decode(t.Context(), withPNGChunk(pngOf(t, corners(64, 32)), "eXIf", orientationExif(OrientClockwise)))
	if err != nil {
		t.Fatal(err)
	}
	ground := color.RGBA{9, 9, 9, 255}
	// Shown, it is 32 by 64 pixels: blue and red above white and green.
	out := p.ScaleRect(image.Rect(16, 0, 32, 32), 32, 64, ground)
	for _, at := range []image.Point{{1, 1}, {30, 62}} {
		if got := out.RGBAAt(at.X, at.Y); !near(got, color.RGBA{255, 0, 0, 255}, 4) {
			t.Errorf("upper right quarter: %v", got)
		}
	}
	out = p.ScaleRect(image.Rect(-32, 0, 32, 64), 64, 64, ground)
	if got := out.RGBAAt(31, 40); got != ground {
		t.Errorf("left of the picture: %v", got)
	}
	if got := out.RGBAAt(34, 40); !near(got, color.RGBA{255, 255, 255, 255}, 4) {
		t.Errorf("lower left quarter: %v", got)
	}
	if got := p.ScaleRect(image.Rect(100, 100, 120, 120), 4, 4, ground).RGBAAt(1, 1); got != ground {
		t.Errorf("outside: %v", got)
	}
}
