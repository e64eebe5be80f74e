// SPDX-License-Identifier: GPL-2.0-only

package media

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

func openStore(t *testing.T, opts StoreOptions) *Store {
	t.Helper()
	s, err := OpenStore(filepath.Join(t.TempDir(), "blobs"), opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func put(t *testing.T, s *Store, data []byte) Hash {
	t.Helper()
	h, n, err := s.Put(bytes.NewReader(data))
	if err != nil || n != uint64(len(data)) || h != sha256.Sum256(data) {
		t.Fatalf("put: %v, %d, %v", h, n, err)
	}
	return h
}

func read(t *testing.T, s *Store, h Hash) []byte {
	t.Helper()
	f, err := s.Open(h)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// files lists what lies in the store's directories, marks and lock apart.
func files(t *testing.T, s *Store) []string {
	t.Helper()
	all, err := s.list()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range all {
		rel, err := filepath.Rel(s.dir, e.path)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, rel)
	}
	return names
}

func TestStoreGivesBackWhatWasPut(t *testing.T) {
	s := openStore(t, StoreOptions{})
	for _, data := range [][]byte{nil, []byte("a picture"), noise(300_000)} {
		h := put(t, s, data)
		if !s.Has(h) || !bytes.Equal(read(t, s, h), data) {
			t.Errorf("%d bytes came back changed", len(data))
		}
		if again := put(t, s, data); again != h {
			t.Errorf("the second time: %v", again)
		}
	}
	if got := files(t, s); len(got) != 3 {
		t.Errorf("the store holds %v", got)
	}
	reopened, err := OpenStore(s.dir, StoreOptions{})
	if err != nil || !reopened.Has(sha256.Sum256([]byte("a picture"))) {
		t.Errorf("opened again: %v", err)
	}
}

func TestStoreSaysWhatIsNotThere(t *testing.T) {
	s := openStore(t, StoreOptions{})
	h := Hash{1}
	if _, err := s.Open(h); !errors.Is(err, ErrNotStored) {
		t.Errorf("open: %v", err)
	}
	if _, err := s.Size(h); !errors.Is(err, ErrNotStored) || s.Has(h) {
		t.Errorf("size: %v", err)
	}
	if n, err := s.Partial(h); n != 0 || err != nil {
		t.Errorf("partial: %d, %v", n, err)
	}
}

func TestReceivedBlobIsVisibleOnlyWhenWholeAndRight(t *testing.T) {
	s := openStore(t, StoreOptions{})
	data := noise(40_000)
	h := Hash(sha256.Sum256(data))
	in, err := s.Receive(h, 40_000, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write(data[:30_000]); err != nil {
		t.Fatal(err)
	}
	if err := in.Commit(); !errors.Is(err, ErrTooShort) || s.Has(h) {
		t.Fatalf("committed too early: %v", err)
	}
	if _, err := in.Write(noise(10_001)); !errors.Is(err, ErrTooLong) {
		t.Fatalf("over the size: %v", err)
	}
	if _, err := in.Write(data[30_000:]); err != nil {
		t.Fatal(err)
	}
	if s.Has(h) {
		t.Fatal("visible before it was committed")
	}
	if err := in.Commit(); err != nil || !bytes.Equal(read(t, s, h), data) {
		t.Fatal(err)
	}
	if n, _ := s.Partial(h); n != 0 || len(files(t, s)) != 1 {
		t.Errorf("left over: %v", files(t, s))
	}
	if _, err := in.Write([]byte("x")); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("written after commit: %v", err)
	}
}

func TestReceivedBlobWithAnotherHashIsThrownAway(t *testing.T) {
	s := openStore(t, StoreOptions{})
	in, err := s.Receive(Hash{1, 2, 3}, 5, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write([]byte("wrong")); err != nil {
		t.Fatal(err)
	}
	if err := in.Commit(); !errors.Is(err, ErrHash) {
		t.Errorf("got %v", err)
	}
	if got := files(t, s); len(got) != 0 {
		t.Errorf("left over: %v", got)
	}
}

func TestInterruptedBlobGoesOnAtItsOffset(t *testing.T) {
	s := openStore(t, StoreOptions{})
	data := noise(50_000)
	h := Hash(sha256.Sum256(data))
	in, err := s.Receive(h, 50_000, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write(data[:20_000]); err != nil {
		t.Fatal(err)
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	// The program ends; the next one finds it.
	if s, err = OpenStore(s.dir, StoreOptions{}); err != nil {
		t.Fatal(err)
	}
	n, err := s.Partial(h)
	if err != nil || n != 20_000 || s.Has(h) {
		t.Fatalf("%d bytes, %v", n, err)
	}
	if _, err := s.Receive(h, 50_000, n+1); !errors.Is(err, ErrOffset) {
		t.Errorf("beyond what is there: %v", err)
	}
	if in, err = s.Receive(h, 50_000, 15_000); err != nil { // the server still has less than we do
		t.Fatal(err)
	}
	if in.Offset() != 15_000 {
		t.Errorf("goes on at %d", in.Offset())
	}
	if _, err := in.Write(data[15_000:]); err != nil {
		t.Fatal(err)
	}
	if err := in.Commit(); err != nil || !bytes.Equal(read(t, s, h), data) {
		t.Errorf("commit: %v", err)
	}
}

func TestBeginningDamagedByACrashIsNoticedAtTheEnd(t *testing.T) {
	s := openStore(t, StoreOptions{})
	data := noise(1000)
	h := Hash(sha256.Sum256(data))
	if err := os.WriteFile(s.partialPath(h), make([]byte, 500), 0o600); err != nil { // length written, bytes lost
		t.Fatal(err)
	}
	in, err := s.Receive(h, 1000, 500)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write(data[500:]); err != nil {
		t.Fatal(err)
	}
	if err := in.Commit(); !errors.Is(err, ErrHash) || s.Has(h) {
		t.Errorf("got %v", err)
	}
}

func TestOneBlobIsReceivedOnceAtATime(t *testing.T) {
	s := openStore(t, StoreOptions{})
	h := Hash(sha256.Sum256([]byte("x")))
	in, err := s.Receive(h, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Receive(h, 1, 0); !errors.Is(err, ErrBusy) {
		t.Errorf("a second one: %v", err)
	}
	in.Discard()
	if in, err = s.Receive(h, 1, 0); err != nil {
		t.Fatalf("after the first one ended: %v", err)
	}
	if err := in.Close(); err != nil {
		t.Error(err)
	}
}

func TestHashAndSizeCanBecomeKnownLater(t *testing.T) {
	s := openStore(t, StoreOptions{MaxBlob: 10})
	in, err := s.Receive(Hash{}, UnknownSize, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write([]byte("live")); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write([]byte("and on and on")); !errors.Is(err, ErrBlobTooLarge) {
		t.Errorf("over the limit of one blob: %v", err)
	}
	in.Expect(sha256.Sum256([]byte("live")), 4)
	if err := in.Commit(); err != nil || string(read(t, s, sha256.Sum256([]byte("live")))) != "live" {
		t.Errorf("commit: %v", err)
	}
	if in, err = s.Receive(Hash{}, UnknownSize, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write([]byte("left")); err != nil {
		t.Fatal(err)
	}
	if err := in.Close(); err != nil || len(files(t, s)) != 1 {
		t.Errorf("without a name nothing stays: %v, %v", files(t, s), err)
	}
}

func TestBlobOverTheLimitIsRefusedBeforeItsBytesCome(t *testing.T) {
	s := openStore(t, StoreOptions{MaxBlob: 100})
	if _, err := s.Receive(Hash{1}, 101, 0); !errors.Is(err, ErrBlobTooLarge) {
		t.Errorf("got %v", err)
	}
	if _, _, err := s.Put(bytes.NewReader(noise(101))); !errors.Is(err, ErrBlobTooLarge) {
		t.Errorf("put: %v", err)
	}
	if got := files(t, s); len(got) != 0 {
		t.Errorf("left over: %v", got)
	}
}

// age makes a blob look unused since a while.
func age(t *testing.T, path string, d time.Duration) {
	t.Helper()
	at := time.Now().Add(-d)
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

func TestWhatWasNotUsedForLongestGoesFirst(t *testing.T) {
	s := openStore(t, StoreOptions{Limit: 300})
	blob := func(c byte) []byte { return bytes.Repeat([]byte{c}, 100) }
	a, b, c := put(t, s, blob('a')), put(t, s, blob('b')), put(t, s, blob('c'))
	for i, h := range []Hash{a, b, c} {
		age(t, s.Path(h), time.Duration(10-i)*time.Minute)
	}
	read(t, s, a) // used now, so b is the oldest
	d := put(t, s, blob('d'))
	if s.Has(b) || !s.Has(a) || !s.Has(c) || !s.Has(d) {
		t.Errorf("a %v, b %v, c %v, d %v", s.Has(a), s.Has(b), s.Has(c), s.Has(d))
	}
	if u, err := s.Usage(); err != nil || u.Bytes != 300 || u.Blobs != 3 {
		t.Errorf("%+v, %v", u, err)
	}
}

func TestPinnedBlobsAreNeverEvicted(t *testing.T) {
	s := openStore(t, StoreOptions{Limit: 300})
	old := put(t, s, bytes.Repeat([]byte{'p'}, 200))
	age(t, s.Path(old), time.Hour)
	if err := s.Pin(old); err != nil || !s.Pinned(old) {
		t.Fatal(err)
	}
	loose := put(t, s, bytes.Repeat([]byte{'l'}, 100))
	if _, err := s.Receive(Hash{9}, 101, 0); !errors.Is(err, ErrStoreFull) {
		t.Errorf("more than is loose: %v", err)
	}
	if !s.Has(loose) {
		t.Error("something was evicted in vain")
	}
	next := put(t, s, bytes.Repeat([]byte{'n'}, 100))
	if !s.Has(old) || s.Has(loose) || !s.Has(next) {
		t.Errorf("pinned %v, loose %v, next %v", s.Has(old), s.Has(loose), s.Has(next))
	}
	if u, err := s.Usage(); err != nil || u.Pinned != 200 {
		t.Errorf("%+v, %v", u, err)
	}
	if err := s.Unpin(old); err != nil || s.Pinned(old) {
		t.Error(err)
	}
	big := put(t, s, bytes.Repeat([]byte{'b'}, 300))
	if s.Has(old) || !s.Has(big) {
		t.Error("what is unpinned can go")
	}
}

func TestTwoBlobsAtOnceDoNotTakeTheSameRoom(t *testing.T) {
	s := openStore(t, StoreOptions{Limit: 300})
	first, err := s.Receive(Hash{1}, 200, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Receive(Hash{2}, 200, 0); !errors.Is(err, ErrStoreFull) {
		t.Errorf("both would take the store over its limit: %v", err)
	}
	left, err := os.ReadDir(filepath.Join(s.dir, partialDir))
	if err != nil || len(left) != 1 {
		t.Errorf("%v, %v: what found no room left something", left, err)
	}
	if _, err := first.Write(noise(50)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Receive(Hash{2}, 101, 0); !errors.Is(err, ErrStoreFull) {
		t.Errorf("what has come and what is to come: %v", err)
	}
	if err := first.Close(); err != nil { // 50 bytes stay
		t.Fatal(err)
	}
	second, err := s.Receive(Hash{2}, 250, 0)
	if err != nil {
		t.Errorf("what will not come takes no room: %v", err)
	} else {
		second.Discard()
	}
	if _, err := s.Receive(Hash{3}, 301, 0); !errors.Is(err, ErrBlobTooLarge) {
		t.Errorf("larger than the store: %v", err)
	}
	if n := s.promised.Load(); n != 0 {
		t.Errorf("%d bytes are kept for nobody", n)
	}
}

func TestForgottenBeginningsGoWhenRoomIsNeeded(t *testing.T) {
	s := openStore(t, StoreOptions{Limit: 100})
	forgotten := s.partialPath(Hash{7})
	if err := os.WriteFile(forgotten, noise(80), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Put(bytes.NewReader(noise(50))); !errors.Is(err, ErrStoreFull) {
		t.Fatalf("it may still go on: %v", err)
	}
	age(t, forgotten, 2*time.Hour)
	put(t, s, noise(50))
	if _, err := os.Stat(forgotten); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
}

func TestOpeningRemovesWhatNobodyWillContinue(t *testing.T) {
	s := openStore(t, StoreOptions{})
	old, fresh, nameless := s.partialPath(Hash{1}), s.partialPath(Hash{2}), filepath.Join(s.dir, partialDir, unnamed+"1")
	for _, path := range []string{old, fresh, nameless} {
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	age(t, old, partialAge+time.Hour)
	busy, err := s.Receive(Hash{}, UnknownSize, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Discard()
	if s, err = OpenStore(s.dir, StoreOptions{}); err != nil {
		t.Fatal(err)
	}
	got := files(t, s)
	if len(got) != 2 { // fresh, and the one being received
		t.Errorf("left: %v", got)
	}
}

// fullDisk is a file on a disk with room for a few bytes.
type fullDisk struct {
	blobFile
	room int
}

func (f *fullDisk) Write(p []byte) (int, error) {
	n, err := f.blobFile.Write(p[:min(len(p), f.room)])
	f.room -= n
	if err == nil && n < len(p) {
		err = &fs.PathError{Op: "write", Path: "blob", Err: syscall.ENOSPC}
	}
	return n, err
}

func TestFullDiskIsNamedAndNothingStays(t *testing.T) {
	s := openStore(t, StoreOptions{})
	open := s.openFile
	s.openFile = func(name string, flag int, perm fs.FileMode) (blobFile, error) {
		f, err := open(name, flag, perm)
		return &fullDisk{f, 1000}, err
	}
	if _, _, err := s.Put(bytes.NewReader(noise(5000))); !errors.Is(err, ErrDiskFull) || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("put: %v", err)
	}
	h := Hash(sha256.Sum256(noise(5000)))
	in, err := s.Receive(h, 5000, 0)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := in.Write(noise(5000)); !errors.Is(err, ErrDiskFull) || n != 1000 {
		t.Errorf("receive: %d, %v", n, err)
	}
	if err := in.Close(); err != nil {
		t.Error(err)
	}
	if got := files(t, s); len(got) != 0 || s.Has(h) {
		t.Errorf("left over: %v", got)
	}
}

func TestDamagedBlobIsFoundAndRemoved(t *testing.T) {
	s := openStore(t, StoreOptions{})
	h := put(t, s, noise(100))
	if err := s.Verify(h); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.Path(h), noise(99), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(h); !errors.Is(err, ErrHash) || s.Has(h) {
		t.Errorf("got %v", err)
	}
	if err := s.Verify(h); !errors.Is(err, ErrNotStored) {
		t.Errorf("then %v", err)
	}
}

func TestStoreKeepsItsFilesToTheUser(t *testing.T) {
	s := openStore(t, StoreOptions{})
	h := put(t, s, []byte("private"))
	for path, want := range map[string]fs.FileMode{s.Path(h): 0o600, filepath.Dir(s.Path(h)): 0o700, s.dir: 0o700} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
}

func TestStoreServesManyAtOnce(t *testing.T) {
	s := openStore(t, StoreOptions{Limit: 40_000})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 10 {
				data := bytes.Repeat([]byte{byte(i), byte(j)}, 1000)
				h, _, err := s.Put(bytes.NewReader(data))
				if err != nil {
					t.Error(err)
					return
				}
				f, err := s.Open(h)
				if errors.Is(err, ErrNotStored) { // evicted by the others
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				got, err := io.ReadAll(f)
				f.Close()
				if err != nil || !bytes.Equal(got, data) {
					t.Errorf("blob %d %d: %v", i, j, err)
				}
			}
		})
	}
	all.Wait()
}
