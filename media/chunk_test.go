// SPDX-License-Identifier: GPL-2.0-only

package media

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"
)

func noise(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{1})
	r.Read(b) // never fails
	return b
}

func TestWhatIsSplitComesTogetherAgain(t *testing.T) {
	for _, n := range []int{0, 1, MaxChunk - 1, MaxChunk, MaxChunk + 1, 5*MaxChunk + 17} {
		for _, size := range []uint64{uint64(n), UnknownSize} {
			data := noise(n)
			s := NewSplitter(iotest.OneByteReader(bytes.NewReader(data)), 0, size)
			var out bytes.Buffer
			a := NewReassembler(&out)
			if err := a.Begin(Begin{Size: size}); err != nil {
				t.Fatal(err)
			}
			chunks := 0
			for {
				c, err := s.Next()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				chunks++
				if err := a.Chunk(c); err != nil {
					t.Fatal(err)
				}
			}
			if want := (n + MaxChunk - 1) / MaxChunk; chunks != want {
				t.Errorf("%d bytes in %d chunks, want %d", n, chunks, want)
			}
			sum, sent := s.Sum()
			if sum != sha256.Sum256(data) || sent != uint64(n) {
				t.Errorf("%d bytes: sum %v of %d", n, sum, sent)
			}
			if err := a.End(sent, sum); err != nil || !a.Whole() || !bytes.Equal(out.Bytes(), data) {
				t.Errorf("%d bytes: %v, whole %v", n, err, a.Whole())
			}
			if _, err := s.Next(); !errors.Is(err, io.EOF) {
				t.Errorf("after the end: %v", err)
			}
		}
	}
}

func TestSplitterGoesOnAtAnOffset(t *testing.T) {
	data := noise(MaxChunk + 30)
	s := NewSplitter(bytes.NewReader(data[20:]), 20, uint64(len(data)))
	c, err := s.Next()
	if err != nil || c.Offset != 20 || len(c.Data) != MaxChunk {
		t.Fatalf("%d bytes at %d, %v", len(c.Data), c.Offset, err)
	}
	c, err = s.Next()
	if err != nil || c.Offset != 20+MaxChunk || !bytes.Equal(c.Data, data[20+MaxChunk:]) {
		t.Fatalf("%d bytes at %d, %v", len(c.Data), c.Offset, err)
	}
	if _, err := s.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("then %v", err)
	}
}

func TestSplitterNoticesAFileThatChanges(t *testing.T) {
	for name, tc := range map[string]struct {
		r    io.Reader
		size uint64
		want error
	}{
		"shorter":                {bytes.NewReader(noise(MaxChunk + 5)), MaxChunk + 6, ErrShrank},
		"shorter by whole chunk": {bytes.NewReader(noise(MaxChunk)), 2 * MaxChunk, ErrShrank},
		"empty by now":           {bytes.NewReader(nil), 1, ErrShrank},
		"longer":                 {bytes.NewReader(noise(101)), 100, ErrGrew},
		"no longer empty":        {bytes.NewReader(noise(1)), 0, ErrGrew},
		"unreadable":             {iotest.ErrReader(iotest.ErrTimeout), 9, iotest.ErrTimeout},
		"unreadable at its end":  {io.MultiReader(bytes.NewReader(noise(9)), iotest.ErrReader(iotest.ErrTimeout)), 9, iotest.ErrTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			s := NewSplitter(tc.r, 0, tc.size)
			var err error
			for err == nil {
				_, err = s.Next()
			}
			if !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
			if _, again := s.Next(); again != err {
				t.Errorf("then %v", again)
			}
		})
	}
}

func TestReassemblerRefuses(t *testing.T) {
	data := noise(100)
	sum := Hash(sha256.Sum256(data))
	begin := func(a *Reassembler) error { return a.Begin(Begin{Size: 100, Hash: sum}) }
	chunk := func(offset uint64, data []byte) func(*Reassembler) error {
		return func(a *Reassembler) error { return a.Chunk(Chunk{Offset: offset, Data: data}) }
	}
	end := func(size uint64, sum Hash) func(*Reassembler) error {
		return func(a *Reassembler) error { return a.End(size, sum) }
	}
	type steps []func(*Reassembler) error
	for name, tc := range map[string]struct {
		steps steps // the last one fails
		want  error
	}{
		"chunk before begin":      {steps{chunk(0, data)}, ErrNotBegun},
		"end before begin":        {steps{end(0, sum)}, ErrNotBegun},
		"begin twice":             {steps{begin, begin}, ErrBegunTwice},
		"chunk after end":         {steps{begin, chunk(0, data), end(100, sum), chunk(100, data)}, ErrEnded},
		"end twice":               {steps{begin, chunk(0, data), end(100, sum), end(100, sum)}, ErrEnded},
		"over the announced size": {steps{begin, chunk(0, noise(101))}, ErrTooLong},
		"second chunk over it":    {steps{begin, chunk(0, data), chunk(100, data[:1])}, ErrTooLong},
		"offset that overflows":   {steps{begin, chunk(^uint64(0), data)}, ErrTooLong},
		"gap":                     {steps{begin, chunk(10, data[10:])}, ErrGap},
		"overlap":                 {steps{begin, chunk(0, data[:50]), chunk(49, data[49:])}, ErrOverlap},
		"empty chunk":             {steps{begin, chunk(0, nil)}, ErrChunkSize},
		"chunk of 16385 bytes": {steps{
			func(a *Reassembler) error { return a.Begin(Begin{Size: UnknownSize}) },
			chunk(0, noise(MaxChunk+1)),
		}, ErrChunkSize},
		"short end":          {steps{begin, chunk(0, data[:99]), end(100, sum)}, ErrTooShort},
		"end with less":      {steps{begin, chunk(0, data), end(99, sum)}, ErrSizeChanged},
		"wrong hash":         {steps{begin, chunk(0, noise(101)[1:]), end(100, sum)}, ErrHash},
		"other hash at end":  {steps{begin, chunk(0, data), end(100, Hash{1})}, ErrHash},
		"more than we take":  {steps{func(a *Reassembler) error { return a.Begin(Begin{Size: 100, Limit: 99}) }}, ErrLimit},
		"unknown, then more": {steps{func(a *Reassembler) error { return a.Begin(Begin{Size: UnknownSize, Limit: 99}) }, chunk(0, data)}, ErrLimit},
		"unknown, end with less": {steps{
			func(a *Reassembler) error { return a.Begin(Begin{Size: UnknownSize}) }, chunk(0, data), end(99, sum),
		}, ErrTooLong},
		"begins behind its end": {steps{func(a *Reassembler) error { return a.Begin(Begin{Size: 9, Offset: 10}) }}, ErrTooLong},
		"begins later without what lies before": {steps{
			func(a *Reassembler) error { return a.Begin(Begin{Size: 9, Offset: 5}) },
		}, ErrGap},
		"less there than thought": {steps{
			func(a *Reassembler) error {
				return a.Begin(Begin{Size: 9, Offset: 5, Prior: bytes.NewReader(data[:4])})
			},
		}, io.EOF},
		"writer that fails": {steps{begin, chunk(0, data)}, io.ErrShortWrite},
	} {
		t.Run(name, func(t *testing.T) {
			var w io.Writer = io.Discard
			if errors.Is(tc.want, io.ErrShortWrite) {
				w = brokenWriter{}
			}
			a := NewReassembler(w)
			var err error
			for i, step := range tc.steps {
				if err = step(a); (err != nil) != (i == len(tc.steps)-1) {
					t.Fatalf("step %d: %v", i, err)
				}
			}
			if !errors.Is(err, tc.want) {
				t.Fatalf("got %v, want %v", err, tc.want)
			}
			if again := a.Chunk(Chunk{Data: data}); again != err {
				t.Errorf("after the failure: %v", again)
			}
			if a.Whole() {
				t.Error("called whole")
			}
		})
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestInterruptedTransferGoesOnAtItsOffset(t *testing.T) {
	data := noise(50_000)
	var out bytes.Buffer
	out.Write(data[:20_000])
	a := NewReassembler(&out)
	err := a.Begin(Begin{Size: 50_000, Offset: 20_000, Prior: bytes.NewReader(data[:20_000]), Hash: sha256.Sum256(data)})
	if err != nil {
		t.Fatal(err)
	}
	for at := 20_000; at < len(data); at += 10_000 {
		if err := a.Chunk(Chunk{Offset: uint64(at), Data: data[at : at+10_000]}); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.End(50_000, sha256.Sum256(data)); err != nil || !a.Whole() || !bytes.Equal(out.Bytes(), data) {
		t.Errorf("%v, whole %v", err, a.Whole())
	}
}

func TestVideoResumesAtTheNextKeyFrameAfterAGap(t *testing.T) {
	data := noise(600)
	var out bytes.Buffer
	a := NewReassembler(&out)
	before := -1 // how much had been handed on at the gap
	gap := func() error { before = out.Len(); return nil }
	if err := a.Begin(Begin{Size: UnknownSize, Video: true, Gap: gap}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []Chunk{
		{Offset: 0, Data: data[:100]},
		{Offset: 100, Data: data[100:200]},
		{Offset: 300, Data: data[300:400]}, // after a gap, no key frame: dropped
		{Offset: 400, Data: data[400:500], Key: true},
		{Offset: 500, Data: data[500:600]},
	} {
		if err := a.Chunk(c); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.End(600, sha256.Sum256(data)); err != nil {
		t.Fatal(err)
	}
	if want := append(bytes.Clone(data[:200]), data[400:]...); !bytes.Equal(out.Bytes(), want) {
		t.Errorf("%d bytes were handed on, want %d", out.Len(), len(want))
	}
	if before != 200 {
		t.Errorf("the gap was told after %d bytes", before)
	}
	if gaps, lost := a.Lost(); gaps != 1 || lost != 200 || a.Whole() {
		t.Errorf("%d gaps, %d bytes, whole %v", gaps, lost, a.Whole())
	}
}

func TestVideoJoinedLateBeginsWithAKeyFrame(t *testing.T) {
	var out bytes.Buffer
	a := NewReassembler(&out)
	if err := a.Begin(Begin{Size: UnknownSize, Offset: 1000, Video: true}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []Chunk{{Offset: 1000, Data: []byte("no")}, {Offset: 1002, Data: []byte("yes"), Key: true}} {
		if err := a.Chunk(c); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.End(1005, Hash{}); err != nil || out.String() != "yes" || a.Whole() {
		t.Errorf("%v, %q", err, &out)
	}
}

func TestVideoWithoutGapsIsChecked(t *testing.T) {
	for want, sum := range map[error]Hash{nil: sha256.Sum256([]byte("film")), ErrHash: {1}} {
		a := NewReassembler(io.Discard)
		if err := a.Begin(Begin{Size: 4, Video: true}); err != nil {
			t.Fatal(err)
		}
		if err := a.Chunk(Chunk{Data: []byte("film")}); err != nil {
			t.Fatal(err)
		}
		if err := a.End(4, sum); !errors.Is(err, want) || a.Whole() != (want == nil) {
			t.Errorf("%v, want %v", err, want)
		}
	}
}
