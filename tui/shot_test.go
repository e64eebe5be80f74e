// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/vt"
	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// shoot paints the screen into $KCHAT_SHOTS/NAME.png, to be looked at. Without that variable it does nothing.
func shoot(t testing.TB, term *terminal, name string) {
	dir := os.Getenv("KCHAT_SHOTS")
	if dir == "" {
		return
	}
	time.Sleep(150 * time.Millisecond)
	var img image.Image
	faces := fonts(t)
	term.Do(func(e *vt.Emulator) { img = paint(e, faces) })
	f, err := os.Create(filepath.Join(dir, name+".png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
}

// paint is the screen as a picture.
func paint(term *vt.Emulator, faces [3]font.Face) image.Image {
	const w, h = 9, 18
	img := image.NewRGBA(image.Rect(0, 0, term.Width()*w, term.Height()*h))
	ground, ink := color.RGBA{0x16, 0x19, 0x20, 0xff}, color.RGBA{0xdf, 0xe3, 0xea, 0xff}
	if os.Getenv("KCHAT_SHOTS_LIGHT") != "" {
		ground, ink = color.RGBA{0xfb, 0xfb, 0xf8, 0xff}, color.RGBA{0x22, 0x26, 0x2e, 0xff}
	}
	draw.Draw(img, img.Bounds(), image.NewUniform(ground), image.Point{}, draw.Src)
	for y := range term.Height() {
		for x := range term.Width() {
			cell := term.CellAt(x, y)
			if cell == nil || cell.Content == "" {
				continue
			}
			fg, bg := color.Color(ink), color.Color(nil)
			if cell.Style.Fg != nil {
				fg = cell.Style.Fg
			}
			if cell.Style.Bg != nil {
				bg = cell.Style.Bg
			}
			if cell.Style.Attrs&uv.AttrReverse != 0 {
				fg, bg = ground, ink
			}
			box := image.Rect(x*w, y*h, (x+max(cell.Width, 1))*w, (y+1)*h)
			if bg != nil {
				draw.Draw(img, box, image.NewUniform(bg), image.Point{}, draw.Src)
			}
			if cell.Content == "▀" {
				box.Max.Y -= h / 2
				draw.Draw(img, box, image.NewUniform(fg), image.Point{}, draw.Src)
				continue
			}
			for _, r := range cell.Content {
				face := faces[0]
				if cell.Style.Attrs&uv.AttrBold != 0 {
					face = faces[1]
				}
				if _, ok := face.GlyphAdvance(r); !ok || r >= 0x2e80 {
					face = faces[2]
				}
				d := font.Drawer{Dst: img, Src: image.NewUniform(fg), Face: face, Dot: fixed.P(x*w, y*h+14)}
				d.DrawString(string(r))
			}
		}
	}
	if at := term.CursorPosition(); at.In(term.Bounds()) {
		draw.Draw(img, image.Rect(at.X*w, at.Y*h+2, at.X*w+2, (at.Y+1)*h-2), image.NewUniform(ink), image.Point{}, draw.Src)
	}
	return img
}

var fonts = func() func(t testing.TB) [3]font.Face {
	var once sync.Once
	var faces [3]font.Face
	return func(t testing.TB) [3]font.Face {
		once.Do(func() {
			for i, path := range []string{
				"/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf",
				"/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf",
				"/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
			} {
				data, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				c, err := opentype.ParseCollection(data)
				if err != nil {
					t.Fatal(err)
				}
				f, err := c.Font(0)
				if err != nil {
					t.Fatal(err)
				}
				if faces[i], err = opentype.NewFace(f, &opentype.FaceOptions{Size: 15, DPI: 72}); err != nil {
					t.Fatal(err)
				}
			}
		})
		return faces
	}
}()
