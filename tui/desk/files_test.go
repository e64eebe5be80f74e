// SPDX-License-Identifier: GPL-2.0-only

package desk

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"kchat/media"
	"kchat/rooms"
)

func newStore(t *testing.T) *media.Store {
	t.Helper()
	store, err := media.OpenStore(filepath.Join(t.TempDir(), "blobs"), media.StoreOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// What strangers call a file names one in the download folder and nothing else.
func TestWhatComesIsSavedInTheDownloadFolderAlone(t *testing.T) {
	store := newStore(t)
	h, _, err := store.Put(strings.NewReader("#!/bin/sh\necho hello\n"))
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	folder := filepath.Join(home, "Downloads", "kchat") // which is not there yet
	files := NewFiles(store, folder)
	for _, name := range []string{
		"notes.txt", "notes.txt", "../../escape.txt", "/etc/passwd", `..\..\boot.ini`, ".bashrc", "..", "", "CON", "nul.txt", "-rf",
		"~root", "run.sh\x00.png", "a\nb", "\u202egnp.exe", strings.Repeat("길", 300) + ".png", "a/.ssh/authorized_keys",
	} {
		path, err := files.Save(t.Context(), rooms.Hash(h), name)
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		base := filepath.Base(path)
		if filepath.Dir(path) != folder || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "-") || strings.HasPrefix(base, "~") {
			t.Errorf("%q was saved as %q", name, path)
		}
		info, err := os.Lstat(path)
		if err != nil || !info.Mode().IsRegular() || info.Mode().Perm()&0o111 != 0 {
			t.Errorf("%q: %v, %v", name, info.Mode(), err)
		}
	}
	count := 0
	err = filepath.WalkDir(home, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			count++
			if filepath.Dir(path) != folder {
				t.Errorf("%q is outside", path)
			}
		}
		return err
	})
	if err != nil || count != 17 {
		t.Errorf("%d files for 17 names, %v: one lies over another", count, err)
	}
}

func TestAFolderThatCannotBeWrittenLeavesNothing(t *testing.T) {
	store := newStore(t)
	h, _, err := store.Put(strings.NewReader("words"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "Downloads")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewFiles(store, file).Save(t.Context(), rooms.Hash(h), "a"); err == nil || !strings.Contains(err.Error(), "download folder") {
		t.Error(err)
	}
}

func TestTheDownloadFolderIsThatOfTheDesktop(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(home, "config"))
	t.Setenv("XDG_DOWNLOAD_DIR", "")
	check := func(want string) {
		t.Helper()
		if got, err := DownloadFolder(); got != want || err != nil {
			t.Errorf("%q, %v; expected %q", got, err, want)
		}
	}
	check(filepath.Join(home, "Downloads"))
	if err := os.MkdirAll(filepath.Join(home, "config"), 0o700); err != nil {
		t.Fatal(err)
	}
	words := "# comment\nXDG_MUSIC_DIR=\"$HOME/Music\"\nXDG_DOWNLOAD_DIR=\"$HOME/다운로드\"\n"
	if err := os.WriteFile(filepath.Join(home, "config", "user-dirs.dirs"), []byte(words), 0o600); err != nil {
		t.Fatal(err)
	}
	check(filepath.Join(home, "다운로드"))
	t.Setenv("XDG_DOWNLOAD_DIR", "/srv/downloads")
	check("/srv/downloads")
}

func TestAnyFileCanBeSentEvenAnEmptyOne(t *testing.T) {
	store := newStore(t)
	dir := t.TempDir()
	for name, words := range map[string]string{"empty": "", "notes.txt": "words", "blob": "\x00\x01\x02"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(words), 0o600); err != nil {
			t.Fatal(err)
		}
		sent, err := NewPictures(store).Attach(t.Context(), path, rooms.StreamFile)
		if err != nil || sent.Size != uint64(len(words)) || sent.Name != name || sent.MIME == "" || !store.Has(media.Hash(sent.Hash)) {
			t.Errorf("%s: %+v, %v", name, sent, err)
		}
	}
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, pipe, "/dev/null"} {
		if _, err := NewPictures(store).Attach(t.Context(), path, rooms.StreamFile); err == nil || !strings.Contains(err.Error(), "not a file") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestAFileThatDoesNotFitOrIsStoppedLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	store, err := media.OpenStore(dir, media.StoreOptions{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(path, make([]byte, 1001), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewPictures(store).Attach(t.Context(), path, rooms.StreamFile); !errors.Is(err, media.ErrBlobTooLarge) {
		t.Error(err)
	}
	if err := os.Truncate(path, 600); err != nil {
		t.Fatal(err)
	}
	stopped, stop := context.WithCancelCause(t.Context())
	stop(errors.New("stopped on purpose"))
	if _, err := NewPictures(store).Attach(stopped, path, rooms.StreamFile); err == nil || !strings.Contains(err.Error(), "on purpose") {
		t.Error(err)
	}
	if _, err := NewPictures(store).Attach(t.Context(), path, rooms.StreamFile); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(filepath.Join(dir, "partial")); err != nil || len(left) != 0 {
		t.Error(left, err)
	}
}

func TestFilesTellWhatIsHere(t *testing.T) {
	store := newStore(t)
	files := NewFiles(store, t.TempDir())
	h, _, err := store.Put(strings.NewReader("words"))
	if err != nil {
		t.Fatal(err)
	}
	hash := rooms.Hash(h)
	if err := files.Keep(hash, true); err != nil {
		t.Fatal(err)
	}
	if got := files.Look(hash); !got.Here || !got.Kept || got.Part != 0 {
		t.Errorf("%+v", got)
	}
	if err := files.Keep(hash, false); err != nil {
		t.Fatal(err)
	}
	if files.Look(hash).Kept {
		t.Error("it is kept still")
	}
	in, err := store.Receive(media.Hash{1}, 100, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write(make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	files.Drop(rooms.Hash{1}) // while it comes it stays
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if got := files.Look(rooms.Hash{1}); got.Here || got.Part != 10 {
		t.Errorf("%+v", got)
	}
	files.Drop(rooms.Hash{1})
	if got := files.Look(rooms.Hash{1}); got.Part != 0 {
		t.Errorf("%+v", got)
	}
}

func TestTheMediaOfARoomAreFoundByKindNewestFirst(t *testing.T) {
	a := newArchive(t)
	for i, mime := range []string{"", "image/png", "application/zip", "", "video/mp4", "image/gif"} {
		m := message(uint64(i+1), "words")
		if mime != "" {
			m.Attached = &rooms.Attachment{Hash: rooms.Hash{byte(i)}, Size: 10, MIME: mime, Name: mime}
		}
		if err := a.store.Save(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	other := message(50, "elsewhere")
	other.Room, other.Attached = "other", &rooms.Attachment{Hash: rooms.Hash{50}, Size: 10, MIME: "image/png", Name: "other"}
	withdrawn := message(7, "")
	withdrawn.Kind, withdrawn.Target = rooms.KindDelete, rooms.MessageID{0, 2} // the first picture
	if err := a.store.Save(t.Context(), other, withdrawn); err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[string]string{
		"": "image/gif video/mp4 application/zip", "image": "image/gif", "video": "video/mp4", "file": "application/zip",
	} {
		entries, err := a.Media(t.Context(), community, "lobby", kind, 10)
		var got []string
		for _, e := range entries {
			got = append(got, e.Message.Attached.Name)
		}
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%q: %v, %v", kind, got, err)
		}
	}
	if two, err := a.Media(t.Context(), community, "lobby", "", 2); err != nil || len(two) != 2 || two[1].Message.Attached.Name != "video/mp4" {
		t.Errorf("%+v, %v", two, err)
	}
}
