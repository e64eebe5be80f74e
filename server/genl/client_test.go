// SPDX-License-Identifier: GPL-2.0-only

package genl

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"

	"github.com/mdlayher/netlink"
)

// restless is a module whose lists change while they are read, so many times.
type restless struct {
	left  int
	asked int
}

func (r *restless) Execute(context.Context, uint8, netlink.HeaderFlags, []byte) ([][]byte, error) {
	r.asked++
	if r.left > 0 {
		r.left--
		return nil, fmt.Errorf("in the microVM: %w", ErrInterrupted)
	}
	data, err := encode(func(e *netlink.AttributeEncoder) { e.Uint64(attrAccount, 7) })
	return [][]byte{data}, err
}

func TestAListThatChangedWhileItWasReadIsReadAgain(t *testing.T) {
	module := &restless{left: 3}
	list, err := NewClient(module).Accounts(t.Context())
	if err != nil || len(list) != 1 || list[0].Number != 7 || module.asked != 4 {
		t.Errorf("after %d times: %+v, %v", module.asked, list, err)
	}
	module = &restless{left: 1 << 30}
	if _, err := NewClient(module).Accounts(t.Context()); !errors.Is(err, syscall.EINTR) || module.asked != dumpTries {
		t.Errorf("after %d times: %v", module.asked, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	module = &restless{left: 1 << 30}
	if _, err := NewClient(module).Accounts(ctx); err == nil || module.asked != 1 {
		t.Errorf("nobody waits any more, but it was asked %d times: %v", module.asked, err)
	}
}
