// SPDX-License-Identifier: GPL-2.0-only

package video

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"kchat/media"
)

// cut cuts all of it.
func cut(t *testing.T, r io.Reader) []media.Chunk {
	t.Helper()
	c := NewCutter(r)
	var all []media.Chunk
	for {
		chunk, err := c.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		chunk.Data = bytes.Clone(chunk.Data)
		all = append(all, chunk)
	}
}

func TestAKeptFilmIsCutAsWhenItWasMade(t *testing.T) {
	made, _ := stream(t, film(t))
	got := cut(t, bytes.NewReader(join(made)))
	if !bytes.Equal(join(got), join(made)) {
		t.Fatal("other bytes")
	}
	keys := func(chunks []media.Chunk) (at []uint64) {
		for _, c := range chunks {
			if c.Key {
				at = append(at, c.Offset)
			}
		}
		return at
	}
	want := keys(made)
	for i, at := range keys(got) {
		if i >= len(want) || at != want[i] {
			t.Errorf("marks at %v, want %v", keys(got), want)
			break
		}
	}
	if len(keys(got)) != len(want) || len(want) < 4 {
		t.Errorf("%d marks, want %d", len(keys(got)), len(want))
	}
	for _, c := range got {
		if c.Key && c.Offset > 0 {
			if _, frames := show(t, bytes.NewReader(join(made)[c.Offset:])); len(frames) == 0 {
				t.Errorf("nothing can be shown from the mark at %d", c.Offset)
			}
		}
	}
}

func TestWhatIsNoFilmOfOursIsCutWithoutMarks(t *testing.T) {
	made, _ := stream(t, film(t))
	for name, b := range map[string][]byte{
		"noise":     bytes.Repeat([]byte{0xff, 1, 2, 3}, 10_000),
		"nothing":   {},
		"zeros":     make([]byte, 40_000),
		"cut short": join(made)[:len(join(made))-777],
		"one byte":  {0x1a},
	} {
		t.Run(name, func(t *testing.T) {
			got := cut(t, bytes.NewReader(b))
			if !bytes.Equal(join(got), b) {
				t.Errorf("%d bytes of %d", len(join(got)), len(b))
			}
			for _, c := range got {
				if c.Key && name != "cut short" || len(c.Data) == 0 || len(c.Data) > media.MaxChunk {
					t.Errorf("a chunk of %d, marked %v", len(c.Data), c.Key)
				}
			}
		})
	}
}
