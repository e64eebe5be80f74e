// SPDX-License-Identifier: GPL-2.0-only

package wire

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"
)

// sample is a stream of frames of many sizes.
func sample() (stream []byte, frames int) {
	for i := range 200 {
		h := Header{Type: TypeMsg, Room: 7, Epoch: 1, Seq: uint64(i + 1), ID: ID{byte(i)}}
		stream = AppendFrame(stream, h, Talk{Text: bytes.Repeat([]byte("x"), 1+i*80)})
		frames++
	}
	return stream, frames
}

func TestReaderGivesEveryFrameHoweverTheBytesCome(t *testing.T) {
	stream, frames := sample()
	for name, r := range map[string]io.Reader{
		"at once":             bytes.NewReader(stream),
		"one byte at a time":  iotest.OneByteReader(bytes.NewReader(stream)),
		"halves":              iotest.HalfReader(bytes.NewReader(stream)),
		"with the end at end": iotest.DataErrReader(bytes.NewReader(stream)),
	} {
		t.Run(name, func(t *testing.T) {
			reader := NewReader(r)
			for i := range frames {
				f, err := reader.Next()
				if err != nil {
					t.Fatalf("frame %d: %v", i, err)
				}
				if f.Seq != uint64(i+1) || len(f.Body) != 8+1+i*80 {
					t.Fatalf("frame %d has sequence %d and %d bytes", i, f.Seq, len(f.Body))
				}
			}
			if _, err := reader.Next(); !errors.Is(err, io.EOF) {
				t.Errorf("after the last frame: %v", err)
			}
		})
	}
}

func TestReaderTellsAnEndInsideAFrame(t *testing.T) {
	stream := AppendFrame(nil, Header{Type: TypePing}, Raw("abc"))
	for cut := 1; cut < len(stream); cut++ {
		if _, err := NewReader(bytes.NewReader(stream[:cut])).Next(); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("after %d bytes: %v", cut, err)
		}
	}
}

func TestReaderRefusesLengthsBeforeItAllocates(t *testing.T) {
	for length, want := range map[uint32]error{0: ErrBadFrame, 59: ErrBadFrame, LengthMin + PingMax + 1: ErrTooLong, 0xffffffff: ErrTooLong} {
		stream := Header{Type: TypePing}.Append(nil, 0)
		u32(stream[:0], length)
		r := NewReader(bytes.NewReader(stream))
		f, err := r.Next()
		if !errors.Is(err, want) || f.Type != TypePing {
			t.Errorf("length %d: %v of %v", length, err, f.Type)
		}
		if len(r.buf) != readerBuffer {
			t.Errorf("length %d: the buffer grew to %d", length, len(r.buf))
		}
	}
}

func TestWriterWritesWhatWaitsTogether(t *testing.T) {
	var to bytes.Buffer
	w := NewWriter(&to)
	w.Add(Header{Type: TypePing}, Raw("abc"))
	w.AddBytes(AppendFrame(nil, Header{Type: TypeBye}, Empty{}))
	if to.Len() != 0 || w.Waiting() != 67+64 {
		t.Fatalf("%d bytes written, %d wait", to.Len(), w.Waiting())
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	r := NewReader(&to)
	for _, want := range []Type{TypePing, TypeBye} {
		if f, err := r.Next(); err != nil || f.Type != want {
			t.Errorf("%v, %v; expected %v", f.Type, err, want)
		}
	}
}

func TestWriterSaysThatTheStreamIsGone(t *testing.T) {
	r, to := io.Pipe()
	r.Close()
	w := NewWriter(to)
	w.Add(Header{Type: TypeBye}, Empty{})
	if err := w.Flush(); !errors.Is(err, io.ErrClosedPipe) {
		t.Error(err)
	}
}

func TestErrorsAreFoundInChains(t *testing.T) {
	body := ErrorBody{Number: ErrAlone, Cause: TypeMsg, Sentence: "custom"}
	var err error = &body
	if !errors.Is(err, ErrAlone) || errors.Is(err, ErrBusy) || err.Error() != "custom" {
		t.Error(err)
	}
	body.Sentence = ""
	if err.Error() != ErrAlone.Error() || ErrorNumber(999).Error() == "" || ErrorNumber(999).Name() != "error 999" {
		t.Error(err)
	}
}

func TestEncodingAndDecodingAllocateNothing(t *testing.T) {
	buf := make([]byte, 0, 4096)
	h := Header{Type: TypeMsg, Room: 7, ID: ID{1}}
	talk := Talk{ReplyTo: ID{2}, Text: []byte("hello")}
	frame := AppendFrame(nil, h, talk)
	for name, f := range map[string]func(){
		"encode MSG":          func() { buf = AppendFrame(buf[:0], h, talk) },
		"encode STREAM_CHUNK": func() { buf = AppendFrame(buf[:0], h, Raw(frame)) },
		"encode PING":         func() { buf = AppendFrame(buf[:0], h, Empty{}) },
		"decode header":       func() { _, _, _ = ParseHeader(frame) },
		"decode MSG":          func() { _, _ = ParseTalk(frame[HeaderLen:]) },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkAppendMsg(b *testing.B) {
	h, talk := Header{Type: TypeMsg, Room: 7}, Talk{Text: bytes.Repeat([]byte("x"), 100)}
	buf := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendFrame(buf[:0], h, talk)
	}
}

func BenchmarkReadMsg(b *testing.B) {
	stream := bytes.Repeat(AppendFrame(nil, Header{Type: TypeMsg, Room: 7}, Talk{Text: bytes.Repeat([]byte("x"), 100)}), 1000)
	from := bytes.NewReader(stream)
	r := NewReader(from)
	b.ReportAllocs()
	b.SetBytes(int64(len(stream)) / 1000)
	for b.Loop() {
		f, err := r.Next()
		if errors.Is(err, io.EOF) {
			from.Reset(stream)
			continue
		}
		if err != nil {
			b.Fatal(err)
		}
		if _, err := ParseTalk(f.Body); err != nil {
			b.Fatal(err)
		}
	}
}
