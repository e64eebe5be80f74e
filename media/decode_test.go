// SPDX-License-Identifier: GPL-2.0-only

package media

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// corners is a picture whose four quarters have colours of their own: red, green above blue, white.
func corners(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{255, 0, 0, 255}
			switch {
			case x >= w/2 && y >= h/2:
				c = color.RGBA{255, 255, 255, 255}
			case x >= w/2:
				c = color.RGBA{0, 255, 0, 255}
			case y >= h/2:
				c = color.RGBA{0, 0, 255, 255}
			}
			m.SetRGBA(x, y, c)
		}
	}
	return m
}

func pngOf(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func jpegOf(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// gifOf makes a GIF in which each frame is filled with one colour.
func gifOf(t testing.TB, w, h int, colors ...color.Color) []byte {
	t.Helper()
	g := &gif.GIF{}
	for _, c := range colors {
		m := image.NewPaletted(image.Rect(0, 0, w, h), color.Palette{c})
		g.Image = append(g.Image, m)
		g.Delay = append(g.Delay, 20)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, g); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func testFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// pngOfSize is a PNG header that announces a size and goes on with hardly any pixels.
func pngOfSize(w, h uint32) []byte {
	b := []byte(pngSignature)
	b = appendPNGChunk(b, "IHDR", func() []byte {
		h := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
		return append(h, 8, 2, 0, 0, 0)
	}())
	b = appendPNGChunk(b, "IDAT", []byte{0x78, 0x9c, 3, 0, 0, 0, 0, 1})
	return appendPNGChunk(b, "IEND", nil)
}

func appendPNGChunk(b []byte, name string, payload []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(payload)))
	start := len(b)
	b = append(append(b, name...), payload...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[start:]))
}

func near(a, b color.RGBA, tolerance int) bool {
	for _, d := range []int{int(a.R) - int(b.R), int(a.G) - int(b.G), int(a.B) - int(b.B)} {
		if d > tolerance || d < -tolerance {
			return false
		}
	}
	return true
}

func black() color.RGBA { return color.RGBA{0, 0, 0, 255} }

func TestDecodeKnowsAllFormatsByTheirContents(t *testing.T) {
	m := corners(32, 16)
	for name, tc := range map[string]struct {
		data       []byte
		mime, ext  string
		w, h       int
		left, last color.RGBA // top left and bottom right, as shown
	}{
		"png":           {pngOf(t, m), MIMEPNG, ".png", 32, 16, color.RGBA{255, 0, 0, 255}, color.RGBA{255, 255, 255, 255}},
		"jpeg":          {jpegOf(t, m), MIMEJPEG, ".jpg", 32, 16, color.RGBA{255, 0, 0, 255}, color.RGBA{255, 255, 255, 255}},
		"gif":           {gifOf(t, 9, 7, color.RGBA{10, 20, 30, 255}), MIMEGIF, ".gif", 9, 7, color.RGBA{10, 20, 30, 255}, color.RGBA{10, 20, 30, 255}},
		"lossy webp":    {testFile(t, "halves-lossy.webp"), MIMEWebP, ".webp", 24, 16, color.RGBA{0, 0, 0, 255}, color.RGBA{255, 255, 255, 255}},
		"lossless webp": {testFile(t, "halves-lossless.webp"), MIMEWebP, ".webp", 24, 16, color.RGBA{0, 0, 0, 255}, color.RGBA{255, 255, 255, 255}},
		"animated webp": {testFile(t, "animated.webp"), MIMEWebP, ".webp", 32, 16, color.RGBA{255, 0, 0, 255}, color.RGBA{255, 0, 0, 255}},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := Decode(t.Context(), tc.data)
			if err != nil {
				t.Fatal(err)
			}
			if p.MIME != tc.mime || p.Ext != tc.ext || p.Width != tc.w || p.Height != tc.h || p.Size != int64(len(tc.data)) {
				t.Errorf("got %+v", p.Info)
			}
			shown := p.Scale(p.Width, p.Height, black())
			if got := shown.RGBAAt(0, 0); !near(got, tc.left, 6) {
				t.Errorf("top left is %v, want %v", got, tc.left)
			}
			if got := shown.RGBAAt(tc.w-1, tc.h-1); !near(got, tc.last, 6) {
				t.Errorf("bottom right is %v, want %v", got, tc.last)
			}
		})
	}
}

func TestDecodeRefusesWithANamedErrorThatSaysWhatToDo(t *testing.T) {
	good := pngOf(t, corners(32, 32))
	damaged := bytes.Clone(good)
	damaged[len(damaged)/2] ^= 0x55
	webpGood := testFile(t, "halves-lossless.webp")
	zeroJPEG := jpegOf(t, corners(8, 8))
	sof := bytes.Index(zeroJPEG, []byte{0xff, 0xc0})
	clear(zeroJPEG[sof+5 : sof+9])
	zeroGIF := gifOf(t, 4, 4, color.White)
	clear(zeroGIF[6:10])
	for name, tc := range map[string]struct {
		data []byte
		want error
	}{
		"nothing at all":            {nil, ErrEmpty},
		"text":                      {[]byte("#!/bin/sh\necho hello\n"), ErrNotPicture},
		"unknown bytes":             {[]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, ErrNotPicture},
		"half a signature":          {good[:5], ErrTruncated},
		"cut png":                   {good[:len(good)/2], ErrTruncated},
		"cut jpeg":                  {jpegOf(t, corners(64, 64))[:700], ErrTruncated},
		"cut gif":                   {gifOf(t, 64, 64, color.White)[:40], ErrTruncated},
		"cut webp":                  {webpGood[:len(webpGood)-8], ErrTruncated},
		"damaged png":               {damaged, ErrCorrupt},
		"no pixels":                 {pngOfSize(0, 5), ErrZeroSize},
		"gif without pixels":        {zeroGIF, ErrZeroSize},
		"jpeg without pixels":       {zeroJPEG, ErrZeroSize},
		"20,000 x 20,000":           {pngOfSize(20000, 20000), ErrSideTooLong},
		"bomb of 50,000 x 50,000":   {pngOfSize(50000, 50000), ErrSideTooLong},
		"10,000 x 10,000":           {pngOfSize(10000, 10000), ErrTooManyPixels},
		"one pixel too long":        {pngOfSize(MaxSide+1, 1), ErrSideTooLong},
		"legal size without pixels": {pngOfSize(5000, 5000), ErrCorrupt},
		"more bytes than the limit": {append(bytes.Clone(good), make([]byte, MaxPictureBytes)...), ErrTooManyBytes},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Decode(t.Context(), tc.data)
			if !errors.Is(err, tc.want) {
				t.Fatalf("got %v, want %v", err, tc.want)
			}
			if !strings.Contains(tc.want.Error(), ": ") {
				t.Errorf("%q does not say what to do", tc.want)
			}
		})
	}
}

func TestNamedErrorsAreDistinct(t *testing.T) {
	all := []error{
		ErrEmpty, ErrNotPicture, ErrMislabelled, ErrTruncated, ErrCorrupt, ErrZeroSize,
		ErrSideTooLong, ErrTooManyPixels, ErrTooManyBytes, ErrAnimationLimit,
	}
	for i, a := range all {
		for j, b := range all {
			if (i == j) != errors.Is(a, b) {
				t.Errorf("%v and %v are not told apart", a, b)
			}
		}
	}
}

func TestInspectTellsAWrongNameFromWrongContents(t *testing.T) {
	info, err := Inspect("holiday.png", jpegOf(t, corners(8, 8)))
	if err != nil || !info.Mislabelled || info.MIME != MIMEJPEG || info.Ext != ".jpg" {
		t.Errorf("a JPEG called .png: %+v, %v", info, err)
	}
	info, err = Inspect("holiday.JPEG", jpegOf(t, corners(8, 8)))
	if err != nil || info.Mislabelled {
		t.Errorf("a JPEG called .JPEG: %+v, %v", info, err)
	}
	if _, err = Inspect("holiday.png", []byte("hello\n")); !errors.Is(err, ErrMislabelled) {
		t.Errorf("a text called .png: %v", err)
	}
	if _, err = Inspect("notes.txt", []byte("hello\n")); !errors.Is(err, ErrNotPicture) {
		t.Errorf("a text called .txt: %v", err)
	}
}

func TestProbeReadsOnlyTheBeginningOfWhatIsNoPicture(t *testing.T) {
	counted := &countingReader{r: io.LimitReader(zeros{}, 1<<40)}
	if _, err := ProbeReader("disk.img", counted); !errors.Is(err, ErrNotPicture) {
		t.Fatal(err)
	}
	if counted.n > SniffLen {
		t.Errorf("%d bytes were read", counted.n)
	}
}

func TestReadingStopsAtTheLimit(t *testing.T) {
	const limit = 10_000
	endless := &countingReader{r: io.MultiReader(bytes.NewReader(pngOfSize(10, 10)), zeros{})}
	if _, err := readPicture(endless, limit); !errors.Is(err, ErrTooManyBytes) {
		t.Fatal(err)
	}
	if endless.n > limit+1 {
		t.Errorf("%d bytes were read", endless.n)
	}
	exact := append(pngOfSize(10, 10), make([]byte, limit)...)[:limit]
	if data, err := readPicture(bytes.NewReader(exact), limit); err != nil || !bytes.Equal(data, exact) {
		t.Errorf("exactly at the limit: %d bytes, %v", len(data), err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

type countingReader struct {
	r io.Reader
	n int
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

func TestProbeAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dot.gif")
	if err := os.WriteFile(path, gifOf(t, 3, 5, color.Black, color.White), 0o600); err != nil {
		t.Fatal(err)
	}
	info, err := Probe(path)
	if err != nil || info.MIME != MIMEGIF || info.Width != 3 || info.Height != 5 || info.Frames != 2 ||
		info.Duration != 400*time.Millisecond {
		t.Errorf("%+v, %v", info, err)
	}
	if _, err := Probe(filepath.Join(t.TempDir(), "absent")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("absent file: %v", err)
	}
}

func TestDecodeStopsWhenItsTimeIsOver(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Decode(ctx, pngOf(t, corners(8, 8))); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestDecodeHonoursEveryOrientation(t *testing.T) {
	red, green, blue, white := color.RGBA{255, 0, 0, 255}, color.RGBA{0, 255, 0, 255}, color.RGBA{0, 0, 255, 255}, color.RGBA{255, 255, 255, 255}
	// What stands at top left, top right, bottom left and bottom right when red, green, blue, white were stored so.
	for o, want := range map[Orientation][4]color.RGBA{
		OrientNormal:     {red, green, blue, white},
		OrientMirror:     {green, red, white, blue},
		OrientHalfTurn:   {white, blue, green, red},
		OrientFlip:       {blue, white, red, green},
		OrientTranspose:  {red, blue, green, white},
		OrientClockwise:  {blue, red, white, green},
		OrientTransverse: {white, green, blue, red},
		OrientCounter:    {green, white, red, blue},
	} {
		stored := corners(64, 32)
		for name, data := range map[string][]byte{
			"jpeg": withJPEGSegment(jpegOf(t, stored), markAPP1, append([]byte("Exif\x00\x00"), orientationExif(o)...)),
			"png":  withPNGChunk(pngOf(t, stored), "eXIf", orientationExif(o)),
		} {
			p, err := Decode(t.Context(), data)
			if err != nil {
				t.Fatal(err)
			}
			w, h := 64, 32
			if o.Swaps() {
				w, h = h, w
			}
			if p.Width != w || p.Height != h {
				t.Errorf("%s %d: shown as %d x %d", name, o, p.Width, p.Height)
			}
			for _, size := range []image.Point{{w, h}, {w / 4, h / 4}, {w + 10, h + 6}} {
				m := p.Scale(size.X, size.Y, black())
				got := [4]color.RGBA{
					m.RGBAAt(1, 1), m.RGBAAt(size.X-2, 1), m.RGBAAt(1, size.Y-2), m.RGBAAt(size.X-2, size.Y-2),
				}
				for i := range got {
					if !near(got[i], want[i], 8) {
						t.Errorf("%s %d at %v: corners %v, want %v", name, o, size, got, want)
						break
					}
				}
			}
		}
	}
}

// withJPEGSegment puts a segment behind the start marker.
func withJPEGSegment(data []byte, mark byte, payload []byte) []byte {
	b := append(bytes.Clone(data[:2]), 0xff, mark)
	b = binary.BigEndian.AppendUint16(b, uint16(len(payload)+2))
	return append(append(b, payload...), data[2:]...)
}

// withPNGChunk puts a chunk behind the header chunk.
func withPNGChunk(data []byte, name string, payload []byte) []byte {
	const header = 8 + 25
	b := appendPNGChunk(bytes.Clone(data[:header]), name, payload)
	return append(b, data[header:]...)
}

// The frames of a GIF need not cover its canvas.
func TestAPictureThatCoversOnlyAPartOfItsCanvasStandsInItsPlace(t *testing.T) {
	for name, c := range map[string]struct{ frames, size int }{
		"a still one":                        {1, 40},
		"an animation too long to be played": {21, 5000},
	} {
		t.Run(name, func(t *testing.T) {
			g := &gif.GIF{Config: image.Config{Width: c.size, Height: c.size}}
			for range c.frames {
				half := image.Rect(c.size/2, 0, c.size, c.size)
				if c.frames > 1 {
					half = image.Rect(c.size/2, 0, c.size/2+40, 40)
				}
				g.Image = append(g.Image, image.NewPaletted(half, color.Palette{color.RGBA{250, 0, 0, 255}}))
				g.Delay = append(g.Delay, 2)
			}
			var b bytes.Buffer
			if err := gif.EncodeAll(&b, g); err != nil {
				t.Fatal(err)
			}
			p, err := Decode(t.Context(), b.Bytes())
			if err != nil || p.Width != c.size || p.Height != c.size {
				t.Fatalf("%+v, %v", p, err)
			}
			for _, width := range []int{4, 40, c.size / 2} {
				m := p.ScaleRect(image.Rect(0, 0, c.size, c.size), min(width, 80), min(width, 80), color.RGBA{0, 0, 90, 255})
				if left := m.RGBAAt(0, 0); left != (color.RGBA{0, 0, 90, 255}) {
					t.Errorf("at %d the left is %v", width, left)
				}
			}
			part := p.ScaleRect(image.Rect(c.size/2, 0, c.size/2+20, 20), 4, 4, color.RGBA{0, 0, 90, 255})
			if right := part.RGBAAt(1, 1); right.R < 200 {
				t.Errorf("the right is %v", right)
			}
		})
	}
}
