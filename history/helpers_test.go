// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"context"
	"encoding/binary"
	"iter"
	"path/filepath"
	"testing"
	"time"

	"kchat/rooms"
)

var (
	testCommunity = rooms.UUID{1}
	lobby         = Key{Community: testCommunity, Room: "lobby"}
	noon          = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
)

const (
	ann rooms.AccountID = 1
	bob rooms.AccountID = 2
)

func openTest(t testing.TB) *Store {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "kchat", "history.db"))
}

func openAt(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(context.Background(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// idOf is the id of the n-th message of a test.
func idOf(n int) (id rooms.MessageID) {
	binary.BigEndian.PutUint64(id[8:], uint64(n))
	return id
}

// said is Bob's n-th message in the lobby, at position 1:n and n seconds after noon.
func said(n int, text string) rooms.Message {
	return rooms.Message{
		Community: testCommunity, Room: "lobby", ID: idOf(n), Pos: rooms.Position{Epoch: 1, Seq: uint64(n)},
		Time: noon.Add(time.Duration(n) * time.Second), Sender: bob, Name: "bob", Kind: rooms.KindText, Text: text,
	}
}

// to makes m, by its sender, an edit, deletion or reaction to target.
func to(target int, kind rooms.Kind, m rooms.Message) rooms.Message {
	m.Kind, m.Target = kind, idOf(target)
	return m
}

func by(sender rooms.AccountID, name string, m rooms.Message) rooms.Message {
	m.Sender, m.Name = sender, name
	return m
}

func save(t testing.TB, s *Store, messages ...rooms.Message) {
	t.Helper()
	if err := s.Save(context.Background(), messages...); err != nil {
		t.Fatal(err)
	}
}

// must returns a value whose error the test does not expect.
func must[T any](value T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func gather[T any](t testing.TB, seq iter.Seq2[T, error]) (list []T) {
	t.Helper()
	for v, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, v)
	}
	return list
}

func texts(list []Entry) (words []string) {
	for _, e := range list {
		words = append(words, e.Message.Text)
	}
	return words
}

func equal[T any](t testing.TB, what string, got, want T) {
	t.Helper()
	if d := diff(got, want); d != "" {
		t.Errorf("%s: (-got +want)\n%s", what, d)
	}
}
