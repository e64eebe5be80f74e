// SPDX-License-Identifier: GPL-2.0-only

package rooms

import "sync"

// queue is an unbounded list between goroutines: putting never waits.
type queue[T any] struct {
	mu    sync.Mutex
	items []T
	ready chan struct{} // has a token whenever items is not empty
}

func newQueue[T any]() *queue[T] { return &queue[T]{ready: make(chan struct{}, 1)} }

func (q *queue[T]) put(items ...T) {
	q.mu.Lock()
	q.items = append(q.items, items...)
	q.mu.Unlock()
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// len is how many items wait.
func (q *queue[T]) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.items)
}

// take returns all that waits, perhaps nothing.
func (q *queue[T]) take() []T {
	q.mu.Lock()
	defer q.mu.Unlock()
	items := q.items
	q.items = nil
	return items
}
