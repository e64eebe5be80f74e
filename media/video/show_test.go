// SPDX-License-Identifier: GPL-2.0-only

package video

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"kchat/media"
)

// kept is a film of which everything is there.
type kept []byte

func (k kept) Open(_ context.Context, after int) (io.ReadCloser, int, error) {
	if after > 0 {
		return nil, 0, io.EOF
	}
	return io.NopCloser(bytes.NewReader(k)), 1, nil
}

// watched is a screen that keeps what it was shown.
type watched struct {
	mu     sync.Mutex
	news   *sync.Cond
	frames []Frame
	busy   bool
	taken  func(n int) // is told how many frames there are, with each
}

func newWatched() *watched {
	w := &watched{}
	w.news = sync.NewCond(&w.mu)
	return w
}

func (w *watched) Show(f Frame) bool {
	w.mu.Lock()
	if w.busy {
		w.mu.Unlock()
		return false
	}
	w.frames = append(w.frames, f)
	n, taken := len(w.frames), w.taken
	w.news.Broadcast()
	w.mu.Unlock()
	if taken != nil {
		taken(n)
	}
	return true
}

func (w *watched) Changed() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.news.Broadcast()
}

// until waits until something holds of the frames.
func (w *watched) until(holds func(frames []Frame) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for !holds(w.frames) {
		w.news.Wait()
	}
}

func (w *watched) has(n int) { w.until(func(f []Frame) bool { return len(f) >= n }) }

func (w *watched) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.frames)
}

// showing runs a show until the test ends.
func showing(t *testing.T, film Film, opts ShowOptions) (*Show, *watched) {
	t.Helper()
	s, w := tools(t).NewShow(film, opts), newWatched()
	s.openSound = func(context.Context) (*Sound, error) { return nil, ErrNoSound }
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, w) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("it ended: %v", err)
		}
	})
	return s, w
}

func TestAShowPlaysToTheEndAndAgain(t *testing.T) {
	chunks, _ := stream(t, film(t))
	s, w := showing(t, kept(join(chunks)), ShowOptions{Width: 32, Height: 18, Sound: true})
	w.until(func([]Frame) bool { return s.State().Ended })
	n := w.count()
	// A slow machine leaves frames out.
	if st := s.State(); n+st.Dropped < 40 || st.Shown != n || st.At < 1800*time.Millisecond && st.Dropped == 0 || !st.Audio || !errors.Is(st.NoSound, ErrNoSound) {
		t.Errorf("%d frames, %+v", n, st)
	}
	s.Seek(1500 * time.Millisecond)
	w.has(n + 1)
	w.mu.Lock()
	at := w.frames[n].At
	w.mu.Unlock()
	if at < 1400*time.Millisecond || at > 1700*time.Millisecond {
		t.Errorf("it goes on at %v", at)
	}
}

func TestAPausedShowShowsItsFirstFrameInEverySize(t *testing.T) {
	chunks, _ := stream(t, film(t))
	s, w := showing(t, kept(join(chunks)), ShowOptions{Width: 32, Height: 18, Paused: true})
	w.has(1)
	s.Resize(64, 36)
	w.has(2)
	w.mu.Lock()
	first, second := w.frames[0], w.frames[1]
	w.mu.Unlock()
	if first.At != 0 || second.At != 0 || first.Image.Rect.Dx() != 32 || second.Image.Rect.Dx() != 64 {
		t.Errorf("%v of %v, then %v of %v", first.At, first.Image.Rect, second.At, second.Image.Rect)
	}
	if !s.State().Paused {
		t.Error("it is not paused")
	}
	// It pauses with its third frame, however long this test is kept from looking: a film that is over has no other size.
	paused := make(chan struct{})
	w.mu.Lock()
	w.taken = func(n int) {
		if n == 3 {
			s.Pause()
			close(paused)
		}
	}
	w.mu.Unlock()
	s.Resume()
	<-paused
	s.Resize(32, 18)
	w.until(func(f []Frame) bool { return f[len(f)-1].Image.Rect.Dx() == 32 && len(f) > 3 })
	w.mu.Lock()
	last, before := w.frames[len(w.frames)-1], w.frames[len(w.frames)-2]
	w.mu.Unlock()
	if d := last.At - before.At; d < -100*time.Millisecond || d > 100*time.Millisecond {
		t.Errorf("after %v it shows %v", before.At, last.At)
	}
}

func TestAShowGoesOnWithThePartBehindAGap(t *testing.T) {
	chunks, sum := stream(t, film(t))
	r, err := NewReceiver(openStore(t), media.Begin{Size: media.UnknownSize})
	if err != nil {
		t.Fatal(err)
	}
	var keys []int
	for i, c := range chunks {
		if c.Key {
			keys = append(keys, i)
		}
	}
	third := keys[2]
	feed := func(chunks []media.Chunk) {
		for _, c := range chunks {
			if err := r.Chunk(c); err != nil {
				t.Fatal(err)
			}
		}
	}
	feed(chunks[:third-1])
	_, w := showing(t, received{r}, ShowOptions{Width: 32, Height: 18})
	w.has(1)
	feed(chunks[third:])
	h, n := sum.Sum()
	if kept, err := r.End(n, h); kept || err != nil {
		t.Errorf("%v, %v", kept, err)
	}
	w.until(func(frames []Frame) bool { // a part has a time of its own
		for i, f := range frames {
			if i > 0 && f.At <= frames[i-1].At {
				return true
			}
		}
		return false
	})
}

// received is a film that comes.
type received struct{ r *Receiver }

func (f received) Open(ctx context.Context, after int) (io.ReadCloser, int, error) {
	part, n, err := f.r.Follow(ctx, after)
	if err != nil {
		return nil, n, err
	}
	return part, n, nil
}

func TestABusyScreenLosesFrames(t *testing.T) {
	chunks, _ := stream(t, film(t))
	s, w := showing(t, kept(join(chunks)), ShowOptions{Width: 32, Height: 18})
	w.has(1)
	w.mu.Lock()
	w.busy = true
	n := len(w.frames)
	w.mu.Unlock()
	w.until(func([]Frame) bool { return s.State().Ended })
	if st := s.State(); w.count() != n || st.Dropped < 20 {
		t.Errorf("%d frames, then %d; %+v", n, w.count(), st)
	}
}

func TestWhatIsNoFilmCannotBeShown(t *testing.T) {
	for name, c := range map[string]struct {
		tools Tools
		film  Film
		want  error
	}{
		"noise":     {tools(t), kept("this is no film, but a text that is long enough to be looked at"), ErrDamaged},
		"no ffmpeg": {Tools{FFmpeg: "/nowhere/ffmpeg"}, kept(made(videoTrack(160, 90), simpleBlock(3, 0x80))), ErrNoFFmpeg},
	} {
		s := c.tools.NewShow(c.film, ShowOptions{Width: 32, Height: 18})
		if err := s.Run(t.Context(), newWatched()); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
