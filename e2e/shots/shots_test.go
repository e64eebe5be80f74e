// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// screen is a dark window with a picture at a place in it.
func screen(picture image.Image, at image.Point) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, 600, 500))
	draw.Draw(m, m.Rect, image.NewUniform(color.RGBA{0x16, 0x19, 0x20, 0xff}), image.Point{}, draw.Src)
	draw.Draw(m, image.Rectangle{Min: at, Max: at.Add(picture.Bounds().Size())}, picture, picture.Bounds().Min, draw.Src)
	return m
}

func TestAPictureIsFoundWhereItIs(t *testing.T) {
	m := screen(evening(320, 200, 0.3, false), image.Pt(40, 60))
	at, err := shows(m, false)
	if want := image.Rect(40, 60, 360, 260); err != nil || at != want {
		t.Fatalf("found at %v, %v; it is at %v", at, err, want)
	}
	if _, err := shows(m, true); err == nil {
		t.Error("taken for the second half of the video")
	}
	if err := gone(m); err == nil {
		t.Error("taken for gone")
	}
	if err := lower(m); err == nil {
		t.Error("taken for the lower end")
	}
	if _, err := shows(screen(evening(320, 200, 0.7, true), image.Pt(0, 0)), true); err != nil {
		t.Errorf("the second half of the video is not found: %v", err)
	}
}

func TestAPictureThatIsNotWholeIsNoPicture(t *testing.T) {
	whole := evening(320, 200, 0.3, false)
	for name, m := range map[string]*image.RGBA{
		"nothing":     screen(image.NewRGBA(image.Rectangle{}), image.Point{}),
		"a half":      screen(whole.SubImage(image.Rect(0, 100, 320, 200)), image.Pt(0, 0)),
		"twice":       twice(whole),
		"upside down": screen(evening(320, 200, 0.3, true), image.Pt(0, 0)),
	} {
		if at, err := shows(m, false); err == nil {
			t.Errorf("%s is taken for the picture, at %v", name, at)
		}
	}
	if err := lower(screen(whole.SubImage(image.Rect(0, 100, 320, 200)), image.Pt(0, 0))); err != nil {
		t.Errorf("the lower half: %v", err)
	}
	if err := gone(screen(image.NewRGBA(image.Rectangle{}), image.Point{})); err != nil {
		t.Errorf("an empty screen: %v", err)
	}
}

func twice(picture *image.RGBA) *image.RGBA {
	m := screen(picture, image.Pt(0, 0))
	draw.Draw(m, image.Rect(260, 250, 580, 450), picture, image.Point{}, draw.Src)
	return m
}

func TestCharactersAreNotTakenForPixels(t *testing.T) {
	fine := evening(400, 256, 0.3, false)
	if s := sharpness(fine, fine.Rect); s < 0.5 {
		t.Errorf("pixels are sharp in %.2f of their parts", s)
	}
	coarse := image.NewRGBA(fine.Rect)
	for y := range 256 {
		for x := range 400 {
			coarse.SetRGBA(x, y, fine.RGBAAt(x/8*8, y/8*8))
		}
	}
	if s := sharpness(coarse, coarse.Rect.Inset(3)); s != 0 {
		t.Errorf("half-blocks are sharp in %.2f of their parts", s)
	}
}

func TestABlinkingCursorIsNoChange(t *testing.T) {
	rest := still(func(*image.RGBA) error { return nil })
	picture := evening(100, 80, 0.3, false)
	var err error
	for i := range 20 {
		m := screen(picture, image.Pt(10, 10))
		if i%2 == 0 {
			draw.Draw(m, image.Rect(300, 300, 309, 318), image.White, image.Point{}, draw.Src)
		}
		if err = rest(m); err == nil {
			break
		}
	}
	if err != nil {
		t.Errorf("with a cursor that blinks: %v", err)
	}
	rest = still(func(*image.RGBA) error { return nil })
	for i := range 20 {
		if rest(screen(picture, image.Pt(10, 10+i))) == nil {
			t.Fatal("a picture that moves is taken for one at rest")
		}
	}
}

func TestScreenshotsAreSmall(t *testing.T) {
	dir := t.TempDir()
	m := screen(evening(500, 400, 0.5, false), image.Pt(20, 20))
	if err := keep(dir, "shot", m); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(dir, "shot.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	kept, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	rgba := image.NewRGBA(kept.Bounds())
	draw.Draw(rgba, rgba.Rect, kept, image.Point{}, draw.Src)
	if at, err := shows(rgba, false); err != nil || at != image.Rect(20, 20, 520, 420) {
		t.Errorf("in the file it is at %v, %v", at, err)
	}
	noise := image.NewRGBA(image.Rect(0, 0, 440, 400))
	for i := range noise.Pix {
		noise.Pix[i] = byte(rand.Uint32())
	}
	if err := keep(dir, "noise", noise); !errors.Is(err, errHeavy) {
		t.Errorf("noise, which does not become small: %v", err)
	}
}

func TestTheDisplaysFileIsRead(t *testing.T) {
	const width, height, row, colors = 3, 2, 16, 1
	data := make([]byte, 104+12*colors+row*height)
	for i, v := range map[int]uint32{0: 104, 1: 7, 4: width, 5: height, 11: 32, 12: row, 19: colors} {
		binary.BigEndian.PutUint32(data[4*i:], v)
	}
	copy(data[104+12+row+4:], []byte{30, 20, 10})
	m, err := parseXWD(data)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := m.RGBAAt(1, 1), (color.RGBA{10, 20, 30, 0xff}); m.Rect != image.Rect(0, 0, width, height) || got != want {
		t.Errorf("%v of %v, want %v", got, m.Rect, want)
	}
	for name, bad := range map[string][]byte{"empty": nil, "cut": data[:len(data)-1], "header alone": data[:100]} {
		if _, err := parseXWD(bad); !errors.Is(err, errNoScreen) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
