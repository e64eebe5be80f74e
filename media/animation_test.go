// SPDX-License-Identifier: GPL-2.0-only

package media

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"io"
	"testing"
	"time"
)

func TestPlayerShowsEveryFrameForItsTime(t *testing.T) {
	red, green, blue := color.RGBA{255, 0, 0, 255}, color.RGBA{0, 255, 0, 255}, color.RGBA{0, 0, 255, 255}
	for name, tc := range map[string]struct {
		data   []byte
		frames []color.RGBA // at the bottom right
		delays []time.Duration
	}{
		"gif": {
			gifOf(t, 12, 10, red, green, blue),
			[]color.RGBA{red, green, blue},
			[]time.Duration{200 * time.Millisecond, 200 * time.Millisecond, 200 * time.Millisecond},
		},
		"webp": {
			testFile(t, "animated.webp"),
			[]color.RGBA{red, blue},
			[]time.Duration{200 * time.Millisecond, 400 * time.Millisecond},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := Decode(t.Context(), tc.data)
			if err != nil {
				t.Fatal(err)
			}
			if p.Frames != len(tc.frames) {
				t.Fatalf("%d frames", p.Frames)
			}
			player, err := p.Play()
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // it begins again
				for i, want := range tc.frames {
					delay, err := player.Next(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					if delay != tc.delays[i] {
						t.Errorf("frame %d stands for %v", i, delay)
					}
					m := player.Picture().Scale(p.Width, p.Height, black())
					if got := m.RGBAAt(p.Width-1, p.Height-1); !near(got, want, 2) {
						t.Errorf("frame %d is %v, want %v", i, got, want)
					}
				}
			}
		})
	}
}

// patches is a GIF in which each frame after the first covers only a part.
func patches(t *testing.T, disposals []byte, loop int) []byte {
	t.Helper()
	red, green, blue := color.RGBA{255, 0, 0, 255}, color.RGBA{0, 255, 0, 255}, color.RGBA{0, 0, 255, 255}
	g := &gif.GIF{LoopCount: loop, Disposal: disposals, Config: image.Config{Width: 8, Height: 8}}
	for i, c := range []color.RGBA{red, green, blue} {
		r := image.Rect(0, 0, 8, 8)
		if i > 0 {
			r = image.Rect(2*i, 0, 2*i+2, 2)
		}
		m := image.NewPaletted(r, color.Palette{c})
		g.Image = append(g.Image, m)
		g.Delay = append(g.Delay, 0)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, g); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPlayerDisposesOfFramesAsTheFileSays(t *testing.T) {
	red, green, ground := color.RGBA{255, 0, 0, 255}, color.RGBA{0, 255, 0, 255}, color.RGBA{7, 8, 9, 255}
	for name, tc := range map[string]struct {
		disposal byte
		want     color.RGBA // where the second frame was, when the third is shown
	}{
		"left standing": {gif.DisposalNone, green},
		"cleared":       {gif.DisposalBackground, ground},
		"as before it":  {gif.DisposalPrevious, red},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := Decode(t.Context(), patches(t, []byte{gif.DisposalNone, tc.disposal, gif.DisposalNone}, 0))
			if err != nil {
				t.Fatal(err)
			}
			player, err := p.Play()
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				if delay, err := player.Next(t.Context()); err != nil || delay != 100*time.Millisecond {
					t.Fatalf("%v, %v", delay, err)
				}
			}
			if got := player.Picture().Scale(8, 8, ground).RGBAAt(2, 0); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestPlayerStopsAfterTheTurnsTheFileAsksFor(t *testing.T) {
	for loop, turns := range map[int]int{-1: 1, 1: 2} { // image/gif: -1 plays once, n plays n+1 times
		p, err := Decode(t.Context(), patches(t, []byte{1, 1, 1}, loop))
		if err != nil {
			t.Fatal(err)
		}
		player, err := p.Play()
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for ; err == nil; n++ {
			_, err = player.Next(t.Context())
		}
		if !errors.Is(err, io.EOF) || n-1 != 3*turns {
			t.Errorf("loop %d: %d frames, then %v", loop, n-1, err)
		}
	}
}

func TestStillPictureHasNothingToPlay(t *testing.T) {
	p, err := Decode(t.Context(), gifOf(t, 4, 4, color.White))
	if err != nil {
		t.Fatal(err)
	}
	if player, err := p.Play(); player != nil || err != nil {
		t.Errorf("%v, %v", player, err)
	}
}

func TestAnimatedBombShowsItsFirstFrameAndIsNotPlayed(t *testing.T) {
	one := gifOf(t, 16, 16, color.White, color.Black)
	parts, err := gifParts(one)
	if err != nil {
		t.Fatal(err)
	}
	var bomb []byte
	for _, p := range parts[:len(parts)-1] {
		bomb = append(bomb, p.raw...)
	}
	last := parts[len(parts)-2].raw
	for range MaxFrames {
		bomb = append(bomb, last...)
	}
	p, err := Decode(t.Context(), append(bomb, gifTrailer))
	if err != nil {
		t.Fatal(err)
	}
	if p.Scale(4, 4, black()).RGBAAt(0, 0) != (color.RGBA{255, 255, 255, 255}) {
		t.Error("the first frame is not shown")
	}
	if _, err := p.Play(); !errors.Is(err, ErrAnimationLimit) {
		t.Errorf("got %v", err)
	}
}

func TestAnimationOfTooManyPixelsIsNotPlayed(t *testing.T) {
	a := &animation{width: 5000, height: 5000}
	for range MaxAnimationPixels/(5000*5000) + 1 {
		a.frames = append(a.frames, frame{rect: image.Rect(0, 0, 1, 1)})
	}
	if err := a.check(); !errors.Is(err, ErrAnimationLimit) {
		t.Errorf("got %v", err)
	}
	a.frames = a.frames[:len(a.frames)-1]
	if err := a.check(); err != nil {
		t.Errorf("at the limit: %v", err)
	}
}

func TestGIFThatBreaksOffPlaysItsWholeFrames(t *testing.T) {
	data := gifOf(t, 40, 40, color.White, color.Black, color.RGBA{9, 9, 9, 255})
	info, err := Inspect("", data[:len(data)-6])
	if err != nil || info.Frames != 2 {
		t.Errorf("%+v, %v", info, err)
	}
}
