// SPDX-License-Identifier: GPL-2.0-only

package video

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kchat/media"
)

func small() DecodeOptions { return DecodeOptions{Width: 40, Height: 24, FPS: 25} }

func TestMissingFFmpegIsNamed(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := Find(); !errors.Is(err, ErrNoFFmpeg) {
		t.Errorf("got %v", err)
	}
	none := Tools{FFmpeg: "/nowhere/ffmpeg", FFprobe: "/nowhere/ffprobe"}
	path := filepath.Join(t.TempDir(), "film.mp4")
	if err := os.WriteFile(path, []byte("film"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := none.Probe(t.Context(), path); !errors.Is(err, ErrNoFFmpeg) {
		t.Errorf("probe: %v", err)
	}
	if _, err := none.Remux(t.Context(), path); !errors.Is(err, ErrNoFFmpeg) {
		t.Errorf("remux: %v", err)
	}
	if _, err := none.Decode(t.Context(), strings.NewReader(""), small()); !errors.Is(err, ErrNoFFmpeg) {
		t.Errorf("decode: %v", err)
	}
	if _, err := none.Still(t.Context(), path, 100); !errors.Is(err, ErrNoFFmpeg) {
		t.Errorf("still: %v", err)
	}
	if _, _, err := none.RemuxPipe(t.Context(), strings.NewReader("")); !errors.Is(err, ErrNoFFmpeg) {
		t.Errorf("remux from a pipe: %v", err)
	}
}

func TestCrashingFFmpegIsNamed(t *testing.T) {
	script := filepath.Join(t.TempDir(), "ffmpeg")
	if err := os.WriteFile(script, []byte("#!/bin/sh\nhead -c 7680 /dev/zero\nkill -SEGV $$\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	d, err := Tools{FFmpeg: script}.Decode(t.Context(), strings.NewReader("film"), small())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for range 2 { // frames that were whole before it crashed are shown
		if _, _, err := d.Next(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := d.Next(t.Context()); !errors.Is(err, ErrCrashed) {
		t.Errorf("got %v", err)
	}
}

func TestProbeTellsWhatAFilmIs(t *testing.T) {
	plain := film(t)
	wide := clip(t, "wide.mkv", "-vf", "setsar=2", "-t", "0.2", "-an")
	cover := filepath.Join(t.TempDir(), "cover.mp4")
	picture := filepath.Join(t.TempDir(), "cover.png")
	ffmpeg(t, "-f", "lavfi", "-i", "color=red:size=64x64:duration=0.04", picture)
	ffmpeg(t, "-i", picture, "-i", plain, "-map", "0", "-map", "1", "-c", "copy", "-disposition:v:0", "attached_pic", cover)
	for name, tc := range map[string]struct {
		path string
		want Info
	}{
		"plain":         {plain, Info{Width: 160, Height: 90, FPS: 25, Codec: "h264", Audio: true}},
		"turned":        {rotated(t, plain, 90), Info{Width: 90, Height: 160, Rotation: 90, FPS: 25, Codec: "h264", Audio: true}},
		"on its head":   {rotated(t, plain, 180), Info{Width: 160, Height: 90, Rotation: 180, FPS: 25, Codec: "h264", Audio: true}},
		"turned left":   {rotated(t, plain, 270), Info{Width: 90, Height: 160, Rotation: 270, FPS: 25, Codec: "h264", Audio: true}},
		"broad pixels":  {wide, Info{Width: 320, Height: 90, FPS: 25, Codec: "h264"}},
		"cover picture": {cover, Info{Width: 160, Height: 90, FPS: 25, Codec: "h264", Audio: true}},
	} {
		got, err := tools(t).Probe(t.Context(), tc.path)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got.Duration <= 0 || got.Duration > 3*time.Second {
			t.Errorf("%s: takes %v", name, got.Duration)
		}
		got.Duration = 0
		if got != tc.want {
			t.Errorf("%s: %+v, want %+v", name, got, tc.want)
		}
	}
}

func TestProbeRefusesWithANamedError(t *testing.T) {
	dir := t.TempDir()
	sound := filepath.Join(dir, "sound.mka")
	ffmpeg(t, "-f", "lavfi", "-i", "sine=duration=0.2", sound)
	whole, err := os.ReadFile(clip(t, "whole.mp4", "-t", "0.4"))
	if err != nil {
		t.Fatal(err)
	}
	cut, text, empty := filepath.Join(dir, "cut.mp4"), filepath.Join(dir, "text.mp4"), filepath.Join(dir, "empty.mp4")
	err = errors.Join(
		os.WriteFile(cut, whole[:len(whole)/2], 0o600), // its index was at the end
		os.WriteFile(text, []byte("hello\n"), 0o600), os.WriteFile(empty, nil, 0o600),
	)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{
		sound: ErrNoVideo, cut: ErrDamaged, text: ErrDamaged, empty: ErrDamaged, filepath.Join(dir, "absent"): os.ErrNotExist,
	} {
		if _, err := tools(t).Probe(t.Context(), path); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", filepath.Base(path), err, want)
		}
		r, err := tools(t).Remux(t.Context(), path)
		if err == nil { // it was tried in every way
			_, err = io.ReadAll(r)
			r.Close()
		}
		if !errors.Is(err, want) {
			t.Errorf("remux %s: %v, want %v", filepath.Base(path), err, want)
		}
	}
}

func TestEveryFilmBecomesAStreamThatPlaysFromTheFront(t *testing.T) {
	plain := film(t)
	for name, path := range map[string]string{
		"mp4 with its index at the end":   plain,
		"mp4 turned":                      rotated(t, plain, 90),
		"webm":                            clip(t, "film.webm", "-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus"),
		"mpegts":                          clip(t, "film.ts"),
		"avi without sound":               clip(t, "film.avi", "-an", "-c:v", "mpeg4"),
		"variable rhythm":                 clip(t, "vfr.mkv", "-vf", "select='not(mod(n,7))+between(n,10,20)'", "-fps_mode", "vfr"),
		"sound that Matroska cannot hold": clip(t, "qt.mov", "-c:a", "adpcm_ima_qt"),
	} {
		t.Run(name, func(t *testing.T) {
			chunks, s := stream(t, path)
			data := join(chunks)
			sum, n := s.Sum()
			if n != uint64(len(data)) || sum != hashOf(t, data) {
				t.Errorf("sum %v of %d bytes", sum, n)
			}
			h, err := ParseHeader(data)
			if err != nil {
				t.Fatal(err)
			}
			want, err := tools(t).Probe(t.Context(), path)
			if err != nil || h.Width != want.Width || h.Height != want.Height || h.Rotation != want.Rotation || h.Audio != want.Audio {
				t.Errorf("header %+v, the file is %+v, %v", h, want, err)
			}
			if bytes.Contains(data, []byte("SECRET")) {
				t.Error("metadata went along")
			}
			frames, err := decodeAll(t, bytes.NewReader(data), DecodeOptions{Width: 40, Height: 24, FPS: 25, Rotation: h.Rotation})
			if err != nil || len(frames) < 46 || len(frames) > 52 {
				t.Fatalf("%d frames, %v", len(frames), err)
			}
			wantEdges := [4]string{"red", "blue", "red", "red"}
			if h.Rotation == 90 {
				wantEdges = [4]string{"red", "red", "red", "blue"}
			}
			if got := edges(frames[len(frames)/2].Image); got != wantEdges {
				t.Errorf("edges are %v, want %v", got, wantEdges)
			}
		})
	}
}

func hashOf(t *testing.T, data []byte) media.Hash {
	t.Helper()
	s := media.NewSplitter(bytes.NewReader(data), 0, media.UnknownSize)
	for {
		if _, err := s.Next(); err != nil {
			sum, _ := s.Sum()
			return sum
		}
	}
}

func TestPlaceAndTitleStayAtHome(t *testing.T) {
	path := clip(t, "place.mp4", "-t", "0.3", "-metadata", "location=SECRET+52.5+013.4/", "-metadata", "title=SECRET")
	chunks, _ := stream(t, path)
	if bytes.Contains(join(chunks), []byte("SECRET")) {
		t.Error("they went along")
	}
}

func TestRotationIsShownAsThePhoneMeantIt(t *testing.T) {
	plain := film(t)
	for clockwise, want := range map[int][4]string{
		0:   {"red", "blue", "red", "red"},
		90:  {"red", "red", "red", "blue"},
		180: {"blue", "red", "blue", "blue"},
		270: {"blue", "blue", "blue", "red"},
	} {
		path := rotated(t, plain, clockwise)
		chunks, _ := stream(t, path)
		h, err := ParseHeader(join(chunks))
		if err != nil || h.Rotation != clockwise {
			t.Fatalf("%d became %d, %v", clockwise, h.Rotation, err)
		}
		frames, err := decodeAll(t, bytes.NewReader(join(chunks)), DecodeOptions{Width: 40, Height: 40, Rotation: h.Rotation})
		if err != nil || len(frames) == 0 || edges(frames[0].Image) != want {
			t.Errorf("%d: %d frames, %v", clockwise, len(frames), err)
		}
		// ffmpeg itself agrees about the file.
		still, err := tools(t).Still(t.Context(), path, 160)
		if err != nil {
			t.Fatal(err)
		}
		p, err := media.Decode(t.Context(), still)
		if err != nil || edges(p.Scale(40, 40, frames[0].Image.RGBAAt(0, 0))) != want {
			t.Errorf("%d: the still picture differs, %v", clockwise, err)
		}
	}
}

func TestFramesComeWhileTheRestIsOnItsWay(t *testing.T) {
	chunks, _ := stream(t, film(t))
	data := join(chunks)
	r, w := io.Pipe()
	d, err := tools(t).Decode(t.Context(), r, small())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	rest := make(chan struct{})
	go func() {
		_, err := w.Write(data[:len(data)*6/10])
		<-rest
		_, err2 := w.Write(data[len(data)*6/10:])
		if err := errors.Join(err, err2, w.Close()); err != nil {
			t.Error(err)
		}
	}()
	n := 0
	for ; n < 5; n++ {
		f, _, err := d.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if want := time.Duration(n) * 40 * time.Millisecond; f.At != want {
			t.Errorf("frame %d is due at %v", n, f.At)
		}
	}
	close(rest) // only now the film goes on
	for ; ; n++ {
		if _, _, err = d.Next(t.Context()); err != nil {
			break
		}
	}
	if !errors.Is(err, io.EOF) || n < 48 || n > 52 {
		t.Errorf("%d frames, then %v", n, err)
	}
}

func TestFilmGoesOnInAnotherSize(t *testing.T) {
	chunks, _ := stream(t, film(t))
	var sound lockedBuffer
	opts := DecodeOptions{Width: 64, Height: 36, FPS: 25, From: 1200 * time.Millisecond, Sound: &sound}
	frames, err := decodeAll(t, bytes.NewReader(join(chunks)), opts)
	if err != nil || len(frames) < 18 || len(frames) > 22 {
		t.Fatalf("%d frames, %v", len(frames), err)
	}
	if frames[0].At != opts.From || frames[0].Image.Rect.Dx() != 64 || edges(frames[0].Image) != [4]string{"red", "blue", "red", "red"} {
		t.Errorf("the first one is due at %v", frames[0].At)
	}
	if n := sound.len(); math.Abs(float64(n)/(48000*4)-0.8) > 0.15 {
		t.Errorf("%d bytes of sound for 0.8 seconds", n)
	}
}

func TestFilmWithoutARhythmGetsOne(t *testing.T) {
	for _, tc := range []struct{ fps, limit, want float64 }{{0, 30, 25}, {0, 12, 12}, {60, 24, 24}, {12.5, 24, 12.5}} {
		if got := (Info{FPS: tc.fps}).Rhythm(tc.limit); got != tc.want {
			t.Errorf("%v at most %v: %v", tc.fps, tc.limit, got)
		}
	}
	chunks, _ := stream(t, film(t))
	frames, err := decodeAll(t, bytes.NewReader(join(chunks)), DecodeOptions{Width: 40, Height: 24})
	if err != nil || len(frames) < 46 || frames[1].At != 40*time.Millisecond {
		t.Errorf("%d frames, %v", len(frames), err)
	}
}

func TestWhoJoinsLateSeesItFromTheNextKeyFrame(t *testing.T) {
	chunks, _ := stream(t, film(t))
	keys := 0
	for i, c := range chunks {
		if !c.Key {
			continue
		}
		keys++
		late := join(chunks[i:])
		if NeedsPrefix(late) != (i > 0) {
			t.Errorf("chunk %d: prefix needed is %v", i, NeedsPrefix(late))
		}
		if NeedsPrefix(late) {
			late = append(Prefix(), late...)
		}
		if h, err := ParseHeader(late); err != nil || h.Width != 160 {
			t.Errorf("chunk %d: %+v, %v", i, h, err)
		}
		frames, err := decodeAll(t, bytes.NewReader(late), small())
		if err != nil || len(frames) == 0 || edges(frames[0].Image) != [4]string{"red", "blue", "red", "red"} {
			t.Errorf("from chunk %d: %d frames, %v", i, len(frames), err)
		}
	}
	if keys < 3 {
		t.Errorf("%d key chunks", keys)
	}
}

func TestSlowReaderGoesOnAtAKeyFrame(t *testing.T) {
	chunks, s := stream(t, film(t))
	parts := []*bytes.Buffer{{}}
	a := media.NewReassembler(writerFunc(func(p []byte) (int, error) { return parts[len(parts)-1].Write(p) }))
	gap := func() error {
		parts = append(parts, bytes.NewBuffer(Prefix()))
		return nil
	}
	if err := a.Begin(media.Begin{Size: media.UnknownSize, Video: true, Gap: gap}); err != nil {
		t.Fatal(err)
	}
	second := 1 + slices.IndexFunc(chunks[1:], func(c media.Chunk) bool { return c.Key })
	for i, c := range chunks {
		if i == second-1 { // lost
			continue
		}
		if err := a.Chunk(c); err != nil {
			t.Fatal(err)
		}
	}
	sum, n := s.Sum()
	if err := a.End(n, sum); err != nil || a.Whole() || len(parts) != 2 {
		t.Fatalf("%v, whole %v, %d parts", err, a.Whole(), len(parts))
	}
	frames, err := decodeAll(t, parts[1], small())
	want, err2 := decodeAll(t, bytes.NewReader(append(Prefix(), join(chunks[second:])...)), small())
	if err := errors.Join(err, err2); err != nil || len(frames) == 0 || len(frames) != len(want) {
		t.Errorf("after the gap: %d frames, %v", len(frames), err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestWhatCannotBeDecodedIsNamed(t *testing.T) {
	chunks, _ := stream(t, film(t))
	data := join(chunks)
	sound := filepath.Join(t.TempDir(), "sound.mka")
	ffmpeg(t, "-f", "lavfi", "-i", "sine=duration=0.2", sound)
	soundOnly, err := os.ReadFile(sound)
	if err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(t.TempDir(), "secret.ts")
	ffmpeg(t, "-f", "lavfi", "-i", "color=red:size=64x64:duration=0.2", "-c:v", "mpeg2video", secret)
	for name, tc := range map[string]struct {
		data []byte
		want error
	}{
		"nothing":                {nil, ErrDamaged},
		"noise":                  {bytes.Repeat([]byte("noise"), 1000), ErrDamaged},
		"sound alone":            {soundOnly, ErrNoVideo},
		"list that names a file": {[]byte("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://" + secret + "\n#EXT-X-ENDLIST\n"), ErrDamaged},
		"concatenation of files": {[]byte("ffconcat version 1.0\nfile " + secret + "\n"), ErrDamaged},
	} {
		if frames, err := decodeAll(t, bytes.NewReader(tc.data), small()); !errors.Is(err, tc.want) || len(frames) != 0 {
			t.Errorf("%s: %d frames, %v, want %v", name, len(frames), err, tc.want)
		}
	}
	// A film that breaks off is shown as far as it goes.
	if frames, err := decodeAll(t, bytes.NewReader(data[:len(data)*2/3]), small()); err != nil || len(frames) < 3 {
		t.Errorf("cut: %d frames, %v", len(frames), err)
	}
	if _, err := tools(t).Decode(t.Context(), bytes.NewReader(data), DecodeOptions{Width: 0, Height: 5}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("no width: %v", err)
	}
}

func TestClosingEndsADecoderThatWaitsForBytes(t *testing.T) {
	r, w := io.Pipe()
	defer w.Close()
	d, err := tools(t).Decode(t.Context(), r, small())
	if err != nil {
		t.Fatal(err)
	}
	next := make(chan error)
	go func() {
		_, _, err := d.Next(t.Context())
		next <- err
	}()
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if err := <-next; err == nil || errors.Is(err, io.EOF) {
		t.Errorf("who waited got %v", err)
	}
}

func TestSoundIsDecodedBesideThePicture(t *testing.T) {
	chunks, _ := stream(t, film(t))
	var sound lockedBuffer
	opts := small()
	opts.Sound = &sound
	frames, err := decodeAll(t, bytes.NewReader(join(chunks)), opts)
	if err != nil || len(frames) < 46 {
		t.Fatalf("%d frames, %v", len(frames), err)
	}
	if n := sound.len(); math.Abs(float64(n)/(48000*4)-2) > 0.15 {
		t.Errorf("%d bytes of sound for two seconds", n)
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Len()
}

func TestStillPictureOfAnyKind(t *testing.T) {
	dir := t.TempDir()
	bmp := filepath.Join(dir, "-picture.bmp")
	ffmpeg(t, "-f", "lavfi", "-i", "color=red:size=300x100", "-frames:v", "1", bmp)
	for path, want := range map[string][2]int{bmp: {120, 40}, film(t): {120, 68}} {
		data, err := tools(t).Still(t.Context(), path, 120)
		if err != nil {
			t.Fatal(err)
		}
		info, err := media.Inspect("still.png", data)
		if err != nil || info.Width != want[0] || info.Height < want[1]-1 || info.Height > want[1] || info.Mislabelled {
			t.Errorf("%s: %+v, %v", filepath.Base(path), info, err)
		}
	}
	if _, err := tools(t).Still(t.Context(), filepath.Join(dir, "absent"), 100); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("absent: %v", err)
	}
}
