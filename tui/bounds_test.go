// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"fmt"
	"strings"
	"testing"
)

// 64 KiB without a space are more than a message holds: what was pasted is said to be too long, and stays to be cut.
func TestWhatIsTooLongToSendStaysInTheComposer(t *testing.T) {
	s := inCompany(t)
	long := strings.Repeat("가", 64<<10/len("가")) + "!" // behind a syllable Enter waits for more of it
	s.paste(long)
	s.wait("› 가가가")
	s.press(enter)
	s.wait(fmt.Sprintf("This is too long: %d bytes", len(long)), "가가가")
	if sent := s.client.drafts(); len(sent) != 0 {
		t.Errorf("%d messages were sent", len(sent))
	}
	s.resize(20, 5)
	s.resize(100, 30)
	s.press("\x15")
	s.wait("Write to #lobby")
}
