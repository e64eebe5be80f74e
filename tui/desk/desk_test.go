// SPDX-License-Identifier: GPL-2.0-only

package desk

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
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

var update = flag.Bool("update", false, "write the golden pictures anew")

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
	picture, err := p.Load(t.Context(), att.Hash)
	if err != nil {
		t.Fatal(err)
	}
	cells := picture.Blocks(20, 6, media.BlockOptions{Profile: media.TrueColor})
	if err != nil || len(cells) != 6 || ansi.StringWidth(cells[0]) != 20 {
		t.Errorf("%d rows, %v", len(cells), err)
	}
	if att.PlaceRemoved {
		t.Error("a place was removed that was not there")
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

// A picture with all hues, and how it looks where colours are few.
func TestPicturesAreDitheredWhereColoursAreFew(t *testing.T) {
	store, err := media.OpenStore(t.TempDir(), media.StoreOptions{})
	if err != nil {
		t.Fatal(err)
	}
	img := image.NewRGBA(image.Rect(0, 0, 48, 24))
	for y := range 24 {
		for x := range 48 {
			img.SetRGBA(x, y, color.RGBA{uint8(x * 5), uint8(y * 10), uint8(255 - x*5), 255})
		}
	}
	path := filepath.Join(t.TempDir(), "hues.png")
	var data bytes.Buffer
	if err := png.Encode(&data, img); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	p := NewPictures(store)
	att, err := p.Attach(t.Context(), path, rooms.StreamImage)
	if err != nil {
		t.Fatal(err)
	}
	for name, profile := range map[string]media.Profile{
		"16": media.ANSI16, "256": media.ANSI256, "none": media.NoColor, "truecolor": media.TrueColor,
	} {
		t.Run(name, func(t *testing.T) {
			picture, err := p.Load(t.Context(), att.Hash)
			if err != nil {
				t.Fatal(err)
			}
			cells := picture.Blocks(24, 6, media.BlockOptions{Profile: profile, Dither: media.Diffuse, Ground: color.RGBA{0x16, 0x19, 0x20, 0xff}})
			got := ""
			for _, row := range cells {
				if w := ansi.StringWidth(row); w != 24 {
					t.Errorf("a row of %d cells: %q", w, row)
				}
				got += fmt.Sprintf("%q\n", row)
			}
			golden := filepath.Join("testdata", "hues-"+name+".cells")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("drawn\n%s\nnot\n%s", got, want)
			}
		})
	}
}

// A JPEG whose metadata says where it was taken.
func TestThePlaceWhereAPictureWasTakenStaysHere(t *testing.T) {
	store, err := media.OpenStore(t.TempDir(), media.StoreOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var data bytes.Buffer
	if err := jpeg.Encode(&data, image.NewRGBA(image.Rect(0, 0, 32, 32)), nil); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "holiday.jpg")
	if err := os.WriteFile(path, withPlace(data.Bytes()), 0o600); err != nil {
		t.Fatal(err)
	}
	att, err := NewPictures(store).Attach(t.Context(), path, rooms.StreamImage)
	if err != nil || !att.PlaceRemoved {
		t.Fatalf("attached %+v, %v", att, err)
	}
	blob, err := store.Open(media.Hash(att.Hash))
	if err != nil {
		t.Fatal(err)
	}
	defer blob.Close()
	kept, err := io.ReadAll(blob)
	if err != nil || bytes.Contains(kept, []byte("Exif")) || uint64(len(kept)) != att.Size {
		t.Errorf("kept %d bytes of %d, %v", len(kept), att.Size, err)
	}
}

// withPlace puts an Exif segment with a GPS folder after the first marker of a JPEG (TIFF 6.0; Exif 2.32, 4.6.6).
func withPlace(data []byte) []byte {
	tiff := []byte("II*\x00\x08\x00\x00\x00" + // little endian, the first folder at 8
		"\x01\x00\x25\x88\x04\x00\x01\x00\x00\x00\x1a\x00\x00\x00\x00\x00\x00\x00" + // GPS folder at 26
		"\x01\x00\x02\x00\x05\x00\x03\x00\x00\x00\x2c\x00\x00\x00\x00\x00\x00\x00" + // latitude: three fractions at 44
		"\x25\x00\x00\x00\x01\x00\x00\x00\x22\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00")
	body := append([]byte("Exif\x00\x00"), tiff...)
	segment := append([]byte{0xff, 0xe1, byte((len(body) + 2) >> 8), byte(len(body) + 2)}, body...)
	return slices.Concat(data[:2], segment, data[2:])
}
