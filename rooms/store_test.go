// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"iter"
	"slices"
	"sync"
)

// memStore is a Store and Pins in memory.
type memStore struct {
	mu       sync.Mutex
	messages []Message
	pins     map[string]Pin
	gaps     []Gap
	filled   []Gap
	stored   map[string]Position
	fail     error // of Save

	places map[memKey]int // in messages, as far as it has been built
}

// memKey is what a message is known by.
type memKey struct {
	room string
	id   MessageID
}

// place is where a message stands in messages, -1: nowhere.
func (s *memStore) place(m Message) int {
	for at := len(s.places); at < len(s.messages); at++ {
		if s.places == nil {
			s.places = map[memKey]int{}
		}
		s.places[memKey{s.messages[at].Room, s.messages[at].ID}] = at
	}
	if at, known := s.places[memKey{m.Room, m.ID}]; known {
		return at
	}
	return -1
}

func newMemStore() *memStore { return &memStore{pins: map[string]Pin{}, stored: map[string]Position{}} }

func (s *memStore) Save(_ context.Context, messages ...Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	for _, m := range messages {
		at := s.place(m)
		switch {
		case at < 0:
			s.messages = append(s.messages, m)
		case s.messages[at].Pos.IsZero():
			s.messages[at] = m
		default:
			s.messages[at].State, s.messages[at].Stored = max(s.messages[at].State, m.State), max(s.messages[at].Stored, m.Stored)
		}
		if m.Pos.Compare(s.stored[m.Room]) > 0 {
			s.stored[m.Room] = m.Pos
		}
	}
	return nil
}

func (s *memStore) Stored(_ context.Context, _ UUID, room string) (Position, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stored[room], nil
}

func (s *memStore) Own(_ context.Context, _ UUID, room string, sender AccountID, from, to Position) iter.Seq2[Message, error] {
	s.mu.Lock()
	defer s.mu.Unlock()
	var own []Message
	for _, m := range s.messages {
		if m.Room == room && m.Sender == sender && m.Pos.Compare(from) > 0 && m.Pos.Compare(to) <= 0 {
			own = append(own, m)
		}
	}
	slices.SortFunc(own, func(a, b Message) int { return a.Pos.Compare(b.Pos) })
	return func(yield func(Message, error) bool) {
		for _, m := range own {
			if !yield(m, nil) {
				return
			}
		}
	}
}

func (s *memStore) Outbox(_ context.Context, _ UUID, sender AccountID) ([]Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Message
	for _, m := range s.messages {
		if m.Sender == sender && (m.State == StateWaiting || m.State == StateSending) {
			out = append(out, m)
		}
	}
	return out, nil
}

func (s *memStore) Missing(_ context.Context, _ UUID, _ string, from, to Position, filled bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if filled {
		s.filled = append(s.filled, Gap{from, to})
		s.gaps = slices.DeleteFunc(s.gaps, func(g Gap) bool { return g == Gap{from, to} })
	} else {
		s.gaps = append(s.gaps, Gap{from, to})
	}
	return nil
}

func (s *memStore) MissingIn(context.Context, UUID, string) ([]Gap, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.gaps), nil
}

func (s *memStore) Epochs(_ context.Context, _ UUID, room string, most int) ([]Position, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := map[uint64]uint64{}
	for _, m := range s.messages {
		if m.Room == room && m.Pos.Seq > last[m.Pos.Epoch] {
			last[m.Pos.Epoch] = m.Pos.Seq
		}
	}
	var ends []Position
	for epoch, seq := range last {
		ends = append(ends, Position{epoch, seq})
	}
	slices.SortFunc(ends, func(a, b Position) int { return b.Compare(a) })
	return ends[:min(most, len(ends))], nil
}

func (s *memStore) UnsentIn(_ context.Context, _ UUID, room string) ([]Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.messages), func(m Message) bool { return m.Room != room || !m.Pos.IsZero() }), nil
}

func (s *memStore) Forget(_ context.Context, _ UUID, _ string, id MessageID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = slices.DeleteFunc(s.messages, func(m Message) bool { return m.ID == id && m.Pos.IsZero() })
	s.places = nil
	return nil
}

func (s *memStore) Pin(_ context.Context, address string) (Pin, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.pins[address]
	return p, ok, nil
}

func (s *memStore) SetPin(_ context.Context, p Pin) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pins[p.Address] = p
	return nil
}

// find is the message as it is kept.
func (s *memStore) find(id MessageID) (Message, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.IndexFunc(s.messages, func(m Message) bool { return m.ID == id })
	if at < 0 {
		return Message{}, false
	}
	return s.messages[at], true
}

// memBlobs are Blobs in memory.
type memBlobs struct {
	mu      sync.Mutex
	whole   map[Hash][]byte
	partial map[Hash][]byte
}

func newMemBlobs(blobs ...[]byte) *memBlobs {
	s := &memBlobs{whole: map[Hash][]byte{}, partial: map[Hash][]byte{}}
	for _, b := range blobs {
		s.whole[sha256.Sum256(b)] = b
	}
	return s
}

func (s *memBlobs) Has(h Hash) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.whole[h]
	return ok
}

type openBlob struct{ *bytes.Reader }

func (openBlob) Close() error { return nil }

func (s *memBlobs) Open(h Hash) (io.ReadSeekCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.whole[h]
	if !ok {
		return nil, ErrNoBlob
	}
	return openBlob{bytes.NewReader(b)}, nil
}

func (s *memBlobs) Partial(h Hash) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return uint64(len(s.partial[h])), nil
}

func (s *memBlobs) Receive(h Hash, size, offset uint64) (BlobWriter, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if uint64(len(s.partial[h])) < offset {
		return nil, errors.New("less is there")
	}
	return &memBlob{s: s, hash: h, want: h, data: bytes.Clone(s.partial[h][:offset])}, nil
}

type memBlob struct {
	s    *memBlobs
	hash Hash
	want Hash
	data []byte
	done bool
}

func (b *memBlob) Write(p []byte) (int, error) {
	b.data = append(b.data, p...)
	return len(p), nil
}

func (b *memBlob) Expect(h Hash, _ uint64) { b.want = h }

func (b *memBlob) Commit() error {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	b.done = true
	delete(b.s.partial, b.hash)
	if Hash(sha256.Sum256(b.data)) != b.want {
		return ErrDamaged
	}
	b.s.whole[b.want] = b.data
	return nil
}

func (b *memBlob) Close() error {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	if !b.done && !b.hash.IsZero() {
		b.s.partial[b.hash] = b.data
	}
	return nil
}
