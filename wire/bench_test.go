// SPDX-License-Identifier: GPL-2.0-only

package wire

import (
	"bytes"
	"io"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// hot are the frames that come and go by the thousand.
func hot() map[string]func(dst []byte) []byte {
	text := []byte("a line of talk, as people write them")
	chunk := make([]byte, ChunkMax)
	steps := []Step{{Seq: 2, People: 1}, {Seq: 1, People: 2}}
	return map[string]func(dst []byte) []byte{
		"MSG": func(dst []byte) []byte { return AppendFrame(dst, Header{Type: TypeMsg, Room: 1}, Talk{Text: text}) },
		"PRESENCE": func(dst []byte) []byte {
			return AppendFrame(dst, Header{Type: TypePresence}, Person{Account: 1, Name: "Anna"})
		},
		"DELIVERED": func(dst []byte) []byte {
			return AppendFrame(dst, Header{Type: TypeDelivered}, Delivered{Present: 2, Steps: steps})
		},
		"STORED":       func(dst []byte) []byte { return AppendFrame(dst, Header{Type: TypeStored}, Stored{Epoch: 1, Seq: 2}) },
		"STREAM_CHUNK": func(dst []byte) []byte { return AppendFrame(dst, Header{Type: TypeStreamChunk}, Raw(chunk)) },
		"PING":         func(dst []byte) []byte { return AppendFrame(dst, Header{Type: TypePing}, Empty{}) },
	}
}

func TestHotFramesAreWrittenWithoutAllocation(t *testing.T) {
	for name, write := range hot() {
		buf := make([]byte, 0, 2*ChunkMax)
		if n := testing.AllocsPerRun(100, func() { buf = write(buf[:0]) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// again gives the same bytes without end.
type again struct {
	frame []byte
	at    int
}

func (a *again) Read(p []byte) (int, error) {
	n := copy(p, a.frame[a.at:])
	a.at = (a.at + n) % len(a.frame)
	return n, nil
}

var _ io.Reader = (*again)(nil)

func TestHotFramesAreReadWithoutAllocation(t *testing.T) {
	for name, write := range hot() {
		var dec Decoder
		r := NewReader(&again{frame: write(nil)})
		var f Frame
		var err error
		if _, err = r.Next(); err != nil { // the buffer grows to the largest frame once
			t.Fatal(err)
		}
		n := testing.AllocsPerRun(100, func() {
			if f, err = r.Next(); err == nil {
				err = parseHot(&dec, f)
			}
		})
		if n != 0 || err != nil {
			t.Errorf("%s: %v allocations, %v", name, n, err)
		}
	}
}

// parseHot reads the bodies as a client does: text and chunk stay where they are.
func parseHot(dec *Decoder, f Frame) error {
	var err error
	switch f.Type {
	case TypeMsg:
		_, err = dec.Talk(f.Body)
	case TypePresence:
		_, err = dec.Person(f.Body)
	case TypeDelivered:
		_, err = dec.Delivered(f.Body)
	case TypeStored:
		_, err = ParseStored(f.Body)
	}
	return err
}

func BenchmarkWrite(b *testing.B) {
	for name, write := range hot() {
		b.Run(name, func(b *testing.B) {
			buf := make([]byte, 0, 2*ChunkMax)
			b.ReportAllocs()
			cpu := cpuTime(b)
			for b.Loop() {
				buf = write(buf[:0])
			}
			reportCPU(b, cpu)
		})
	}
}

func BenchmarkRead(b *testing.B) {
	for name, write := range hot() {
		b.Run(name, func(b *testing.B) {
			frame := write(nil)
			r := NewReader(&again{frame: bytes.Clone(frame)})
			var dec Decoder
			b.ReportAllocs()
			cpu := cpuTime(b)
			for b.Loop() {
				f, err := r.Next()
				if err == nil {
					err = parseHot(&dec, f)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
			reportCPU(b, cpu)
		})
	}
}

// cpuTime is what the process has used of the processors: on a busy machine the only time that can be compared.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var use unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &use); err != nil {
		b.Fatal(err)
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

func reportCPU(b *testing.B, since time.Duration) {
	b.Helper()
	b.ReportMetric(float64((cpuTime(b)-since).Nanoseconds())/float64(b.N), "cpu-ns/op")
}
