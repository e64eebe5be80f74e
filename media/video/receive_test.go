// SPDX-License-Identifier: GPL-2.0-only

package video

import (
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"testing"
	"testing/iotest"

	"kchat/media"
)

func openStore(t *testing.T) *media.Store {
	t.Helper()
	s, err := media.OpenStore(filepath.Join(t.TempDir(), "blobs"), media.StoreOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// show decodes a part to its end.
func show(t *testing.T, part io.Reader) (Header, []Frame) {
	t.Helper()
	h, r, err := ReadHeader(part)
	if err != nil {
		t.Fatal(err)
	}
	frames, err := decodeAll(t, r, small())
	if err != nil {
		t.Fatal(err)
	}
	return h, frames
}

func TestFilmIsShownWhileItIsReceivedAndThenKept(t *testing.T) {
	chunks, s := stream(t, film(t))
	store := openStore(t)
	r, err := NewReceiver(store, media.Begin{Size: media.UnknownSize})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Chunk(chunks[0]); err != nil {
		t.Fatal(err)
	}
	part, _, err := r.Follow(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	shown := make(chan int)
	go func() {
		_, frames := show(t, part)
		shown <- len(frames)
	}()
	for _, c := range chunks[1:] {
		if err := r.Chunk(c); err != nil {
			t.Fatal(err)
		}
	}
	sum, n := s.Sum()
	kept, err := r.End(n, sum)
	if err != nil || !kept || !store.Has(sum) {
		t.Errorf("kept %v, %v", kept, err)
	}
	if frames := <-shown; frames < 46 {
		t.Errorf("%d frames", frames)
	}
	if _, _, err := r.Follow(t.Context(), 1); !errors.Is(err, io.EOF) {
		t.Errorf("another part: %v", err)
	}
}

func TestFilmWithAGapIsShownInTwoPartsAndNotKept(t *testing.T) {
	chunks, s := stream(t, film(t))
	sum, n := s.Sum()
	store := openStore(t)
	r, err := NewReceiver(store, media.Begin{Size: n, Hash: sum})
	if err != nil {
		t.Fatal(err)
	}
	second := 1 + slices.IndexFunc(chunks[1:], func(c media.Chunk) bool { return c.Key })
	var first *media.Follower
	for i, c := range chunks {
		if i == second-1 {
			if first, _, err = r.Follow(t.Context(), 0); err != nil {
				t.Fatal(err)
			}
			continue // lost
		}
		if err := r.Chunk(c); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := io.ReadAll(first); !errors.Is(err, media.ErrGivenUp) || !bytes.Equal(got, join(chunks[:second-1])) {
		t.Errorf("the first part: %d bytes, %v", len(got), err)
	}
	rest, number, err := r.Follow(t.Context(), 1)
	if err != nil || number != 2 {
		t.Fatalf("part %d, %v", number, err)
	}
	if kept, err := r.End(n, sum); err != nil || kept {
		t.Errorf("kept %v, %v", kept, err)
	}
	h, frames := show(t, rest)
	if h.Width != 160 || len(frames) == 0 {
		t.Errorf("the second part: %+v, %d frames", h, len(frames))
	}
	if got, err := store.Partial(sum); err != nil || got != uint64(len(join(chunks[:second-1]))) {
		t.Errorf("%d bytes stay to be completed, %v", got, err)
	}
}

func TestWhoShowsTooSlowlyGetsTheNewestPart(t *testing.T) {
	chunks, _ := stream(t, film(t))
	r, err := NewReceiver(openStore(t), media.Begin{Size: media.UnknownSize})
	if err != nil {
		t.Fatal(err)
	}
	// The beginning, and after a gap the film from its second key frame.
	second := 1 + slices.IndexFunc(chunks[1:], func(c media.Chunk) bool { return c.Key })
	for i, c := range chunks {
		if i > 0 && i < second {
			continue
		}
		if err := r.Chunk(c); err != nil {
			t.Fatal(err)
		}
	}
	part, number, err := r.Follow(t.Context(), 0)
	if err != nil || number != 2 {
		t.Fatalf("part %d, %v", number, err)
	}
	if err := r.Cancel(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(part); !errors.Is(err, media.ErrGivenUp) || !bytes.Equal(got, join(chunks[second:])) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if _, _, err := r.Follow(t.Context(), 2); !errors.Is(err, io.EOF) {
		t.Errorf("another part: %v", err)
	}
}

func TestALiveFilmGoesOnWhereNoMoreOfItIsKept(t *testing.T) {
	chunks, s := stream(t, film(t))
	store := openStore(t)
	r, err := NewReceiver(store, media.Begin{Size: media.UnknownSize, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range chunks {
		if err := r.Chunk(c); err != nil {
			t.Fatal(err)
		}
	}
	part, number, err := r.Follow(t.Context(), 0)
	if err != nil || number < 2 {
		t.Fatalf("part %d, %v", number, err)
	}
	sum, n := s.Sum()
	if kept, err := r.End(n, sum); kept || err != nil {
		t.Errorf("kept %v, %v", kept, err)
	}
	if _, frames := show(t, part); len(frames) == 0 {
		t.Error("no frames")
	}
	r.Forget()
	if u, err := store.Usage(); err != nil || u.Bytes != 0 {
		t.Errorf("left over: %+v, %v", u, err)
	}
	if _, _, err := r.Follow(t.Context(), 0); !errors.Is(err, io.EOF) {
		t.Errorf("after it was forgotten: %v", err)
	}
}

func TestReceiverRefusesWhatBreaksTheAnnouncement(t *testing.T) {
	store := openStore(t)
	if _, err := NewReceiver(store, media.Begin{Size: 100, Limit: 50}); !errors.Is(err, media.ErrLimit) {
		t.Errorf("too large: %v", err)
	}
	r, err := NewReceiver(store, media.Begin{Size: 4})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Chunk(media.Chunk{Data: []byte("film!")}); !errors.Is(err, media.ErrTooLong) {
		t.Errorf("over its size: %v", err)
	}
	if err := r.Cancel(); err != nil {
		t.Error(err)
	}
	if r, err = NewReceiver(store, media.Begin{Size: 4, Hash: media.Hash{1}}); err != nil {
		t.Fatal(err)
	}
	if err := r.Chunk(media.Chunk{Data: []byte("film")}); err != nil {
		t.Fatal(err)
	}
	if kept, err := r.End(4, media.Hash{1}); !errors.Is(err, media.ErrHash) || kept {
		t.Errorf("wrong hash: %v, %v", kept, err)
	}
	if u, err := store.Usage(); err != nil || u.Bytes != 0 {
		t.Errorf("left over: %+v, %v", u, err)
	}
}

func TestReadHeaderWaitsForAllOfItAndNamesWhatIsWrong(t *testing.T) {
	whole := made(videoTrack(160, 90), simpleBlock(3, 0x80))
	h, r, err := ReadHeader(iotest.OneByteReader(bytes.NewReader(whole)))
	if err != nil || h.Width != 160 {
		t.Fatalf("%+v, %v", h, err)
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, whole) {
		t.Errorf("%d bytes are given back, %v", len(got), err)
	}
	for name, tc := range map[string]struct {
		r    io.Reader
		want error
	}{
		"cut":        {bytes.NewReader(whole[:60]), ErrDamaged},
		"noise":      {bytes.NewReader(make([]byte, 100)), ErrDamaged},
		"unreadable": {iotest.ErrReader(media.ErrGivenUp), media.ErrGivenUp},
	} {
		if _, _, err := ReadHeader(tc.r); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
}
