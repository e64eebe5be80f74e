// SPDX-License-Identifier: GPL-2.0-only

package media

import (
	"container/list"
	"sync"
)

// Cache keeps what was costly to make, up to a limit on what it weighs all together; what was not asked for longest
// goes first. It is safe for use by several goroutines.
type Cache[K comparable, V any] struct {
	limit  int
	weigh  func(V) int
	mu     sync.Mutex
	weight int
	items  map[K]*list.Element
	order  *list.List // the newest in front
}

type cached[K comparable, V any] struct {
	key    K
	value  V
	weight int
}

// NewCache keeps values that weigh limit together, as told by weigh, for example in bytes.
func NewCache[K comparable, V any](limit int, weigh func(V) int) *Cache[K, V] {
	return &Cache[K, V]{limit: limit, weigh: weigh, items: make(map[K]*list.Element), order: list.New()}
}

// Get gives a value that was kept.
func (c *Cache[K, V]) Get(key K) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.items[key]
	if !ok {
		var none V
		return none, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*cached[K, V]).value, true
}

// Put keeps a value, unless it alone weighs more than the limit, and gives the values that had to go for it: what
// was replaced under the same key too.
func (c *Cache[K, V]) Put(key K, value V) (gone []V) {
	w := c.weigh(value)
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.items[key]; ok {
		gone = append(gone, c.remove(e))
	}
	if w > c.limit {
		return gone
	}
	c.items[key] = c.order.PushFront(&cached[K, V]{key, value, w})
	c.weight += w
	for c.weight > c.limit {
		gone = append(gone, c.remove(c.order.Back()))
	}
	return gone
}

// Drop forgets a value and gives it back.
func (c *Cache[K, V]) Drop(key K) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.items[key]
	if !ok {
		var none V
		return none, false
	}
	return c.remove(e), true
}

func (c *Cache[K, V]) remove(e *list.Element) V {
	item := e.Value.(*cached[K, V])
	c.order.Remove(e)
	delete(c.items, item.key)
	c.weight -= item.weight
	return item.value
}

// Weight is what all that is kept weighs.
func (c *Cache[K, V]) Weight() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.weight
}
