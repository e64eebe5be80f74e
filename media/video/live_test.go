// SPDX-License-Identifier: GPL-2.0-only

package video

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// piece is a film in memory; it takes the arguments of clip.
func piece(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(clip(t, name, args...))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestAFilmOfAnyKindFromAPipeIsMadeStreamable(t *testing.T) {
	h264 := []string{"-preset", "veryfast", "-bf", "2"}
	turned, err := os.ReadFile(rotated(t, clip(t, "turned.mp4", "-movflags", "faststart"), 90))
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		data          []byte
		codec         string
		width, height int
		frames        int // at least: without an end of its own, a format may lose the last ones
	}{
		"H.264 in MPEG-TS":        {piece(t, "a.ts", h264...), "h264", 160, 90, 46},
		"H.264 in AVI":            {piece(t, "a.avi", h264...), "h264", 160, 90, 46},
		"H.264 alone":             {piece(t, "a.h264", append(h264, "-map", "0:v")...), "h264", 160, 90, 46},
		"H.264 in MP4, turned":    {turned, "h264", 90, 160, 50},
		"VP8 in WebM":             {piece(t, "a.webm", "-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libvorbis"), "vp8", 160, 90, 50},
		"MPEG-4 in AVI":           {piece(t, "b.avi", "-c:v", "mpeg4", "-bf", "2"), "mpeg4", 160, 90, 46},
		"MPEG-2 in MPEG-TS":       {piece(t, "b.ts", "-c:v", "mpeg2video", "-bf", "2"), "mpeg2video", 160, 90, 46},
		"pictures alone":          {piece(t, "a.y4m", "-c:v", "wrapped_avframe", "-an"), "h264", 160, 90, 50},
		"pictures of odd sides":   {piece(t, "b.y4m", "-c:v", "wrapped_avframe", "-an", "-vf", "scale=161:91,setsar=1"), "h264", 162, 92, 50},
		"motion JPEG in AVI":      {piece(t, "c.avi", "-c:v", "mjpeg", "-pix_fmt", "yuvj420p"), "h264", 160, 90, 50},
		"motion JPEG, Matroska":   {piece(t, "c.mkv", "-c:v", "mjpeg", "-pix_fmt", "yuvj420p"), "h264", 160, 90, 50},
		"Sorenson H.263 in FLV":   {piece(t, "a.flv", "-c:v", "flv", "-c:a", "libmp3lame", "-ar", "44100"), "h264", 160, 90, 50},
		"a moving GIF":            {piece(t, "a.gif", "-c:v", "gif", "-pix_fmt", "rgb8", "-an"), "h264", 160, 90, 46},
		"what Matroska has whole": {piece(t, "d.mkv", "-c:v", "ffv1"), "h264", 160, 90, 50},
	} {
		t.Run(name, func(t *testing.T) {
			r, info, err := tools(t).RemuxPipe(t.Context(), bytes.NewReader(tc.data))
			if err != nil {
				t.Fatal(err)
			}
			s := NewSplitter(r, info.Rotation)
			h, err := s.Describe()
			if err != nil || h.Width != tc.width || h.Height != tc.height {
				t.Errorf("%+v, %v", h, err)
			}
			all := rest(t, s)
			if err := r.Close(); err != nil {
				t.Error(err)
			}
			path := filepath.Join(t.TempDir(), "film.mkv")
			if err := os.WriteFile(path, all, 0o600); err != nil {
				t.Fatal(err)
			}
			if got, err := tools(t).Probe(t.Context(), path); err != nil || got.Codec != tc.codec {
				t.Errorf("%+v, %v", got, err)
			}
			if frames, err := decodeAll(t, bytes.NewReader(all), small()); err != nil || len(frames) < tc.frames {
				t.Errorf("%d frames, %v", len(frames), err)
			}
		})
	}
}

// rest gives all that comes until the end.
func rest(t *testing.T, s *Splitter) []byte {
	t.Helper()
	var all []byte
	for {
		c, err := s.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c.Data...)
	}
}

// A transmission that is joined between two key frames says how large it is only with the next one.
func TestALiveFilmIsJoinedBetweenKeyFrames(t *testing.T) {
	data := piece(t, "joined.ts", "-g", "40", "-b:v", "2M")
	r, _, err := tools(t).RemuxPipe(t.Context(), bytes.NewReader(data[len(data)/10/188*188:]))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if all := rest(t, NewSplitter(r, 0)); len(all) == 0 {
		t.Error("nothing came")
	}
}

func TestALiveFilmBeginsWithItsFirstFrames(t *testing.T) {
	for name, data := range map[string][]byte{
		"encoded": piece(t, "a.y4m", "-c:v", "wrapped_avframe", "-an"),
		"copied":  piece(t, "a.ts"),
	} {
		t.Run(name, func(t *testing.T) {
			out, in, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer out.Close()
			go func() { _, _ = in.Write(data[:len(data)*6/10]) }() // 1.2 seconds; the rest does not come
			r, _, err := tools(t).RemuxPipe(t.Context(), out)
			if err != nil {
				t.Fatal(err)
			}
			s := NewSplitter(r, 0)
			frames := 0
			for frames == 0 {
				c, err := s.Next()
				if err != nil {
					t.Fatal(err)
				}
				frames = bytes.Count(c.Data, []byte{0x1f, 0x43, 0xb6, 0x75}) // clusters
			}
			// Whoever waits for more is woken, and the pipe is whose it was.
			woken := make(chan error, 1)
			go func() {
				for {
					if _, err := s.Next(); err != nil {
						woken <- err
						return
					}
				}
			}()
			if err := r.Close(); err != nil {
				t.Error(err)
			}
			if err := <-woken; errors.Is(err, io.EOF) {
				t.Errorf("it ended as if it were over: %v", err)
			}
			if err := in.Close(); err != nil {
				t.Error(err)
			}
			if _, err := io.Copy(io.Discard, out); err != nil {
				t.Errorf("the pipe: %v", err)
			}
		})
	}
}

func TestALiveFilmThatDoesNotComeIsGivenUp(t *testing.T) {
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	defer in.Close()
	fed, feed := io.Pipe() // what is no file is closed
	for name, r := range map[string]io.Reader{"a file": out, "something else": fed} {
		ctx, cancel := context.WithCancel(t.Context())
		began := make(chan error, 1)
		go func() {
			_, _, err := tools(t).RemuxPipe(ctx, r)
			began <- err
		}()
		cancel()
		if err := <-began; !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := feed.Write([]byte("film")); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a closed reader: %v", err)
	}
	if _, err := out.Stat(); err != nil {
		t.Errorf("the file: %v", err)
	}
}

func TestWhatIsNoLiveFilmIsNamed(t *testing.T) {
	crash := filepath.Join(t.TempDir(), "ffmpeg")
	if err := os.WriteFile(crash, []byte("#!/bin/sh\nkill -SEGV $$\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	good := tools(t)
	for name, tc := range map[string]struct {
		tools Tools
		data  string
		want  error
	}{
		"sound alone":         {good, string(piece(t, "a.mka", "-map", "1:a")), ErrNoVideo},
		"sound in MPEG-TS":    {good, string(piece(t, "a.ts", "-map", "1:a")), ErrNoVideo},
		"words":               {good, strings.Repeat("these are words and no film\n", 100), ErrDamaged},
		"nothing":             {good, "", ErrDamaged},
		"a beginning":         {good, string(piece(t, "a.mkv")[:60]), ErrDamaged},
		"an index at the end": {good, string(piece(t, "a.mp4")), ErrDamaged},
		"pictures too large":  {good, "YUV4MPEG2 W90000 H90000 F25:1\nFRAME\n", ErrTooLarge},
		"ffprobe crashes":     {Tools{FFmpeg: good.FFmpeg, FFprobe: crash}, string(piece(t, "b.mkv")), ErrCrashed},
	} {
		if _, _, err := tc.tools.RemuxPipe(t.Context(), strings.NewReader(tc.data)); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
	r, _, err := Tools{FFmpeg: crash, FFprobe: good.FFprobe}.RemuxPipe(t.Context(), bytes.NewReader(piece(t, "c.mkv")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(r); !errors.Is(err, ErrCrashed) {
		t.Errorf("ffmpeg crashes: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}
