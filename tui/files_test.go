// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"kchat/rooms"
	"kchat/wire"
)

// fakeFiles are files without a disk.
type fakeFiles struct {
	mu      sync.Mutex
	found   map[rooms.Hash]Found
	saved   []string
	saveErr error
	dropped []rooms.Hash
}

func (f *fakeFiles) Look(hash rooms.Hash) Found {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.found[hash]
}

func (f *fakeFiles) Save(_ context.Context, _ rooms.Hash, name string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.saveErr != nil {
		return "", fmt.Errorf("save file: %w", f.saveErr)
	}
	f.saved = append(f.saved, name)
	return "/home/mina/Downloads/" + name, nil
}

func (f *fakeFiles) Keep(hash rooms.Hash, keep bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.found[hash] = Found{Here: f.found[hash].Here, Kept: keep}
	return nil
}

func (f *fakeFiles) Drop(hash rooms.Hash) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dropped = append(f.dropped, hash)
}

// withFiles is a room of two where what is larger than a MiB is not taken unasked.
func withFiles(t *testing.T) (*stage, *fakeFiles) {
	t.Helper()
	files := &fakeFiles{found: map[rooms.Hash]Found{}}
	s := newStage(t, 150, 30, func(_ *stage, cfg *Config) {
		cfg.Pictures, cfg.Files, cfg.AskAbove = &fakePictures{here: map[rooms.Hash]bool{}}, files, 1<<20
	})
	s.logIn()
	s.company(joon)
	s.wait("2 here")
	return s, files
}

// offer lets joon say a message with a file, and returns the transfer that belongs to it.
func (s *stage) offer(seq uint64, name string, size uint64) rooms.Transfer {
	m := said(seq, joon, "")
	m.Time = noon
	m.Attached = &rooms.Attachment{Hash: rooms.Hash{byte(seq)}, Size: size, MIME: "application/zip", Name: name}
	s.happen(rooms.MessageChanged{Message: m})
	return rooms.Transfer{Room: "lobby", From: joon.ID, Attached: *m.Attached, Kind: rooms.StreamFile}
}

func (f *fakeClient) fetches() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.fetched)
}

func (f *fakeClient) stops() []rooms.Hash {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.stopped)
}

func TestASmallFileIsSavedWhenItHasCome(t *testing.T) {
	s, files := withFiles(t)
	moving := s.offer(1, "notes.zip", 80_000)
	s.wait("notes.zip · 78 KiB · application/zip · sha256 010000000000")
	moving.Done = 40_000
	s.happen(rooms.TransferChanged{Transfer: moving})
	s.wait("coming, 50 %")
	moving.Done = 80_000
	s.happen(rooms.TransferEnded{Transfer: moving})
	s.wait("saved as /home/mina/Downloads/notes.zip")
	s.press(up, "o")
	s.wait("Copied: /home/mina/Downloads")
	s.until("the clipboard", func() bool { return s.term.Wrote("\x1b]52;c;L2hvbWUvbWluYS9Eb3dubG9hZHM=") })

	// Where it cannot be saved that is said, and a key tries again.
	files.mu.Lock()
	files.saveErr = errors.New("no space left on device")
	files.mu.Unlock()
	second := s.offer(2, "more.zip", 80_000)
	s.happen(rooms.TransferEnded{Transfer: second})
	s.wait("more.zip was not saved: no space left on device")
	files.mu.Lock()
	files.saveErr = nil
	files.mu.Unlock()
	s.press(up, "s")
	s.wait("saved as /home/mina/Downloads/more.zip")
}

func TestALargeFileIsTakenOnlyWhenOneSaysSo(t *testing.T) {
	s, _ := withFiles(t)
	moving := s.offer(1, "film.zip", 5<<20)
	s.wait("준호 sends film.zip, 5.0 MiB: /accept takes it", "not taken yet, since it is large")
	if s.client.fetches() != 0 {
		t.Fatal("it was taken unasked")
	}
	s.type_("/cancel")
	s.press(enter)
	s.wait("not wanted")
	s.press(up, "g")
	s.wait("asked for")
	s.until("the question", func() bool { return s.client.fetches() == 1 })
	moving.Done = moving.Attached.Size
	s.happen(rooms.TransferEnded{Transfer: moving})
	s.wait("saved as /home/mina/Downloads/film.zip")
}

func TestWhoCancelsEndsItThere(t *testing.T) {
	s, files := withFiles(t)
	moving := s.offer(1, "notes.zip", 80_000)
	moving.Done = 40_000
	s.happen(rooms.TransferChanged{Transfer: moving})
	s.wait("coming, 50 %")
	s.type_("/cancel")
	s.press(enter)
	s.wait("stopped; /accept goes on")
	s.until("the client to stop", func() bool { return slices.Equal(s.client.stops(), []rooms.Hash{{1}}) })
	s.happen(rooms.TransferEnded{Transfer: moving, Err: wire.ErrCancelled})
	s.settle()
	s.until("what came to be dropped", func() bool {
		files.mu.Lock()
		defer files.mu.Unlock()
		return slices.Equal(files.dropped, []rooms.Hash{{1}})
	})
	s.wait("stopped; /accept goes on")
	s.type_("/cancel")
	s.press(enter)
	s.wait("Nothing is on its way here.")
}

func TestWhatBecomesOfATransferIsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"interrupted":     {wire.ErrStreamGone, "50 % are here; the rest comes as soon as somebody who has it is here"},
		"stopped by them": {wire.ErrCancelled, "stopped; /accept goes on"},
		"damaged":         {wire.ErrStreamHash, "damaged and thrown away; it is asked for from somebody else"},
		"full":            {fmt.Errorf("%w notes.zip: the store is full", rooms.ErrKeeping), "not here: keeping notes.zip: the store is full"},
	} {
		t.Run(name, func(t *testing.T) {
			s, files := withFiles(t)
			moving := s.offer(1, "notes.zip", 80_000)
			moving.Done = 40_000
			s.happen(rooms.TransferChanged{Transfer: moving}, rooms.TransferEnded{Transfer: moving, Err: c.err})
			s.wait(c.want)
			files.mu.Lock()
			defer files.mu.Unlock()
			if len(files.saved) != 0 {
				t.Errorf("%q was saved", files.saved)
			}
		})
	}
}

func TestWhatNobodyTookIsSaid(t *testing.T) {
	s, _ := withFiles(t)
	m := said(1, s.client.me, "")
	m.Attached = &rooms.Attachment{Hash: rooms.Hash{1}, Size: 80_000, MIME: "application/zip", Name: "mine.zip"}
	going := rooms.Transfer{Room: "lobby", From: 1, Attached: *m.Attached, Kind: rooms.StreamFile, Outgoing: true}
	s.happen(rooms.MessageChanged{Message: m}, rooms.TransferChanged{Transfer: going})
	s.wait("sending, 0 %")
	s.happen(rooms.TransferEnded{Transfer: going, Err: wire.ErrCancelled})
	s.wait("nobody has taken it so far")
}

func TestWhatWasInterruptedGoesOnByItself(t *testing.T) {
	s, files := withFiles(t)
	files.mu.Lock()
	files.found[rooms.Hash{1}] = Found{Part: 20_000} // of an earlier run
	files.mu.Unlock()
	s.offer(1, "notes.zip", 80_000)
	s.wait("25 % are here")
	s.until("the question", func() bool { return s.client.fetches() == 1 })
}

func TestKeepingIsSeenAndUndone(t *testing.T) {
	s, files := withFiles(t)
	files.mu.Lock()
	files.found[rooms.Hash{1}] = Found{Here: true}
	files.mu.Unlock()
	s.offer(1, "notes.zip", 80_000)
	s.wait("notes.zip")
	s.settle()
	s.type_("/keep")
	s.press(enter)
	s.wait("notes.zip is kept, however full the store is.", "sha256 010000000000 · kept")
	s.type_("/keep")
	s.press(enter)
	s.wait("notes.zip may go when the store is full.")
	s.gone("· kept")
}
