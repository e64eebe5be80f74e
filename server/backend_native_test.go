// SPDX-License-Identifier: GPL-2.0-only

package server

import (
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestAKernelThatRefusesTheModuleSaysWhyAndWhatToDo(t *testing.T) {
	forbidden := "lockdown"
	if os.Geteuid() != 0 {
		forbidden = "only root"
	}
	for errno, why := range map[error]string{
		unix.EPERM: forbidden, unix.EKEYREJECTED: "signature", unix.ENOEXEC: "built for another kernel than 6.99",
		unix.EINVAL: "built for another kernel", unix.ENOSYS: "without modules",
	} {
		err := refusal(errno, "6.99")
		if !errors.Is(err, ErrRefused) || !errors.Is(err, errno) || !strings.Contains(err.Error(), why) ||
			!strings.Contains(err.Error(), "--mode vm") {
			t.Errorf("%v is told as %q", errno, err)
		}
	}
	if err := refusal(unix.ENOMEM, "6.99"); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "dmesg") {
		t.Errorf("any other error is told as %q", err)
	}
}
