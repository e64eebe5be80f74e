// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"kchat/rooms"
)

// limitPages makes the file full after some more pages, as a disk is, or lifts that with 0. It does not go through
// the writer, whose queue stands still while the disk is full.
func limitPages(t *testing.T, s *Store, extra int) {
	t.Helper()
	limit := 1 << 30
	if extra > 0 {
		var pages int
		if err := s.readers.QueryRow("PRAGMA page_count").Scan(&pages); err != nil {
			t.Fatal(err)
		}
		limit = pages + extra
	}
	if _, err := s.writer.txn.conn.ExecContext(context.Background(), fmt.Sprint("PRAGMA max_page_count = ", limit)); err != nil {
		t.Fatal(err)
	}
}

func TestAFullDiskIsSaidAndNothingIsLostWhenThereIsRoomAgain(t *testing.T) {
	ctx, s := context.Background(), openTest(t)
	var mu sync.Mutex
	var told []error
	s.writer.onError = func(err error) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, err)
	}
	save(t, s, said(1, "before"))
	limitPages(t, s, 1)
	big := strings.Repeat("회의록 ", 5000)
	err := s.Save(ctx, said(2, big), said(3, big))
	if err == nil || !strings.Contains(err.Error(), "no space left") || !strings.Contains(err.Error(), s.Path()) {
		t.Errorf("saving on a full disk: %v", err)
	}
	// What is on disk can be read and searched all the same.
	equal(t, "talk", texts(must(s.Last(ctx, lobby, 9))(t)), []string{"before"})
	equal(t, "hits", found(t, s, "before"), []string{"[before]"})
	equal(t, "stored", must(s.Stored(ctx, testCommunity, "lobby"))(t), at(1, 1))

	limitPages(t, s, 0)
	save(t, s, said(4, "after"))
	equal(t, "talk", texts(must(s.Last(ctx, lobby, 9))(t)), []string{"before", big, big, "after"})
	mu.Lock()
	defer mu.Unlock()
	if len(told) < 2 || told[0] == nil || told[len(told)-1] != nil {
		t.Errorf("told %v", told)
	}
}

func TestWhenMemoryForWhatWaitsIsUsedUpSavingFails(t *testing.T) {
	ctx, s := context.Background(), openTest(t)
	save(t, s, said(1, strings.Repeat("x", 5000)))
	limitPages(t, s, 1)
	s.writer.limit = 2 * batchMessages
	list := make([]rooms.Message, s.writer.limit)
	for i := range list {
		list[i] = said(i+2, "x")
	}
	if err := s.Save(ctx, list...); err == nil || errors.Is(err, ErrFull) {
		t.Fatalf("saving what memory can hold: %v", err)
	}
	if err := s.Save(ctx, said(len(list)+2, "one more")); !errors.Is(err, ErrFull) {
		t.Errorf("saving one more: %v", err)
	}
	limitPages(t, s, 0)
	if err := s.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	equal(t, "messages", must(s.Count(ctx, lobby))(t), len(list)+1)
}

func TestClosingOnAFullDiskSaysHowMuchIsLost(t *testing.T) {
	ctx := context.Background()
	s := must(Open(ctx, t.TempDir()+"/history.db", Options{}))(t)
	save(t, s, said(1, strings.Repeat("x", 5000)))
	limitPages(t, s, 1)
	big := strings.Repeat("회의록 ", 5000)
	if err := s.Queue(ctx, said(2, big), said(3, big)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err == nil || !strings.Contains(err.Error(), "2 messages could not be saved") {
		t.Errorf("closing: %v", err)
	}
	if err := s.Save(ctx, said(4, "x")); !errors.Is(err, ErrClosed) {
		t.Errorf("saving after the end: %v", err)
	}
	if _, err := s.Last(ctx, lobby, 1); err == nil {
		t.Error("reading after the end")
	}
}

func TestAChangeThatFailsLeavesNothingAndHarmsNoOther(t *testing.T) {
	ctx, s := context.Background(), openTest(t)
	failure := errors.New("changed my mind")
	err := s.writer.do(ctx, func(ctx context.Context, tx *txn) error {
		if _, err := tx.roomNumber(ctx, lobby); err != nil {
			return err
		}
		return failure
	})
	if !errors.Is(err, failure) {
		t.Errorf("the change: %v", err)
	}
	equal(t, "rooms", len(must(s.Rooms(ctx, testCommunity, ann))(t)), 0)
	save(t, s, said(1, "x"))
	equal(t, "talk", texts(must(s.Last(ctx, lobby, 9))(t)), []string{"x"})
}

func TestManyWritersAndReadersAtOnce(t *testing.T) {
	ctx, s := context.Background(), openTest(t)
	var group sync.WaitGroup
	for w := range 4 {
		group.Go(func() {
			for n := w + 1; n <= 200; n += 4 {
				if err := s.Queue(ctx, said(n, "x")); err != nil {
					t.Error(err)
				}
				if _, err := s.Last(ctx, lobby, 3); err != nil {
					t.Error(err)
				}
				if err := s.SetRead(ctx, lobby, at(1, uint64(n))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	equal(t, "coverage", must(s.Coverage(ctx, lobby))(t), Coverage{Highest: at(1, 200), Contiguous: at(1, 200)})
}

func TestWaitingForAWriteEndsWithItsContext(t *testing.T) {
	s := openTest(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Save(ctx, said(1, "x")); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("saving: %v", err)
	}
	// The message was queued, so it is written all the same.
	equal(t, "talk", texts(must(s.Last(context.Background(), lobby, 9))(t)), []string{"x"})
}
