// SPDX-License-Identifier: GPL-2.0-only

package relay

import (
	"net/netip"
	"time"
)

// mostAddresses is how many addresses are told apart at once. Who comes beyond counts towards everybody's limit alone.
const mostAddresses = 1024

// limits count questions: of each address, and of everybody.
type limits struct {
	all        bucket
	perAddress map[netip.Addr]*bucket
}

// take counts a question, unless it is one too many. Of IPv6 a network (/64) counts as one address: who has a network
// has 2^64 addresses in it. But on a link all share one.
func (l *limits) take(from netip.Addr, now time.Time) bool {
	from = from.Unmap().WithZone("")
	if from.Is6() && !from.IsLinkLocalUnicast() {
		prefix, err := from.Prefix(64)
		if err != nil {
			return false
		}
		from = prefix.Addr()
	}
	own := l.bucket(from, now)
	// Own limit first: who asks too much does not use up what others may have.
	if own != nil && !own.take(askedPerSecond, now) {
		return false
	}
	return l.all.take(askedInAll, now)
}

func (l *limits) bucket(from netip.Addr, now time.Time) *bucket {
	if b, known := l.perAddress[from]; known {
		return b
	}
	if len(l.perAddress) >= mostAddresses {
		for addr, b := range l.perAddress {
			if !b.emptyAt.After(now) {
				delete(l.perAddress, addr)
			}
		}
	}
	if len(l.perAddress) >= mostAddresses {
		return nil
	}
	b := &bucket{}
	l.perAddress[from] = b
	return b
}

// bucket leaks: each question puts off the time at which it is empty.
type bucket struct{ emptyAt time.Time }

func (b *bucket) take(perSecond int, now time.Time) bool {
	if b.emptyAt.Before(now) {
		b.emptyAt = now
	}
	next := b.emptyAt.Add(time.Second / time.Duration(perSecond))
	if next.Sub(now) > time.Second {
		return false
	}
	b.emptyAt = next
	return true
}
