// SPDX-License-Identifier: GPL-2.0-only

package e2e

import "testing"

func TestTwoPeopleTalk(t *testing.T) {
	anna, ben := two(t)
	anna.Say("안녕, ben")
	ben.Shows("안녕, ben")
	anna.Shows("✓✓")
	ben.Say("hello, anna")
	anna.Shows("hello, anna")
	ben.Quit()
	anna.Shows("nly you")
}
