// SPDX-License-Identifier: GPL-2.0-only

package vmtest

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

func TestAPortIsGivenAwayOnce(t *testing.T) {
	port, err := FreePort()
	if err != nil {
		t.Fatal(err)
	}
	if err := reserve(int(port)); !errors.Is(err, unix.EADDRINUSE) {
		t.Errorf("port %d can be had again: %v", port, err)
	}
}
