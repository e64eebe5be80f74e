// SPDX-License-Identifier: GPL-2.0-only

package vmtest

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

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

// report is what the kernel says only when something is wrong: its own checks, a crash, a hang, or something left
// behind by a module.
var report = regexp.MustCompile(`BUG|WARNING|UBSAN|ODEBUG|KASAN|KFENCE|Oops|Call Trace|general protection|possible |` +
	`INFO: task|INFO: rcu|stall|lockup|unreferenced object|Objects remaining|still has objects|refcount_t|corruption|Kernel panic`)

// harmless are lines of a healthy boot that look like reports.
var harmless = regexp.MustCompile(`possible (CPUs|cpus)|Speculative|Spectre|Command line:`)

// Reports returns the lines of a kernel log that tell of something wrong.
func Reports(log string) []string {
	var found []string
	for line := range strings.Lines(log) {
		if report.MatchString(line) && !harmless.MatchString(line) {
			found = append(found, strings.TrimRight(line, "\r\n"))
		}
	}
	return found
}

const kmemleak = "/sys/kernel/debug/kmemleak"

// leakAge is how old memory must be before kmemleak reports it (mm/kmemleak.c, MSECS_MIN_AGE).
const leakAge = 5 * time.Second

// findLeaks asks the debug kernel for memory that nobody refers to any more. Other kernels cannot say.
func (s *Server) findLeaks() error {
	g := s.Runner.Guest()
	if s.slow == 0 || g == nil {
		return nil
	}
	ctx, cancel := s.Timeout(time.Minute)
	defer cancel()
	scan := func() error {
		return g.Call(ctx, guest.OpWrite, guest.Write{Path: kmemleak, Data: []byte("scan")}, nil)
	}
	if err := scan(); err != nil {
		return fmt.Errorf("look for leaks: %w", err)
	}
	select {
	case <-time.After(leakAge):
	case <-ctx.Done():
	}
	if err := scan(); err != nil {
		return fmt.Errorf("look for leaks: %w", err)
	}
	var found []byte
	if err := g.Call(ctx, guest.OpRead, guest.Path{Path: kmemleak}, &found); err != nil {
		return fmt.Errorf("look for leaks: %w", err)
	}
	if strings.Contains(string(found), "kchat") {
		return fmt.Errorf("memory was lost:\n%s", found)
	}
	return checkContext(ctx)
}

func checkContext(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("look for leaks: %w", err)
	}
	return nil
}
