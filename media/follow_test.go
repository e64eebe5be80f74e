// SPDX-License-Identifier: GPL-2.0-only

package media

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"testing"
)

func TestBlobIsReadWhileItIsReceived(t *testing.T) {
	s := openStore(t, StoreOptions{})
	data := noise(100_000)
	in, err := s.Receive(sha256.Sum256(data), 100_000, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write(data[:40_000]); err != nil {
		t.Fatal(err)
	}
	r, err := s.Follow(sha256.Sum256(data))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	first := make([]byte, 40_000) // is there before the rest has come
	if _, err := io.ReadFull(r, first); err != nil || !bytes.Equal(first, data[:40_000]) {
		t.Fatal(err)
	}
	rest := make(chan []byte)
	go func() {
		b, err := io.ReadAll(r)
		if err != nil {
			t.Error(err)
		}
		rest <- b
	}()
	for at := 40_000; at < len(data); at += 20_000 {
		if _, err := in.Write(data[at : at+20_000]); err != nil {
			t.Fatal(err)
		}
	}
	if err := in.Commit(); err != nil {
		t.Fatal(err)
	}
	if got := <-rest; !bytes.Equal(got, data[40_000:]) {
		t.Errorf("%d bytes came", len(got))
	}
	if _, err := in.Follow(); !errors.Is(err, ErrNotStored) {
		t.Errorf("after commit: %v", err)
	}
}

func TestFollowerLearnsThatTheTransferWasGivenUp(t *testing.T) {
	for name, give := range map[string]func(*Incoming) error{
		"closed":    (*Incoming).Close,
		"discarded": func(in *Incoming) error { in.Discard(); return nil },
	} {
		s := openStore(t, StoreOptions{})
		in, err := s.Receive(Hash{1}, 10, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := in.Write([]byte("half")); err != nil {
			t.Fatal(err)
		}
		r, err := in.Follow()
		if err != nil {
			t.Fatal(err)
		}
		if err := give(in); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); string(got) != "half" || !errors.Is(err, ErrGivenUp) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestClosingAFollowerEndsItsWaiting(t *testing.T) {
	s := openStore(t, StoreOptions{})
	in, err := s.Receive(Hash{1}, 10, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Discard()
	r, err := in.Follow()
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() {
		_, err := r.Read(make([]byte, 1))
		ended <- err
	}()
	if err := errors.Join(r.Close(), r.Close()); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, fs.ErrClosed) {
		t.Errorf("got %v", err)
	}
}
