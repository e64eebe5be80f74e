// SPDX-License-Identifier: GPL-2.0-only

package media

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"syscall"
)

// ErrGivenUp says that a blob will never be whole: its transfer ended before its end.
var ErrGivenUp = errors.New("the transfer was given up")

// progress is how far a blob has come. Its writer and those who follow it share it.
type progress struct {
	mu   sync.Mutex
	n    uint64        // bytes that can be read
	end  error         // io.EOF when the blob is whole, ErrGivenUp when it will never be
	news chan struct{} // closed at the next change
}

func newProgress(n uint64) *progress { return &progress{n: n, news: make(chan struct{})} }

// set notes a change and wakes who waits for it.
func (p *progress) set(n uint64, end error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.end != nil {
		return
	}
	p.n, p.end = n, end
	close(p.news)
	p.news = make(chan struct{})
}

func (p *progress) get() (n uint64, news <-chan struct{}, end error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.n, p.news, p.end
}

// Follower reads a blob while it is still being received, without holding up whoever writes it. Read and Close may
// be called from different goroutines.
type Follower struct {
	f      *os.File
	p      *progress
	off    uint64
	closed chan struct{}
	once   sync.Once
}

// Follow reads the blob from its beginning, waiting for what has not come yet. It ends with io.EOF after Commit and
// with [ErrGivenUp] after Close or Discard. It may be called while another goroutine writes.
func (in *Incoming) Follow() (*Follower, error) {
	f, err := os.OpenFile(in.path, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
	if errors.Is(err, fs.ErrNotExist) { // it was committed meanwhile, or given up
		return nil, fmt.Errorf("follow blob: %w", ErrNotStored)
	}
	if err != nil {
		return nil, fmt.Errorf("follow blob: %w", err)
	}
	return &Follower{f: f, p: in.progress, closed: make(chan struct{})}, nil
}

// Follow reads a blob that this program is receiving, from its beginning, like [Incoming.Follow]. [ErrNotStored] says
// that it is not being received; then it may be whole already.
func (s *Store) Follow(h Hash) (*Follower, error) {
	s.comingMu.Lock()
	p := s.coming[h]
	s.comingMu.Unlock()
	if p == nil {
		return nil, fmt.Errorf("follow blob %v: %w", h, ErrNotStored)
	}
	f, err := os.OpenFile(s.partialPath(h), os.O_RDONLY|syscall.O_NOFOLLOW, 0)
	if errors.Is(err, fs.ErrNotExist) {
		err = ErrNotStored
	}
	if err != nil {
		return nil, fmt.Errorf("follow blob %v: %w", h, err)
	}
	return &Follower{f: f, p: p, closed: make(chan struct{})}, nil
}

// Again reads the same blob from its beginning, also when it has no name any more.
func (r *Follower) Again() (*Follower, error) {
	fd, err := syscall.Dup(int(r.f.Fd()))
	if err != nil {
		return nil, fmt.Errorf("follow blob again: %w", err)
	}
	syscall.CloseOnExec(fd)
	return &Follower{f: os.NewFile(uintptr(fd), r.f.Name()), p: r.p, closed: make(chan struct{})}, nil
}

// noteComing says how far a blob is that is being received, or (nil) that it no longer is.
func (s *Store) noteComing(h Hash, p *progress) {
	s.comingMu.Lock()
	defer s.comingMu.Unlock()
	if p == nil {
		delete(s.coming, h)
	} else if !h.IsZero() {
		s.coming[h] = p
	}
}

// Read implements io.Reader. It waits until there is at least one byte, or until Close.
func (r *Follower) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		n, news, end := r.p.get()
		if r.off < n {
			got, err := r.f.ReadAt(p[:min(uint64(len(p)), n-r.off)], int64(r.off))
			r.off += uint64(got)
			if got > 0 {
				err = nil
			}
			return got, err
		}
		if end != nil {
			return 0, end
		}
		select {
		case <-news:
		case <-r.closed:
			return 0, fs.ErrClosed
		}
	}
}

// Close ends a waiting Read.
func (r *Follower) Close() error {
	var err error
	r.once.Do(func() {
		close(r.closed)
		err = r.f.Close()
	})
	return err
}
