// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"os"
	"os/exec"
	"strconv"
)

// The picture and the video, in pixels.
const (
	pictureWidth, pictureHeight = 720, 450
	clipWidth, clipHeight       = 480, 270
	clipRate                    = 15 // frames per second
	clipSeconds                 = 16
)

// evening paints an evening over hills: time goes from 0 to 1 while the sun sets. Its colours change from pixel to pixel,
// as no characters can.
func evening(width, height int, time float64, turned bool) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	sunX, sunY, sun := 0.5+0.2*time, 0.3+0.35*time, 0.13
	for y := range height {
		v := float64(y) / float64(height)
		for x := range width {
			u := float64(x) / float64(width)
			c := sky(v, time)
			if d := math.Hypot((u-sunX)*float64(width)/float64(height), v-sunY); d < sun {
				c = mix(color.RGBA{0xff, 0xf0, 0xc0, 0xff}, color.RGBA{0xff, 0xb0, 0x60, 0xff}, d/sun)
			} else {
				c = mix(color.RGBA{0xff, 0xc8, 0x80, 0xff}, c, min(1, (d-sun)*4))
			}
			for i := range 3 {
				edge := 0.58 + 0.13*float64(i) + 0.07*math.Sin(u*(5+3*float64(i))+float64(2*i))
				if v > edge {
					c = hill(u, v-edge, i)
				}
			}
			m.SetRGBA(x, y, c)
		}
	}
	corners(m, turned)
	return m
}

func sky(v, time float64) color.RGBA {
	return mix(color.RGBA{uint8(0x28 - 0x10*time), uint8(0x38 - 0x18*time), 0x78, 0xff}, color.RGBA{0xe8, 0x80, 0x58, 0xff}, v*1.5)
}

// hill is grown over with stripes that get finer towards the right.
func hill(u, depth float64, nearer int) color.RGBA {
	stripe := 0.5 + 0.5*math.Sin(900*u*u+200*depth)
	dark := 1 - 0.28*float64(nearer)
	return color.RGBA{uint8(dark * (0x40 + 0x20*stripe)), uint8(dark * (0x50 + 0x30*stripe)), uint8(dark * (0x48 + 0x18*stripe)), 0xff}
}

func mix(a, b color.RGBA, share float64) color.RGBA {
	share = min(max(share, 0), 1)
	part := func(a, b uint8) uint8 { return uint8(float64(a) + (float64(b)-float64(a))*share) }
	return color.RGBA{part(a.R, b.R), part(a.G, b.G), part(a.B, b.B), 0xff}
}

// corners paints the marks.
func corners(m *image.RGBA, turned bool) {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	side := min(w, h) / markShare
	for i, c := range marks {
		if turned {
			i ^= 2
		}
		at := image.Pt(i%2*(w-side), i/2*(h-side))
		draw.Draw(m, image.Rectangle{Min: at, Max: at.Add(image.Pt(side, side))}, image.NewUniform(c), image.Point{}, draw.Src)
	}
}

// writePicture writes the picture that is sent.
func writePicture(path string) error {
	var b bytes.Buffer
	if err := png.Encode(&b, evening(pictureWidth, pictureHeight, 0.3, false)); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o600)
}

// writeClip writes the video that is sent, as telephones do: its table of contents at the end. ffmpeg encodes it.
func writeClip(ctx context.Context, path string) error {
	cmd := exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-y",
		"-f", "rawvideo", "-pix_fmt", "rgba", "-s", fmt.Sprintf("%dx%d", clipWidth, clipHeight), "-r", strconv.Itoa(clipRate), "-i", "-",
		"-f", "lavfi", "-i", "sine=frequency=330:beep_factor=4", "-shortest",
		"-c:v", "libx264", "-preset", "veryfast", "-g", strconv.Itoa(clipRate), "-pix_fmt", "yuv420p", "-c:a", "aac", "-ac", "1", path)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("encode the video: %w", err)
	}
	const frames = clipRate * clipSeconds
	for i := range frames {
		time := float64(i) / frames
		if _, err := in.Write(evening(clipWidth, clipHeight, time, time >= 0.5).Pix); err != nil {
			break // ffmpeg says why below
		}
	}
	in.Close()
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("encode the video: %w: %s", err, &errs)
	}
	return nil
}
