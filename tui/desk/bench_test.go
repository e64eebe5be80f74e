// SPDX-License-Identifier: GPL-2.0-only

package desk

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"kchat/media"
	"kchat/media/kitty"
	"kchat/media/sixel"
	"kchat/rooms"
)

// paintWithin is how long a picture of 3840 x 2160 pixels may take from its last chunk to its painting.
const paintWithin = 300 * time.Millisecond

// landscape is a picture with soft and sharp places, as photographs have.
func landscape(w, h int) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	seed := uint32(1)
	for y := range h {
		for x := range w {
			seed = seed*1664525 + 1013904223
			grain := uint8(seed >> 30)
			m.SetRGBA(x, y, color.RGBA{uint8(x*255/w) ^ grain, uint8(y*255/h) + grain, uint8((x/64+y/64)*9) + grain, 255})
		}
	}
	return m
}

// BenchmarkPaint takes a picture of 4K in, chunk by chunk, and measures from the last chunk on: written, checked and
// kept, decoded, scaled, and made into what is sent to the terminal. "share" is of the 300 ms that it may take.
func BenchmarkPaint(b *testing.B) {
	for _, c := range []struct {
		name   string
		encode func(w io.Writer, m image.Image) error
	}{
		{"jpeg", func(w io.Writer, m image.Image) error { return jpeg.Encode(w, m, &jpeg.Options{Quality: 90}) }},
		{"png", func(w io.Writer, m image.Image) error { return png.Encode(w, m) }},
	} {
		var data bytes.Buffer
		if err := c.encode(&data, landscape(3840, 2160)); err != nil {
			b.Fatal(err)
		}
		for _, to := range []string{"blocks", "kitty", "sixel"} {
			b.Run(c.name+"/"+to, func(b *testing.B) { benchmarkPaint(b, data.Bytes(), to) })
		}
	}
}

func benchmarkPaint(b *testing.B, data []byte, to string) {
	const chunk = 64 << 10
	var spent, worked time.Duration
	for b.Loop() {
		b.StopTimer()
		store, err := media.OpenStore(b.TempDir(), media.StoreOptions{})
		if err != nil {
			b.Fatal(err)
		}
		p := NewPictures(store)
		hash := hashOf(b, data)
		in, err := store.Receive(hash, uint64(len(data)), 0)
		if err != nil {
			b.Fatal(err)
		}
		last := max(0, len(data)-chunk)
		if _, err := in.Write(data[:last]); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		begin, before := time.Now(), processorTime(b)
		if _, err := in.Write(data[last:]); err != nil {
			b.Fatal(err)
		}
		if err := in.Commit(); err != nil {
			b.Fatal(err)
		}
		m, err := p.Load(b.Context(), rooms.Hash(hash))
		if err != nil {
			b.Fatal(err)
		}
		paintFor(b, m, to)
		spent += time.Since(begin)
		worked += processorTime(b) - before
	}
	b.ReportMetric(float64(spent)/float64(b.N)/float64(paintWithin)*100, "%share")
	b.ReportMetric(float64(worked.Milliseconds())/float64(b.N), "cpu-ms/op")
}

// processorTime is what this program has used of the processors, which a busy machine does not change.
func processorTime(b *testing.B) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// paintFor makes what a terminal is sent: a picture in the talk in cells or pixels, or the whole screen in sixels.
func paintFor(b *testing.B, m *media.Picture, to string) {
	ground := color.RGBA{A: 255}
	var err error
	switch to {
	case "blocks":
		if lines := m.Blocks(56, 16, media.BlockOptions{Profile: media.TrueColor, Ground: ground}); len(lines) != 16 {
			b.Fatal("nothing was painted")
		}
	case "kitty":
		_, err = kitty.Transmit(kitty.Placement{ID: 300, Cols: 56, Rows: 16}, m.Scale(560, 320, ground), kitty.Direct)
	case "sixel":
		_, err = sixel.Encode(m.Scale(996, 560, ground), sixel.MaxColors)
	}
	if err != nil {
		b.Fatal(err)
	}
}

func hashOf(tb testing.TB, data []byte) media.Hash {
	tb.Helper()
	store, err := media.OpenStore(tb.TempDir(), media.StoreOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	hash, _, err := store.Put(bytes.NewReader(data))
	if err != nil {
		tb.Fatal(err)
	}
	return hash
}
