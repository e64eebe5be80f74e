// SPDX-License-Identifier: GPL-2.0-only

package vmtest

import (
	"context"
	"debug/elf"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"kchat/server/guest"
)

const (
	kmemleak   = "/sys/kernel/debug/kmemleak"
	moduleText = "/sys/module/%s/sections/.text" // where the module's code is
)

// leakAge is how old memory must be before kmemleak reports it (mm/kmemleak.c, MSECS_MIN_AGE).
const leakAge = 5 * time.Second

// findLeaks asks a kernel with kmemleak for memory that nobody refers to any more, and returns its report; empty if
// there is none. The first scan marks what has no reference; the second, when all is old enough, confirms it, since a
// pointer may have been on its way from one place to another. The module's data still refers to memory while the module
// is loaded, so all is found only after it was unloaded.
func findLeaks(ctx context.Context, g *guest.Client) (string, error) {
	scan := func() error {
		return g.Call(ctx, guest.OpWrite, guest.Write{Path: kmemleak, Data: []byte("scan")}, nil)
	}
	if err := scan(); err != nil {
		return "", fmt.Errorf("look for leaks: %w", err)
	}
	select {
	case <-time.After(leakAge):
	case <-ctx.Done():
		return "", fmt.Errorf("look for leaks: %w", ctx.Err())
	}
	if err := scan(); err != nil {
		return "", fmt.Errorf("look for leaks: %w", err)
	}
	var found []byte
	if err := g.Call(ctx, guest.OpRead, guest.Path{Path: kmemleak}, &found); err != nil {
		return "", fmt.Errorf("look for leaks: %w", err)
	}
	return string(found), nil
}

// code is a module's, so that addresses in it have names when the kernel has forgotten them.
type code struct {
	module string // the file
	base   uint64 // of the section .text in the guest
}

// codeOf asks where a module's code is. It must be loaded.
func codeOf(ctx context.Context, g *guest.Client, name, file string) (code, error) {
	var text []byte
	if err := g.Call(ctx, guest.OpRead, guest.Path{Path: fmt.Sprintf(moduleText, name)}, &text); err != nil {
		return code{}, fmt.Errorf("find the code of %s: %w", name, err)
	}
	base, err := strconv.ParseUint(strings.TrimSpace(string(text)), 0, 64)
	if err != nil {
		return code{}, fmt.Errorf("find the code of %s: %w", name, err)
	}
	return code{module: file, base: base}, nil
}

// address is how a backtrace shows a place that has no name any more.
var address = regexp.MustCompile(`\b0x[0-9a-f]{16}$`)

// name replaces the addresses of a report that lie in the module by function+offset.
func (c code) name(report string) (string, error) {
	file, err := elf.Open(c.module)
	if err != nil {
		return "", fmt.Errorf("read the names in %s: %w", c.module, err)
	}
	defer file.Close()
	symbols, err := file.Symbols()
	if err != nil {
		return "", fmt.Errorf("read the names in %s: %w", c.module, err)
	}
	var named strings.Builder
	for line := range strings.Lines(report) {
		line = address.ReplaceAllStringFunc(strings.TrimRight(line, "\n"), func(hex string) string {
			at, err := strconv.ParseUint(hex, 0, 64)
			if err != nil || at < c.base {
				return hex
			}
			for _, s := range symbols {
				if elf.ST_TYPE(s.Info) == elf.STT_FUNC && int(s.Section) < len(file.Sections) &&
					file.Sections[s.Section].Name == ".text" && at-c.base >= s.Value && at-c.base < s.Value+s.Size {
					return fmt.Sprintf("%s+%#x (unloaded)", s.Name, at-c.base-s.Value)
				}
			}
			return hex
		})
		named.WriteString(line + "\n")
	}
	return named.String(), nil
}

// ModuleText is where the module's code begins and ends in the guest, for filters of the kernel.
func (s *Server) ModuleText(t testing.TB) (from, to uint64) {
	t.Helper()
	ctx, cancel := s.Timeout(10 * time.Second)
	defer cancel()
	c, err := codeOf(ctx, s.Runner.Guest(), "kchat", s.module)
	if err != nil {
		t.Fatal(err)
	}
	file, err := elf.Open(c.module)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	return c.base, c.base + file.Section(".text").Size
}
