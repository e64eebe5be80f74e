// SPDX-License-Identifier: GPL-2.0-only

package media

import (
	"slices"
	"sync"
	"testing"
)

func letters() *Cache[int, string] { return NewCache[int](10, func(s string) int { return len(s) }) }

func TestCacheKeepsWhatWasUsedLast(t *testing.T) {
	c := letters()
	for i, s := range []string{"aaaa", "bbbb", "cc"} {
		if gone := c.Put(i, s); len(gone) != 0 {
			t.Errorf("%s: gone %v", s, gone)
		}
	}
	if got, ok := c.Get(0); !ok || got != "aaaa" {
		t.Errorf("%q, %v", got, ok)
	}
	if gone := c.Put(3, "d"); !slices.Equal(gone, []string{"bbbb"}) {
		t.Errorf("gone %v", gone)
	}
	if _, ok := c.Get(1); ok || c.Weight() != 7 {
		t.Errorf("weight %d", c.Weight())
	}
	if gone := c.Put(4, "eeeeeeeee"); !slices.Equal(gone, []string{"cc", "aaaa"}) || c.Weight() != 10 {
		t.Errorf("gone %v, weight %d", gone, c.Weight())
	}
}

func TestCacheGivesBackWhatIsReplacedOrDropped(t *testing.T) {
	c := letters()
	c.Put(1, "old")
	if gone := c.Put(1, "newer"); !slices.Equal(gone, []string{"old"}) || c.Weight() != 5 {
		t.Errorf("gone %v, weight %d", gone, c.Weight())
	}
	if gone := c.Put(1, "far too long"); !slices.Equal(gone, []string{"newer"}) || c.Weight() != 0 {
		t.Errorf("gone %v, weight %d", gone, c.Weight())
	}
	c.Put(2, "two")
	if got, ok := c.Drop(2); !ok || got != "two" || c.Weight() != 0 {
		t.Errorf("%q, %v", got, ok)
	}
	if _, ok := c.Drop(2); ok {
		t.Error("dropped twice")
	}
}

func TestCacheServesManyAtOnce(t *testing.T) {
	c := letters()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 200 {
				c.Put(j%7, "abc")
				c.Get((i + j) % 7)
				c.Drop(j % 5)
			}
		})
	}
	all.Wait()
	if c.Weight() > 10 {
		t.Errorf("weight %d", c.Weight())
	}
}
