// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// savedAt is a store that remembers when it was given how much.
type savedAt struct {
	memStore
	began time.Time
	saves []save
}

type save struct {
	after time.Duration
	count int
}

func (s *savedAt) Save(ctx context.Context, messages ...Message) error {
	s.saves = append(s.saves, save{time.Since(s.began), len(messages)})
	return s.memStore.Save(ctx, messages...)
}

// saying is a result that brings so many messages.
func saying(count int) result {
	var r result
	for i := range count {
		r.messages = append(r.messages, Message{ID: MessageID{byte(i)}, Room: "lobby"})
	}
	return r
}

func TestMessagesAreKeptTogetherWhereManyComeAndAtOnceWhereOneDoes(t *testing.T) {
	for _, c := range []struct {
		name   string
		bursts []int // a millisecond apart
		want   []save
	}{
		{"alone", []int{1, 1, 1}, []save{{0, 1}, {time.Millisecond, 1}, {2 * time.Millisecond, 1}}},
		{"just under many", []int{busyBatch - 1, 1}, []save{{0, busyBatch - 1}, {time.Millisecond, 1}}},
		{"many", []int{busyBatch, 1, 2, 3}, []save{{0, busyBatch}, {batchApart, 6}}},
		{"many twice", []int{busyBatch, busyBatch, 1}, []save{{0, busyBatch}, {batchApart, busyBatch + 1}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &savedAt{began: time.Now()}
				o := newOutput(store, slog.New(slog.DiscardHandler))
				stop := make(chan struct{})
				var running sync.WaitGroup
				running.Go(func() { o.run(t.Context(), stop) })
				for _, count := range c.bursts {
					o.put(saying(count))
					time.Sleep(time.Millisecond)
				}
				time.Sleep(batchApart)
				close(stop)
				running.Wait()
				if !slices.Equal(store.saves, c.want) {
					t.Errorf("kept %v, expected %v", store.saves, c.want)
				}
			})
		})
	}
}

func TestTheEndDoesNotWaitForMoreToBeKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &savedAt{began: time.Now()}
		o := newOutput(store, slog.New(slog.DiscardHandler))
		stop := make(chan struct{})
		var running sync.WaitGroup
		running.Go(func() { o.run(t.Context(), stop) })
		o.put(saying(busyBatch))
		synctest.Wait()
		o.put(saying(2))
		close(stop)
		running.Wait()
		if want := []save{{0, busyBatch}, {0, 2}}; !slices.Equal(store.saves, want) {
			t.Errorf("kept %v, expected %v", store.saves, want)
		}
	})
}
