// SPDX-License-Identifier: GPL-2.0-only

package vm

import "testing"

func TestOnlyTheProcessorsOwnWordCountsForVirtualisation(t *testing.T) {
	for text, want := range map[string]bool{
		"processor\t: 0\nflags\t\t: fpu vme sse2 svm nx\n": true,
		"processor\t: 0\nflags\t\t: fpu vmx sse2\n":        true,
		"processor\t: 0\nflags\t\t: fpu sse2 hypervisor\n": false,
		"flags\t: fpu\nvmx flags\t: vnmi svmx vmxon\n":     false,
		"": false,
	} {
		if got := hasVirtualisation(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
