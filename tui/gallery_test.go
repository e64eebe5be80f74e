// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"kchat/history"
	"kchat/rooms"
)

// withGallery is a room with a picture, a film and two files in its saved talk, and many words between them.
func withGallery(t *testing.T) (*stage, *fakeFiles) {
	t.Helper()
	files := &fakeFiles{found: map[rooms.Hash]Found{{2}: {Here: true}, {3}: {Here: true, Kept: true}}}
	s := newStage(t, 100, 30, func(s *stage, cfg *Config) {
		cfg.Pictures, cfg.Files, cfg.AskAbove = &fakePictures{here: map[rooms.Hash]bool{{2}: true}}, files, 1<<20
		sent := map[uint64]rooms.Attachment{
			1:   {Hash: rooms.Hash{1}, Size: 4_000, MIME: "application/pdf", Name: "old.pdf"},
			2:   {Hash: rooms.Hash{2}, Size: 83_000, MIME: "image/png", Name: "sun.png", Width: 640, Height: 400},
			250: {Hash: rooms.Hash{3}, Size: 5_000_000, MIME: "video/x-matroska", Name: "clip.mkv"},
			300: {Hash: rooms.Hash{4}, Size: 90, MIME: "text/plain", Name: "../notes\x1b[31m.txt"},
		}
		for i := range uint64(300) {
			m := said(i+1, joon, fmt.Sprint("line ", i+1))
			if a, ok := sent[i+1]; ok {
				m.Text, m.Attached = "", &a
			}
			s.archive.entries = append(s.archive.entries, history.Entry{Message: m})
		}
	})
	s.logIn()
	s.company(joon)
	s.wait("2 here", "line 299")
	return s, files
}

func TestTheGalleryListsWhatWasSentInARoom(t *testing.T) {
	s, _ := withGallery(t)
	s.type_("/gallery")
	s.press(enter)
	s.wait("Pictures and files of #lobby · 1/4", "notes␛[31m.txt", "clip.mkv", "sun.png", "old.pdf", "image/png · 640×400 · 81 KiB",
		"준호 · 2026-11-21 12:02", "· kept", "not here: g asks for it", "▀▀▀")
	s.golden("gallery-100x30")
	s.press(tab) // pictures alone
	s.wait("1/1", "sun.png")
	s.gone("old.pdf")
	s.press(tab, tab) // files
	s.wait("1/2", "old.pdf", "notes␛[31m.txt")
	s.press(esc)
	s.gone("Pictures and files")
	s.type_("/gallery videos")
	s.press(enter)
	s.wait("1/1", "clip.mkv")
	s.press(esc)
	s.gone("Pictures and files")
	s.type_("/gallery nonsense")
	s.press(enter)
	s.wait("/gallery [image|video|file]")
}

func TestTheGallerySavesKeepsAndAsks(t *testing.T) {
	s, files := withGallery(t)
	s.type_("/gallery image")
	s.press(enter)
	s.wait("1/1", "sun.png")
	s.press("s")
	s.wait("saved as /home/mina/Downloads/sun.png")
	s.press("p")
	s.wait("· kept")
	if !files.Look(rooms.Hash{2}).Kept {
		t.Error("it is not kept")
	}
	s.press(tab, tab)
	s.wait("1/2", "old.pdf")
	s.press(down, "g")
	s.wait("asked for")
	s.until("the question", func() bool { return s.client.fetches() == 1 })
	if s.client.fetched[0] != (rooms.Hash{1}) {
		t.Errorf("%v", s.client.fetched)
	}
}

// What is old is brought back into the talk where it was said.
func TestTheGalleryLeadsToWhereItWasSaid(t *testing.T) {
	s, _ := withGallery(t)
	if strings.Contains(s.term.Screen(), "line 3 ") {
		t.Fatal("it is on the screen already")
	}
	s.type_("/gallery file")
	s.press(enter)
	s.wait("1/2", "old.pdf")
	s.press(down, enter)
	s.gone("Pictures and files")
	s.wait("▌ old.pdf")
}

func TestAnEmptyGallerySaysSo(t *testing.T) {
	s, _ := withFiles(t)
	s.type_("/gallery")
	s.press(enter)
	s.wait("Nothing of this kind has been sent here")
}

// Enter on a picture does what Enter on it in the talk does.
func TestTheGalleryOpensPictures(t *testing.T) {
	s, _ := withGallery(t)
	s.type_("/gallery image")
	s.press(enter)
	s.wait("1/1", "sun.png")
	s.press(enter)
	s.gone("Pictures and files")
	s.wait("sun.png · 640×400 · 81 KiB · 140 %")
	s.press("q")
	s.wait("Write to #lobby", "line 3")
}

// A picture of the saved talk whose bytes have gone is asked for when one reads back to it; a large one only when one
// says so.
func TestSavedTalkShowsItsPicturesAgain(t *testing.T) {
	s, files := withGallery(t)
	files.mu.Lock()
	delete(files.found, rooms.Hash{2})
	files.mu.Unlock()
	pictures := s.model.chat.cfg.Pictures.(*fakePictures)
	pictures.mu.Lock()
	delete(pictures.here, rooms.Hash{2})
	pictures.mu.Unlock()
	s.clock.add(48 * time.Hour) // since it was said
	if s.client.fetches() != 0 {
		t.Fatal("something was asked for that nobody looks at")
	}
	s.type_("/history load all")
	s.press(enter)
	s.wait("older messages are above")
	s.until("the picture to be in sight", func() bool {
		s.press(pgup)
		return strings.Contains(s.term.Screen(), "sun.png")
	})
	s.until("the question", func() bool { return s.client.fetches() == 1 })
	pictures.arrive(rooms.Hash{2})
	s.happen(rooms.TransferEnded{Transfer: rooms.Transfer{Room: "lobby", From: joon.ID, Attached: rooms.Attachment{Hash: rooms.Hash{2}}}})
	s.wait("▀▀▀▀▀▀▀▀")
}
