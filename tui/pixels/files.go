// SPDX-License-Identifier: GPL-2.0-only

package pixels

import (
	"errors"
	"image"
	"io/fs"
	"os"
	"sync"
	"time"

	"kchat/media/kitty"
)

const (
	// MaxFiles is how many pictures may lie in files that the terminal has not read. What is more goes to it directly.
	MaxFiles = 8
	// fileFor is how long the terminal may take to read a file.
	fileFor = 5 * time.Second
)

// files are the pictures on their way to a terminal on this machine through temporary files, which the terminal deletes
// when it has read them. What it leaves is deleted here, and then no more are written: it does not read them after all.
type files struct {
	dir    string        // for temporary files; "" chooses
	passed chan struct{} // the terminal was told of a file

	mu   sync.Mutex           // protects all below, and writing
	left map[string]time.Time // when the terminal was told of it; zero if it was not
	off  bool                 // no more are written
}

func newFiles() *files {
	return &files{passed: make(chan struct{}, 1), left: make(map[string]time.Time)}
}

// write puts a picture into a file; "" if it has to go directly.
func (f *files) write(m *image.RGBA) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.forgetRead()
	if f.off || len(f.left) >= MaxFiles {
		return ""
	}
	path, err := kitty.WriteTemp(f.dir, m)
	if err != nil {
		return "" // no room there, perhaps: directly it needs none
	}
	f.left[path] = time.Time{}
	return path
}

// forgetRead forgets the files that the terminal has deleted. The lock is held.
func (f *files) forgetRead() {
	for path := range f.left {
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			delete(f.left, path)
		}
	}
}

// pass says that the terminal was told of a file.
func (f *files) pass(path string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.left[path]; !ok {
		return
	}
	f.left[path] = time.Now()
	select {
	case f.passed <- struct{}{}:
	default:
	}
}

// remove deletes a file that the terminal was not told of.
func (f *files) remove(path string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.delete(path)
}

// delete is remove, with the lock held.
func (f *files) delete(path string) {
	delete(f.left, path)
	_ = os.Remove(path) // the terminal may have been first
}

// sweep deletes what the terminal has not read in time, and reports whether there are still files that it may read.
func (f *files) sweep() (more bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.forgetRead()
	for path, at := range f.left {
		if !at.IsZero() && time.Since(at) >= fileFor {
			f.delete(path)
			f.off = true
		}
	}
	return len(f.left) > 0
}

// close deletes all; none is written after it.
func (f *files) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.off = true
	for path := range f.left {
		f.delete(path)
	}
}
