// SPDX-License-Identifier: GPL-2.0-only

package media

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Incoming is a blob on its way into the store. Nobody sees it there before Commit. It is not safe for use by
// several goroutines at once.
type Incoming struct {
	s     *Store
	f     blobFile
	path  string
	begun Hash   // as given to Receive
	want  Hash   // zero: not known
	size  uint64 // UnknownSize: not known
	n     uint64
	sum   hash.Hash
	done  bool
	owed  uint64 // of the room that the store keeps for it
	out   uint64 // bytes that the disk has been given, or is being given

	progress *progress // for those who follow
}

// Receive begins or continues a blob. What is there of it from an earlier attempt is kept up to offset and read
// once for the running hash; [ErrOffset] says that less is there. A zero hash or UnknownSize means that they will
// be known later: such a blob cannot be continued, and Expect can name them. Other errors: [ErrBusy],
// [ErrBlobTooLarge], [ErrStoreFull], [ErrDiskFull].
func (s *Store) Receive(h Hash, size, offset uint64) (*Incoming, error) {
	if size != UnknownSize && s.opts.MaxBlob > 0 && size > s.opts.MaxBlob {
		return nil, fmt.Errorf("receive blob: %w: %d bytes, at most %d", ErrBlobTooLarge, size, s.opts.MaxBlob)
	}
	if offset > size || h.IsZero() && offset > 0 {
		return nil, fmt.Errorf("receive blob %v: %w", h, ErrOffset)
	}
	in := &Incoming{s: s, begun: h, want: h, size: size, sum: sha256.New()}
	if err := in.open(); err != nil {
		return nil, fmt.Errorf("receive blob: %w", diskFull(err))
	}
	if err := in.resume(offset); err != nil {
		in.f.Close()
		return nil, fmt.Errorf("receive blob: %w", err)
	}
	if size != UnknownSize {
		if err := s.promise(size - offset); err != nil {
			if offset == 0 {
				_ = os.Remove(in.path) // an empty file, which goes when it is stale if it cannot go now
			}
			in.f.Close()
			return nil, fmt.Errorf("receive blob: %w", err)
		}
		in.owed = size - offset
	}
	s.noteComing(h, in.progress)
	return in, nil
}

// open opens the partial file and takes its lock.
func (in *Incoming) open() error {
	in.path = in.s.partialPath(in.want)
	if in.want.IsZero() {
		f, err := os.CreateTemp(filepath.Join(in.s.dir, partialDir), unnamed+"*")
		if err != nil {
			return err
		}
		in.path = f.Name()
		if err := f.Close(); err != nil {
			return err
		}
	}
	for {
		f, err := in.s.openFile(in.path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
		if err != nil {
			return err
		}
		in.f = f
		same, err := lockFile(f, in.path)
		if same {
			return nil
		}
		f.Close()
		if err != nil {
			return err
		}
	}
}

// lockFile locks an open file, and reports whether its name still stands for it: between opening and locking
// somebody else may have finished or removed it.
func lockFile(f blobFile, path string) (bool, error) {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, ErrBusy
	}
	if err != nil {
		return false, fmt.Errorf("lock %s: %w", filepath.Base(path), err)
	}
	mine, err := f.Stat()
	if err != nil {
		return false, err
	}
	named, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && os.SameFile(mine, named), err
}

// resume reads what is there up to offset and cuts off the rest.
func (in *Incoming) resume(offset uint64) error {
	n, err := io.CopyN(in.sum, in.f, int64(offset))
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: %d bytes, not %d", ErrOffset, n, offset)
	}
	if err != nil {
		return fmt.Errorf("read the beginning: %w", err)
	}
	if err := in.f.Truncate(n); err != nil {
		return fmt.Errorf("cut off the rest: %w", err)
	}
	in.n, in.out = offset, offset
	in.progress = newProgress(offset)
	return nil
}

// writeOutEvery is after how many bytes the disk is given what has come, while more comes.
const writeOutEvery = 4 << 20

// Expect names hash and size when they become known after Receive.
func (in *Incoming) Expect(h Hash, size uint64) { in.want, in.size = h, size }

// Offset is how many bytes are there.
func (in *Incoming) Offset() uint64 { return in.n }

// Sum is the hash of what is there, and how many bytes it is.
func (in *Incoming) Sum() (Hash, uint64) { return Hash(in.sum.Sum(nil)), in.n }

// Write adds to the blob. More than the announced size gives [ErrTooLong], more than the store takes
// [ErrBlobTooLarge]; a full disk gives [ErrDiskFull], and what came so far is given up to free it.
func (in *Incoming) Write(p []byte) (int, error) {
	end := in.n + uint64(len(p))
	switch {
	case in.done:
		return 0, fmt.Errorf("write blob: %w", fs.ErrClosed)
	case end > in.size:
		return 0, fmt.Errorf("write blob: %w: %d of %d bytes", ErrTooLong, end, in.size)
	case in.s.opts.MaxBlob > 0 && end > in.s.opts.MaxBlob:
		return 0, fmt.Errorf("write blob: %w: at most %d bytes", ErrBlobTooLarge, in.s.opts.MaxBlob)
	}
	n, err := in.f.Write(p)
	in.sum.Write(p[:n])
	in.n += uint64(n)
	in.settle(uint64(n))
	if in.n-in.out >= writeOutEvery {
		writeOut(in.f, in.out, in.n-in.out)
		in.out = in.n
	}
	in.progress.set(in.n, nil)
	if err != nil {
		err = diskFull(err)
		if errors.Is(err, ErrDiskFull) {
			in.discard()
		}
		return n, fmt.Errorf("write blob: %w", err)
	}
	return n, nil
}

// Commit checks size and hash, and makes the blob visible once it is safe on the disk. A blob that is not what its
// hash says is thrown away, with [ErrHash]; one that is not complete yet is kept, with [ErrTooShort].
func (in *Incoming) Commit() error {
	if in.done {
		return fmt.Errorf("commit blob: %w", fs.ErrClosed)
	}
	if in.size != UnknownSize && in.n < in.size {
		return fmt.Errorf("commit blob: %w: %d of %d bytes", ErrTooShort, in.n, in.size)
	}
	got, _ := in.Sum()
	if !in.want.IsZero() && got != in.want {
		in.discard()
		return fmt.Errorf("commit blob %v: %w", in.want, ErrHash)
	}
	if err := in.publish(got); err != nil {
		err = diskFull(err)
		if errors.Is(err, ErrDiskFull) {
			in.discard()
		}
		return fmt.Errorf("commit blob %v: %w", got, err)
	}
	return nil
}

// publish gives the file its final name: bytes first on the disk, then the name, then the directory.
func (in *Incoming) publish(h Hash) error {
	if in.size == UnknownSize {
		if err := in.s.promise(0); err != nil {
			return err
		}
	}
	if err := in.f.Sync(); err != nil {
		return err
	}
	path := in.s.Path(h)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := os.Rename(in.path, path); err != nil {
		return err
	}
	in.finish(io.EOF)
	if err := in.f.Close(); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// Close ends the transfer. Without Commit, what came is kept for a later Receive if its hash is known, and thrown
// away if not.
func (in *Incoming) Close() error {
	if in.done {
		return nil
	}
	if in.want.IsZero() || in.path != in.s.partialPath(in.want) || in.n == 0 {
		in.discard()
		return nil
	}
	in.finish(ErrGivenUp)
	if err := in.f.Close(); err != nil {
		return fmt.Errorf("close unfinished blob: %w", err)
	}
	return nil
}

// Discard gives the transfer up and throws away what came.
func (in *Incoming) Discard() {
	if !in.done {
		in.discard()
	}
}

func (in *Incoming) discard() {
	in.finish(ErrGivenUp)
	_ = os.Remove(in.path) // what cannot be removed now is removed when it is stale
	_ = in.f.Close()
}

// settle gives back room that was kept: so much has come, or will not come.
func (in *Incoming) settle(n uint64) {
	n = min(n, in.owed)
	in.owed -= n
	in.s.promised.Add(-int64(n))
}

// finish tells those who follow that no more will come.
func (in *Incoming) finish(end error) {
	in.done = true
	in.settle(in.owed)
	in.progress.set(in.n, end)
	in.s.noteComing(in.begun, nil)
}

// hashOf reads to the end and gives hash and size.
func hashOf(r io.Reader) (Hash, uint64, error) {
	sum := sha256.New()
	n, err := io.Copy(sum, r)
	return Hash(sum.Sum(nil)), uint64(n), err
}

// syncDir puts a directory's names on the disk.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
