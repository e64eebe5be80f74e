// SPDX-License-Identifier: GPL-2.0-only

package media

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// What can go wrong with the store.
var (
	ErrNotStored    = errors.New("this blob is not here: it can be asked for again while somebody who has it is present")
	ErrBlobTooLarge = errors.New("the file is larger than the store takes: raise the limit or send it in parts")
	ErrStoreFull    = errors.New("the store is full of what is pinned: unpin something or raise its limit")
	ErrDiskFull     = errors.New("the disk is full: free some space and try again")
	ErrBusy         = errors.New("this blob is being received already")
	ErrOffset       = errors.New("there is less of this blob than thought")
)

// StoreOptions set the limits of a store. Zero means no limit.
type StoreOptions struct {
	Limit   uint64 // bytes of all blobs together
	MaxBlob uint64 // bytes of one blob
}

// Store keeps blobs in files named by their SHA-256:
//
//	sha256/ab/cdef…  whole blobs, checked and synced before they got this name
//	partial/abcdef…  beginnings of blobs that are still to come, and blobs whose hash is not known yet
//	pinned/abcdef…   empty marks of blobs that must stay
//
// A crash at any moment leaves at most a partial file. When the limit is reached, the blobs not opened for longest
// go first, and pinned ones never. Several programs can use the same directory. A Store is safe for use by several
// goroutines.
type Store struct {
	dir  string
	opts StoreOptions
	// openFile opens the file of an unfinished blob; tests put one in its place that fails.
	openFile func(name string, flag int, perm fs.FileMode) (blobFile, error)

	mu sync.Mutex // serialises eviction and renaming within this program; the lock file does between programs

	promised atomic.Int64 // bytes that are still to come of blobs that this program is receiving

	comingMu sync.Mutex
	coming   map[Hash]*progress // of blobs that this program is receiving
}

// blobFile is what is needed of the file of an unfinished blob.
type blobFile interface {
	io.ReadWriteSeeker
	io.Closer
	Truncate(size int64) error
	Sync() error
	Stat() (fs.FileInfo, error)
	Fd() uintptr
}

const (
	blobDir    = "sha256"
	partialDir = "partial"
	pinnedDir  = "pinned"
	// partialAge is how long an unfinished blob waits for the rest of it.
	partialAge = 7 * 24 * time.Hour
	// unnamed begins the names of files whose hash is not known yet.
	unnamed = "new-"
)

// OpenStore opens the store in a directory, which is made if it is not there, and removes what nobody finished.
func OpenStore(dir string, opts StoreOptions) (*Store, error) {
	s := &Store{dir: dir, opts: opts, coming: make(map[Hash]*progress), openFile: func(name string, flag int, perm fs.FileMode) (blobFile, error) {
		return os.OpenFile(name, flag, perm)
	}}
	for _, sub := range []string{blobDir, partialDir, pinnedDir} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return nil, fmt.Errorf("open blob store: %w", diskFull(err))
		}
	}
	if err := s.removeStale(time.Now()); err != nil {
		return nil, fmt.Errorf("open blob store: %w", err)
	}
	return s, nil
}

// Path names the file of a blob, which is there if Has says so. It is for programs that read files; they must not
// write to it.
func (s *Store) Path(h Hash) string {
	name := h.String()
	return filepath.Join(s.dir, blobDir, name[:2], name[2:])
}

func (s *Store) partialPath(h Hash) string { return filepath.Join(s.dir, partialDir, h.String()) }

func (s *Store) pinPath(h Hash) string { return filepath.Join(s.dir, pinnedDir, h.String()) }

// Has reports whether the whole blob is here.
func (s *Store) Has(h Hash) bool {
	_, err := s.Size(h)
	return err == nil
}

// Size gives the bytes of a blob, or [ErrNotStored].
func (s *Store) Size(h Hash) (uint64, error) {
	info, err := os.Lstat(s.Path(h))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, fmt.Errorf("look for blob %v: %w", h, ErrNotStored)
	case err != nil:
		return 0, fmt.Errorf("look for blob %v: %w", h, err)
	case !info.Mode().IsRegular():
		return 0, fmt.Errorf("look for blob %v: %w", h, ErrNotStored)
	}
	return uint64(info.Size()), nil
}

// Open opens a blob for reading and notes that it was used. It can be read to its end even if it is evicted
// meanwhile. The error is [ErrNotStored] when the whole of it is not here.
func (s *Store) Open(h Hash) (io.ReadSeekCloser, error) {
	f, err := os.OpenFile(s.Path(h), os.O_RDONLY|syscall.O_NOFOLLOW, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open blob %v: %w", h, ErrNotStored)
	}
	if err != nil {
		return nil, fmt.Errorf("open blob %v: %w", h, err)
	}
	now := time.Now()
	_ = os.Chtimes(f.Name(), now, now) // only the order of eviction suffers without it
	return f, nil
}

// Partial gives how many bytes of an unfinished blob are here; 0 when there are none.
func (s *Store) Partial(h Hash) (uint64, error) {
	info, err := os.Lstat(s.partialPath(h))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("look for the beginning of blob %v: %w", h, err)
	}
	return uint64(info.Size()), nil
}

// Put stores what r gives under its hash. It returns hash and size.
func (s *Store) Put(r io.Reader) (Hash, uint64, error) {
	in, err := s.Receive(Hash{}, UnknownSize, 0)
	if err != nil {
		return Hash{}, 0, err
	}
	defer in.Close()
	if _, err := io.Copy(in, r); err != nil {
		return Hash{}, 0, fmt.Errorf("store blob: %w", err)
	}
	if err := in.Commit(); err != nil {
		return Hash{}, 0, err
	}
	h, n := in.Sum()
	return h, n, nil
}

// Verify reads a blob and compares it with its hash. A blob that the disk has damaged is removed, and the error is
// [ErrHash].
func (s *Store) Verify(h Hash) error {
	f, err := s.Open(h)
	if err != nil {
		return err
	}
	defer f.Close()
	sum, _, err := hashOf(f)
	if err != nil {
		return fmt.Errorf("verify blob %v: %w", h, err)
	}
	if sum == h {
		return nil
	}
	if err := s.Remove(h); err != nil {
		return err
	}
	return fmt.Errorf("verify blob %v: %w", h, ErrHash)
}

// Remove deletes a blob, pinned or not, and what there is of it. It is no error if it is not here.
func (s *Store) Remove(h Hash) error {
	for _, path := range []string{s.Path(h), s.partialPath(h), s.pinPath(h)} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove blob %v: %w", h, err)
		}
	}
	return nil
}

// Pin marks a blob as one to keep, whether it is here yet or not.
func (s *Store) Pin(h Hash) error {
	f, err := os.OpenFile(s.pinPath(h), os.O_CREATE|os.O_WRONLY|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return fmt.Errorf("pin blob %v: %w", h, diskFull(err))
	}
	return f.Close()
}

// Unpin takes the mark away.
func (s *Store) Unpin(h Hash) error {
	if err := os.Remove(s.pinPath(h)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("unpin blob %v: %w", h, err)
	}
	return nil
}

// Pinned reports whether a blob is marked as one to keep.
func (s *Store) Pinned(h Hash) bool {
	_, err := os.Lstat(s.pinPath(h))
	return err == nil
}

// diskFull gives a full disk its name.
func diskFull(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %w", ErrDiskFull, err)
	}
	return err
}
