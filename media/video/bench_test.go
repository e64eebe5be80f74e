// SPDX-License-Identifier: GPL-2.0-only

package video

import (
	"bytes"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"kchat/media"
	"kchat/media/kitty"
)

// cpu is the processor time this program and the programs it has waited for have taken.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var all time.Duration
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var r syscall.Rusage
		if err := syscall.Getrusage(who, &r); err != nil {
			b.Fatal(err)
		}
		all += time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	return all
}

// BenchmarkFilm plays four seconds as fast as it can, from the bytes of the stream to those for the terminal, ffmpeg
// included, and reports which share of a core that is when it is shown at its own pace.
func BenchmarkFilm(b *testing.B) {
	path := filepath.Join(b.TempDir(), "film.mkv")
	ffmpeg(b, "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=30:duration=4", "-c:v", "libx264", "-preset", "ultrafast", path)
	chunks, _ := stream(b, path)
	data := join(chunks)
	for _, tc := range []struct {
		name       string
		w, h       int
		fps        float64
		cols, rows int
	}{
		{"blocks 80x24 at 30", 80, 48, 30, 80, 24},
		{"blocks 160x48 at 24", 160, 96, 24, 160, 48},
		{"kitty 320x180 at 30", 320, 180, 30, 0, 0},
	} {
		b.Run(tc.name, func(b *testing.B) {
			written, frames := 0, 0
			begin := cpu(b)
			for b.Loop() {
				all, err := decodeAll(b, bytes.NewReader(data), DecodeOptions{Width: tc.w, Height: tc.h, FPS: tc.fps})
				if err != nil {
					b.Fatal(err)
				}
				blocks := media.NewBlocks(max(tc.cols, 1), max(tc.rows, 1), media.BlockOptions{Profile: media.TrueColor, Hold: 4})
				for i, f := range all {
					frames++
					if tc.cols > 0 {
						blocks.Draw(f.Image)
						written += len(blocks.AppendDiff(nil, 1, 1))
						blocks.Lines()
						continue
					}
					seqs, err := kitty.Transmit(kitty.Placement{ID: uint32(300 + i%2), Cols: 32, Rows: 9}, f.Image, kitty.Direct)
					if err != nil {
						b.Fatal(err)
					}
					written += len(bytes.Join(seqs, nil))
				}
			}
			if frames < b.N*int(3.9*tc.fps) {
				b.Fatalf("%d frames", frames)
			}
			b.ReportMetric(float64(cpu(b)-begin)/float64(4*time.Second)/float64(b.N)*100, "%core")
			b.ReportMetric(float64(written)/float64(frames)/1024, "KB/frame")
		})
	}
}
