// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"fmt"
	"testing"

	"kchat/wire"
)

// TestRequestsThatWaitForTheirAnswersToBeReadAreAllAnswered: with too many answers unread the server stops listening. When
// they have been read it goes on by itself, and does not need another byte to do so. It changes a limit, so it runs alone.
func TestRequestsThatWaitForTheirAnswersToBeReadAreAllAnswered(t *testing.T) {
	world.set(t, "control_bytes", 32768) // a quarter of it may wait: 128 PONGs
	for _, count := range []int{150, 300, 1000, 1024, 2000, 6000} {
		t.Run(fmt.Sprint(count), func(t *testing.T) {
			w := dial(t)
			var frames []byte
			for i := range uint64(count) {
				frames = wire.AppendFrame(frames, wire.Header{Type: wire.TypePing, ID: number(i)}, wire.Empty{})
			}
			sent := make(chan error, 1)
			go func() { sent <- w.Bytes(frames) }()
			for i := range uint64(count) {
				f, err := w.Next(world.slow(patience))
				if err != nil || f.Type != wire.TypePong || f.ID != number(i) {
					t.Fatalf("answer %d of %d: %v, %v", i, count, f.Type, err)
				}
			}
			w.ok(<-sent)
		})
	}
}
