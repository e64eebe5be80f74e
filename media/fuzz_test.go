// SPDX-License-Identifier: GPL-2.0-only

package media

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"
)

// FuzzDecode takes a stranger's picture all the way to pixels: whatever it is made of, there is a picture of the size
// that was told, or an error.
func FuzzDecode(f *testing.F) {
	m := image.NewNRGBA(image.Rect(0, 0, 9, 7))
	for i := range m.Pix {
		m.Pix[i] = uint8(i * 37)
	}
	var p, j, g bytes.Buffer
	if err := png.Encode(&p, m); err != nil {
		f.Fatal(err)
	}
	if err := jpeg.Encode(&j, m, nil); err != nil {
		f.Fatal(err)
	}
	film := &gif.GIF{Config: image.Config{Width: 9, Height: 7}, Disposal: []byte{gif.DisposalPrevious, gif.DisposalBackground}}
	for i := range 2 {
		film.Image = append(film.Image, image.NewPaletted(image.Rect(i, i, 5+i, 4+i), color.Palette{color.White, color.Transparent}))
		film.Delay = append(film.Delay, 3)
	}
	if err := gif.EncodeAll(&g, film); err != nil {
		f.Fatal(err)
	}
	for _, seed := range [][]byte{p.Bytes(), j.Bytes(), g.Bytes(), testFile(f, "animated.webp"), testFile(f, "halves-lossy.webp"), testFile(f, "halves-lossless.webp")} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if info, err := Inspect("", data); err != nil || info.Width*info.Height > 1<<16 {
			return
		}
		p, err := Decode(t.Context(), data)
		if err != nil {
			return
		}
		for _, size := range []image.Point{{1, 1}, {5, 3}, {p.Width, p.Height}, {2*p.Width + 1, p.Height + 1}} {
			if got := p.Scale(size.X, size.Y, color.RGBA{A: 255}); got.Rect.Size() != size {
				t.Fatalf("%v for %v", got.Rect, size)
			}
		}
		_ = p.ScaleRect(image.Rect(-1, p.Height/2, p.Width/2+1, p.Height+3), 4, 4, color.RGBA{A: 255})
		player, err := p.Play()
		if err != nil || player == nil {
			return
		}
		for range 5 {
			if _, err := player.Next(t.Context()); err != nil {
				return
			}
			_ = player.Picture().Scale(3, 3, color.RGBA{A: 255})
		}
	})
}
