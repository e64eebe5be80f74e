// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"kchat/media"
	"kchat/media/video"
	"kchat/rooms"
	"kchat/server/vmtest"
	"kchat/tui"
	"kchat/tui/desk"
	"kchat/wire"
)

// cinema is a client with what films need.
type cinema struct {
	*user
	store  *media.Store
	videos *desk.Videos
}

func newCinema(t *testing.T, s *vmtest.Server, name, room string) *cinema {
	t.Helper()
	store, err := media.OpenStore(filepath.Join(t.TempDir(), "blobs"), media.StoreOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c := &cinema{store: store, videos: desk.NewVideos(store)}
	s.AddUser(t, name, password)
	c.user = connect(t, s.Addr, name, func(cfg *rooms.Config) {
		cfg.Blobs, cfg.Cut = desk.NewBlobs(store, c.videos), desk.Cut
		cfg.Accept = func(rooms.Transfer) bool { return true }
	})
	c.join(room, rooms.JoinOptions{})
	return c
}

// shot makes a film of so many seconds at 25 frames each, with a key frame every half second and its index at the end,
// as cameras write it.
func shot(t *testing.T, seconds int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "shot.mp4")
	source := fmt.Sprintf("testsrc2=size=320x180:rate=25:duration=%d", seconds)
	out, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-c:v", "libx264", "-preset", "ultrafast",
		"-g", "12", "-pix_fmt", "yuv420p", path).CombinedOutput()
	if err != nil {
		t.Fatalf("make a film: %v: %s", err, out)
	}
	return path
}

// watching counts what is shown.
type watching struct {
	first  chan struct{}
	ended  chan struct{}
	begun  sync.Once
	over   sync.Once
	show   tui.VideoShow
	mu     sync.Mutex
	frames int
}

func (w *watching) Show(video.Frame) bool {
	w.begun.Do(func() { close(w.first) })
	w.mu.Lock()
	defer w.mu.Unlock()
	w.frames++
	return true
}

func (w *watching) Changed() {
	if w.show.State().Ended {
		w.over.Do(func() { close(w.ended) })
	}
}

func (w *watching) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.frames
}

// watch shows a film until the test ends.
func (c *cinema) watch(id tui.VideoID) *watching {
	c.t.Helper()
	show, err := c.videos.Open(id, video.ShowOptions{Width: 80, Height: 45})
	if err != nil {
		c.t.Fatal(err)
	}
	w := &watching{first: make(chan struct{}), ended: make(chan struct{}), show: show}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- show.Run(ctx, w) }()
	c.t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			c.t.Errorf("the show ended: %v", err)
		}
	})
	return w
}

// came is how many frames there were to show: a slow machine leaves some out.
func (w *watching) came() int { return w.count() + w.show.State().Dropped }

// soon waits for a channel to close.
func soon(t *testing.T, what string, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(slow(patience)):
		t.Fatalf("%s did not come", what)
	}
}

// tap lets a film through piece by piece.
type tap struct {
	pieces rooms.Pieces
	left   int           // pieces before it closes
	open   chan struct{} // closed: everything may come
	once   sync.Once
}

// Stop implements rooms.LivePieces: from now on everything comes.
func (p *tap) Stop() { p.once.Do(func() { close(p.open) }) }

func (p *tap) Next() (rooms.Piece, error) {
	if p.left--; p.left < 0 {
		<-p.open
	}
	return p.pieces.Next()
}

// live cuts a film as if it were being made.
func live(t *testing.T, path string, pieces int) *tap {
	t.Helper()
	tools, err := video.Find()
	if err != nil {
		t.Fatal(err)
	}
	r, err := tools.Remux(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() }) // it was only read
	return &tap{pieces: desk.Live(video.NewSplitter(r, 0)), left: pieces, open: make(chan struct{})}
}

// pictureWithin is how soon after its first chunk a film is to be seen.
const pictureWithin = time.Second

func TestAVideoIsSeenWhileTheRestOfItIsOnItsWay(t *testing.T) {
	s := shared.Server(t)
	anna, ben := newCinema(t, s, "anna-film", "film"), newCinema(t, s, "ben-film", "film")
	await(anna.user, func(e rooms.PersonChanged) bool { return e.Person.State == rooms.Present })
	film := live(t, shot(t, 4), 20)
	type result struct {
		rooms.Attachment
		err error
	}
	sent := make(chan result, 1)
	go func() {
		a, err := anna.SendLive(t.Context(), "film", rooms.Attachment{MIME: "video/x-matroska", Name: "shot.mkv", Width: 320, Height: 180}, film)
		sent <- result{a, err}
	}()
	came := await(ben.user, func(e rooms.TransferChanged) bool { return e.Transfer.Done > 0 })
	watch := vmtest.WatchHost(t)
	w := ben.watch(tui.VideoID{Stream: came.Transfer.Stream})
	soon(t, "the first picture", w.first)
	if d := watch.Took(t); d > slow(pictureWithin) {
		t.Errorf("the first picture came %v after the first chunk", d)
	}
	film.Stop()
	r := <-sent
	if r.err != nil {
		t.Fatal(r.err)
	}
	if e := await[rooms.TransferEnded](ben.user, nil); e.Err != nil || e.Transfer.Attached.Hash != r.Hash {
		t.Fatalf("%+v", e)
	}
	soon(t, "the end", w.ended)
	if n := w.came(); n < 70 {
		t.Errorf("%d of 100 frames came", n)
	}
	if !ben.store.Has(media.Hash(r.Hash)) || !anna.store.Has(media.Hash(r.Hash)) {
		t.Error("it is not kept")
	}
}

func TestAFilmIsSentWholeToAllWhoTakeIt(t *testing.T) {
	s := shared.Server(t)
	anna := newCinema(t, s, "anna-clip", "clip")
	all := []*cinema{newCinema(t, s, "ben-clip", "clip"), newCinema(t, s, "cleo-clip", "clip")}
	for range all {
		await(anna.user, func(e rooms.PersonChanged) bool { return e.Person.State == rooms.Present })
	}
	a, err := anna.videos.Attach(t.Context(), shot(t, 2), nil)
	if err != nil {
		t.Fatal(err)
	}
	if a.Width != 320 || a.Height != 180 || a.Duration < 1900*time.Millisecond {
		t.Errorf("%+v", a)
	}
	if _, err := anna.SendBlob(t.Context(), "clip", rooms.StreamVideo, a.Attachment, "", nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		if e := await[rooms.TransferEnded](c.user, nil); e.Err != nil || e.Transfer.Attached.Hash != a.Hash {
			t.Fatalf("%+v", e)
		}
		w := c.watch(tui.VideoID{Hash: a.Hash})
		soon(t, "the end", w.ended)
		if n := w.came(); n < 35 {
			t.Errorf("of 50 frames %[2]d came to %[1]s", c.name, n)
		}
	}
}

func TestWhoJoinsSeesALiveVideoFromItsNextKeyFrame(t *testing.T) {
	s := shared.Server(t)
	anna, ben := newCinema(t, s, "anna-live", "live"), newCinema(t, s, "ben-live", "live")
	await(anna.user, func(e rooms.PersonChanged) bool { return e.Person.State == rooms.Present })
	film := live(t, shot(t, 4), 30)
	sent := make(chan error, 1)
	go func() {
		_, err := anna.SendLive(t.Context(), "live", rooms.Attachment{MIME: "video/x-matroska", Name: "live.mkv"}, film)
		sent <- err
	}()
	began := await(ben.user, func(e rooms.TransferChanged) bool { return e.Transfer.Done > 0 })
	cleo := newCinema(t, s, "cleo-live", "live")
	late := await(cleo.user, func(e rooms.TransferChanged) bool { return e.Transfer.Done > 0 })
	if late.Transfer.Stream != began.Transfer.Stream {
		t.Errorf("%+v", late)
	}
	w := cleo.watch(tui.VideoID{Stream: late.Transfer.Stream})
	soon(t, "the first picture", w.first)
	film.Stop()
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	if e := await[rooms.TransferEnded](ben.user, nil); e.Err != nil {
		t.Errorf("who was there: %v", e.Err)
	}
	if e := await[rooms.TransferEnded](cleo.user, nil); !errors.Is(e.Err, rooms.ErrSkipped) {
		t.Errorf("who came late: %v", e.Err)
	}
	soon(t, "the end", w.ended)
	if n := w.came(); n < 20 {
		t.Errorf("%d frames came to who came late", n)
	}
}

func TestALiveVideoEndsAtOnceOnEitherSide(t *testing.T) {
	s := shared.Server(t)
	for name, c := range map[string]struct {
		end  func(anna, ben *cinema, stream rooms.MessageID)
		sent error // how it ended for who sends
		got  error // and for who takes
	}{
		"the sender cancels":  {func(anna, _ *cinema, stream rooms.MessageID) { anna.Cancel(stream) }, wire.ErrCancelled, wire.ErrCancelled},
		"the sender vanishes": {func(anna, _ *cinema, _ rooms.MessageID) { anna.Close() }, nil, wire.ErrStreamGone},
		// The word on its first connection and the refusal of a chunk on the other come in any order.
		"the last taker leaves": {func(_, ben *cinema, _ rooms.MessageID) { ben.Close() }, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			room := fmt.Sprintf("ends-%d", len(name))
			anna, ben := newCinema(t, s, "anna-"+room, room), newCinema(t, s, "ben-"+room, room)
			await(anna.user, func(e rooms.PersonChanged) bool { return e.Person.State == rooms.Present })
			film := live(t, shot(t, 2), 12) // and then it waits for what is not made yet
			sent := make(chan error, 1)
			go func() {
				_, err := anna.SendLive(context.Background(), room, rooms.Attachment{MIME: "video/x-matroska", Name: "live.mkv"}, film)
				sent <- err
			}()
			stream := await(ben.user, func(e rooms.TransferChanged) bool { return e.Transfer.Done > 0 }).Transfer.Stream
			c.end(anna, ben, stream)
			if c.got != nil {
				if e := await[rooms.TransferEnded](ben.user, nil); !errors.Is(e.Err, c.got) {
					t.Errorf("who takes: %v", e.Err)
				}
			}
			if err := <-sent; err == nil || c.sent != nil && !errors.Is(err, c.sent) {
				t.Errorf("who sends: %v", err)
			}
		})
	}
}
