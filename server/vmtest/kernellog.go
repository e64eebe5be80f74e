// SPDX-License-Identifier: GPL-2.0-only

package vmtest

import (
	"strings"
	"sync"

	"kchat/server/guest"
)

// KernelLog collects the kernel's log and, as a Writer, what comes over its console.
type KernelLog struct {
	mu   sync.Mutex // protects text
	text strings.Builder
}

// Add adds a line of the kernel's log.
func (l *KernelLog) Add(k guest.Kmsg) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.WriteString(k.String() + "\n")
}

func (l *KernelLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *KernelLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
