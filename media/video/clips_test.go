// SPDX-License-Identifier: GPL-2.0-only

package video

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"kchat/media"
)

// tools finds ffmpeg, which these tests need.
func tools(t testing.TB) Tools {
	t.Helper()
	found, err := Find()
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// clip makes a film: two seconds, 160 by 90, 25 frames a second, a key frame every half second, red on the left and
// blue on the right, with sound. Further arguments come before the name of the file, which is returned.
func clip(t testing.TB, name string, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	all := []string{
		"-f", "lavfi", "-i", "color=red:size=160x90:rate=25:duration=2,format=rgb24,drawbox=x=80:w=80:h=90:color=blue:t=fill",
		"-f", "lavfi", "-i", "sine=duration=2:sample_rate=48000",
	}
	all = append(all, "-c:v", "libx264", "-preset", "ultrafast", "-g", "12", "-pix_fmt", "yuv420p", "-c:a", "aac")
	ffmpeg(t, append(append(all, args...), path)...)
	return path
}

// film is the clip that most tests use, made once.
func film(t testing.TB) string {
	t.Helper()
	path := filepath.Join(clipDir, "film.mp4")
	if _, err := os.Stat(path); err != nil {
		if err := os.Rename(clip(t, "film.mp4"), path); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// clipDir is set before the tests begin.
var clipDir string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "kchat-clips-*")
	if err != nil {
		panic(err)
	}
	clipDir = dir
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

func ffmpeg(t testing.TB, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), tools(t).FFmpeg, append([]string{"-v", "error", "-y"}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make a clip: %v: %s", err, out)
	}
}

// rotated says in a copy of an MP4 file that it has to be turned.
func rotated(t testing.TB, path string, clockwise int) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// The matrix of a track stands in its header as 16.16 fixed point, here the identity (ISO 14496-12, 8.3.2).
	one, minus, zero := []byte{0, 1, 0, 0}, []byte{255, 255, 0, 0}, []byte{0, 0, 0, 0}
	turn := map[int][][]byte{
		0: {one, zero, zero, one}, 90: {zero, one, minus, zero}, 180: {minus, zero, zero, minus}, 270: {zero, minus, one, zero},
	}
	at := bytes.Index(b, []byte("tkhd"))
	if at < 0 {
		t.Fatal("no track header")
	}
	m := b[at+4+40:]
	for i, place := range []int{0, 4, 12, 16} {
		if !bytes.Equal(m[place:place+4], turn[0][i]) {
			t.Fatal("the matrix is not where it should be")
		}
		copy(m[place:], turn[clockwise][i])
	}
	out := filepath.Join(t.TempDir(), "rotated.mp4")
	if err := os.WriteFile(out, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return out
}

// stream makes a film streamable and gives its chunks.
func stream(t testing.TB, path string) ([]media.Chunk, *Splitter) {
	t.Helper()
	info, err := tools(t).Probe(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	r, err := tools(t).Remux(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	s := NewSplitter(r, info.Rotation)
	var all []media.Chunk
	for {
		c, err := s.Next()
		if errors.Is(err, io.EOF) {
			return all, s
		}
		if err != nil {
			t.Fatal(err)
		}
		c.Data = bytes.Clone(c.Data)
		all = append(all, c)
	}
}

func join(chunks []media.Chunk) []byte {
	var b []byte
	for _, c := range chunks {
		b = append(b, c.Data...)
	}
	return b
}

// decodeAll gives all frames of a stream and how it ended.
func decodeAll(t testing.TB, r io.Reader, opts DecodeOptions) ([]Frame, error) {
	t.Helper()
	d, err := tools(t).Decode(t.Context(), r, opts)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	var all []Frame
	for {
		f, _, err := d.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, f)
	}
}

// shade names the colour of a pixel.
func shade(c color.RGBA) string {
	switch {
	case c.R > 180 && c.B < 80:
		return "red"
	case c.B > 180 && c.R < 80:
		return "blue"
	}
	return "neither"
}

// edges names the colours at the left, right, top and bottom of a frame.
func edges(m *image.RGBA) [4]string {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	return [4]string{
		shade(m.RGBAAt(3, h/4)), shade(m.RGBAAt(w-4, h/4)), shade(m.RGBAAt(w/4, 3)), shade(m.RGBAAt(w/4, h-4)),
	}
}
