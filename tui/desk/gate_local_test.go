// SPDX-License-Identifier: GPL-2.0-only

package desk

import (
	"context"
	"testing"

	"kchat/rooms"
	"kchat/tui"
)

// TestTheKernelsWordIsForThisMachineAlone: no session of its own is shown to another server, nor used for another name.
func TestTheKernelsWordIsForThisMachineAlone(t *testing.T) {
	gate := &Gate{Local: &Local{
		Address: "127.0.0.1:1", User: "kim",
		Ticket: func(context.Context) (rooms.Ticket, error) { return rooms.Ticket{}, nil },
	}}
	for with, want := range map[tui.Credentials]bool{
		{Address: "127.0.0.1:1", User: "kim"}:                  true,
		{Address: "127.0.0.1:1", User: "kim", Password: "own"}: false,
		{Address: "127.0.0.1:1", User: "lee"}:                  false,
		{Address: "192.0.2.1:1", User: "kim"}:                  false,
	} {
		if got := gate.config(with).Ticket != nil; got != want {
			t.Errorf("%+v: %v, want %v", with, got, want)
		}
	}
}
