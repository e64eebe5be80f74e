// SPDX-License-Identifier: GPL-2.0-only

package media

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Usage is what a store holds.
type Usage struct {
	Blobs  int    // whole ones
	Bytes  uint64 // with the unfinished ones
	Pinned uint64 // bytes of pinned blobs
}

// Usage counts what the store holds.
func (s *Store) Usage() (Usage, error) {
	var u Usage
	all, err := s.list()
	if err != nil {
		return u, fmt.Errorf("count the blob store: %w", err)
	}
	for _, e := range all {
		u.Bytes += e.size
		if !e.partial {
			u.Blobs++
		}
		if e.pinned {
			u.Pinned += e.size
		}
	}
	return u, nil
}

// An entry is a file of the store.
type entry struct {
	path    string
	size    uint64
	used    time.Time
	partial bool
	pinned  bool
}

// list reads the store's directories. Files that vanish meanwhile are passed over.
func (s *Store) list() ([]entry, error) {
	var all []entry
	for _, sub := range []string{blobDir, partialDir} {
		err := filepath.WalkDir(filepath.Join(s.dir, sub), func(path string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil || d.IsDir() {
				return err
			}
			info, err := d.Info()
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			e := entry{path: path, size: uint64(info.Size()), used: info.ModTime(), partial: sub == partialDir}
			name := filepath.Base(path)
			if !e.partial {
				name = filepath.Base(filepath.Dir(path)) + name
			}
			if h, err := ParseHash(name); err == nil {
				e.pinned = s.Pinned(h)
			}
			all = append(all, e)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// promise makes room for bytes that are to come, and keeps it for them. So two blobs at once cannot take the same.
func (s *Store) promise(need uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.makeRoom(need); err != nil {
		return err
	}
	s.promised.Add(int64(need))
	return nil
}

// makeRoom evicts until need more bytes fit under the limit, or returns [ErrStoreFull] and evicts nothing. It is called
// with mu held.
func (s *Store) makeRoom(need uint64) error {
	if s.opts.Limit == 0 {
		return nil
	}
	if need > s.opts.Limit {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrBlobTooLarge, need, s.opts.Limit)
	}
	unlock, err := s.lockAll()
	if err != nil {
		return err
	}
	defer unlock()
	all, err := s.list()
	if err != nil {
		return err
	}
	total, loose := need+uint64(s.promised.Load()), uint64(0)
	for _, e := range all {
		total += e.size
		if e.loose() {
			loose += e.size
		}
	}
	if total > s.opts.Limit+loose {
		return fmt.Errorf("%w: %d bytes needed, %d allowed", ErrStoreFull, total-loose, s.opts.Limit)
	}
	slices.SortFunc(all, func(a, b entry) int {
		return cmp.Or(a.used.Compare(b.used), strings.Compare(a.path, b.path))
	})
	for _, e := range all {
		if total <= s.opts.Limit {
			return nil
		}
		if !e.loose() {
			continue
		}
		gone, err := e.remove()
		if err != nil {
			return fmt.Errorf("evict blob: %w", err)
		}
		if gone {
			total -= e.size
		}
	}
	if total > s.opts.Limit {
		return fmt.Errorf("%w: %d bytes needed, %d allowed", ErrStoreFull, total, s.opts.Limit)
	}
	return nil
}

// partialRest is how long an unfinished blob is left in peace when room is needed.
const partialRest = time.Hour

// loose reports whether the file can go when room is needed.
func (e entry) loose() bool {
	return !e.pinned && (!e.partial || time.Since(e.used) > partialRest)
}

// remove deletes the file, unless it is an unfinished blob that somebody is receiving.
func (e entry) remove() (bool, error) {
	if e.partial {
		return removeUnlocked(e.path), nil
	}
	err := os.Remove(e.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	return true, nil
}

// removeUnlocked deletes an unfinished blob if nobody is receiving it.
func removeUnlocked(path string) bool {
	f, err := os.OpenFile(path, os.O_RDWR|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	mine, err := lockFile(f, path)
	return mine && err == nil && os.Remove(path) == nil
}

// Drop forgets what there is of an unfinished blob, unless somebody is receiving it.
func (s *Store) Drop(h Hash) { removeUnlocked(s.partialPath(h)) }

// lockAll keeps other programs from evicting at the same time.
func (s *Store) lockAll() (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(s.dir, "lock"), os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, diskFull(err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock the blob store: %w", err)
	}
	return func() { f.Close() }, nil // closing unlocks
}

// removeStale removes unfinished blobs that nobody receives and nobody will continue.
func (s *Store) removeStale(now time.Time) error {
	dir := filepath.Join(s.dir, partialDir)
	names, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, d := range names {
		info, err := d.Info()
		if err != nil {
			continue // it is gone
		}
		nameless := strings.HasPrefix(d.Name(), unnamed)
		if !nameless && now.Sub(info.ModTime()) < partialAge {
			continue
		}
		removeUnlocked(filepath.Join(dir, d.Name())) // what stays is tried again next time
	}
	return nil
}
