// SPDX-License-Identifier: GPL-2.0-only

package desk

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"kchat/history"
	"kchat/media"
	"kchat/rooms"
	"kchat/tui"
)

var _ tui.Client = (*rooms.Client)(nil)

var community = rooms.UUID{1}

func message(seq uint64, words string) rooms.Message {
	return rooms.Message{
		Community: community, Room: "lobby", ID: rooms.MessageID{byte(seq >> 8), byte(seq)}, Pos: rooms.Position{Epoch: 1, Seq: seq},
		Time: time.Date(2026, 11, 21, 12, int(seq), 0, 0, time.UTC), Sender: 2, Name: "joon", Kind: rooms.KindText, Text: words,
	}
}

func newArchive(t *testing.T) *Archive {
	t.Helper()
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	store, err := openHistory(t.Context(), "Mina")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return &Archive{store: store}
}

func TestASavedFileIsReadBackWithoutDoubles(t *testing.T) {
	a := newArchive(t)
	for i := range uint64(10) {
		if err := a.store.Save(t.Context(), message(i+1, fmt.Sprintf("line %d", i+1))); err != nil {
			t.Fatal(err)
		}
	}
	for _, ending := range []string{".txt", ".md", ".jsonl"} {
		path := filepath.Join(t.TempDir(), "talk"+ending)
		if n, err := a.Export(t.Context(), community, "lobby", path); n != 10 || err != nil {
			t.Fatalf("%s: wrote %d, %v", ending, n, err)
		}
		if n, err := a.Import(t.Context(), community, "lobby", path); n != 0 || err != nil {
			t.Errorf("%s: read %d new ones back, %v", ending, n, err)
		}
		if _, err := a.Import(t.Context(), community, "other", path); err == nil || !strings.Contains(err.Error(), "another room") {
			t.Errorf("%s: the talk of another room: %v", ending, err)
		}
		other := newArchive(t)
		if n, err := other.Import(t.Context(), community, "lobby", path); n != 10 || err != nil {
			t.Errorf("%s: read %d into an empty history, %v", ending, n, err)
		}
	}
}

func TestPagesGoBackAndSinceStops(t *testing.T) {
	a := newArchive(t)
	for i := range uint64(30) {
		if err := a.store.Save(t.Context(), message(i+1, fmt.Sprintf("line %d", i+1))); err != nil {
			t.Fatal(err)
		}
	}
	seqs := func(page []history.Entry) (out []uint64) {
		for _, e := range page {
			out = append(out, e.Message.Pos.Seq)
		}
		return out
	}
	page, err := a.Page(t.Context(), community, "lobby", rooms.Position{Epoch: 1, Seq: 10}, 3)
	if got := seqs(page); err != nil || !slices.Equal(got, []uint64{7, 8, 9}) {
		t.Errorf("page %v, %v", got, err)
	}
	page, err = a.Page(t.Context(), community, "lobby", rooms.Position{}, -1)
	if err != nil || len(page) != 30 {
		t.Errorf("all: %d, %v", len(page), err)
	}
	page, err = a.Since(t.Context(), community, "lobby", rooms.Position{Epoch: 1, Seq: 4}, "2026-11-21")
	if got := seqs(page); err != nil || !slices.Equal(got, []uint64{1, 2, 3}) {
		t.Errorf("since: %v, %v", got, err)
	}
	if _, err := a.Since(t.Context(), community, "lobby", rooms.Position{}, "no date"); err == nil {
		t.Error("no date is a date")
	}
}

func TestRoomsAreRememberedAndHistoriesFound(t *testing.T) {
	a := newArchive(t)
	want := tui.SavedRoom{Community: community, Name: "lobby", Open: true, Read: rooms.Position{Epoch: 1, Seq: 4}, Draft: "안녕"}
	if err := a.Remember(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	got, err := a.Rooms(t.Context())
	if err != nil || len(got) != 1 || got[0] != want {
		t.Errorf("rooms %+v, %v", got, err)
	}
	users, err := (&Gate{}).Saved(t.Context())
	if err != nil || !slices.Equal(users, []string{"mina"}) {
		t.Errorf("users %q, %v", users, err)
	}
}

func TestPicturesAreCheckedBeforeTheyAreSentAndDrawnInTheirCells(t *testing.T) {
	store, err := media.OpenStore(t.TempDir(), media.StoreOptions{})
	if err != nil {
		t.Fatal(err)
	}
	p := NewPictures(store)
	dir := t.TempDir()
	var data bytes.Buffer
	if err := png.Encode(&data, image.NewRGBA(image.Rect(0, 0, 64, 40))); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"good.png": data.Bytes(), "words.png": []byte("these are words"), "empty.png": nil} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	att, err := p.Attach(t.Context(), filepath.Join(dir, "good.png"), rooms.StreamImage)
	if err != nil || att.Width != 64 || att.Height != 40 || att.MIME != "image/png" || !p.Has(att.Hash) {
		t.Fatalf("attached %+v, %v", att, err)
	}
	cells, err := p.Draw(t.Context(), att.Hash, 20, 6, false)
	if err != nil || len(cells) != 6 || ansi.StringWidth(cells[0]) != 20 {
		t.Errorf("%d rows, %v", len(cells), err)
	}
	for _, name := range []string{"words.png", "empty.png", "missing.png"} {
		if _, err := p.Attach(t.Context(), filepath.Join(dir, name), rooms.StreamImage); err == nil {
			t.Errorf("%s was taken for a picture", name)
		}
	}
	if _, err := p.Attach(t.Context(), filepath.Join(dir, "words.png"), rooms.StreamVideo); err == nil || !strings.Contains(err.Error(), "not a video") {
		t.Errorf("words were taken for a video: %v", err)
	}
	if _, err := p.Attach(t.Context(), dir, rooms.StreamVideo); err == nil {
		t.Error("a folder was taken for a video")
	}
}
