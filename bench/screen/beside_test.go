// SPDX-License-Identifier: GPL-2.0-only

//go:build bench

package screen

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"kchat/server"
	"kchat/server/vmtest"
	"kchat/tui/screentest"
)

// starts is how often each program is started.
const starts = 5

// begun is what the shell writes right before it becomes the program, and how another program would be found: the time,
// where no screen shows it.
var begun = regexp.MustCompile("\x1b]777;([0-9]+)[.]([0-9]{6})\x07")

const begin = `printf '\033]777;%s\007' "$EPOCHREALTIME"; `

// TestBesideOthers starts this client, weechat and senpai in turn, none with a server, and measures the time from the
// exec to the first characters on the screen, and the memory a second later.
func TestBesideOthers(t *testing.T) {
	root, err := vmtest.Root()
	must(t, err)
	enter := filepath.Join(root, "scripts", "bench-screens")
	dir := home(t, "127.0.0.1:9") // nobody listens there (discard)
	cache, err := server.CacheDir()
	must(t, err)
	for _, c := range []struct {
		name, process string
		line          []string
	}{
		{"kchat-tui", "kchat-tui", []string{"bash", "-c", begin + "exec " + bin.Path("kchat-tui") + " login"}},
		{"weechat", "weechat", []string{enter, "--", "bash", "-c", begin + "exec weechat -a -d /tmp/weechat"}},
		{"senpai", "senpai", []string{
			enter, "--", "bash", "-c",
			`printf 'address "127.0.0.1:9"\nnickname "anna"\ntls false\n' >/tmp/senpai.scfg; ` + begin + "exec senpai -config /tmp/senpai.scfg",
		}},
	} {
		var took []time.Duration
		var memory []float64
		for range starts {
			cmd := exec.Command(c.line[0], c.line[1:]...)
			cmd.Dir, cmd.Env = dir, append(environment(dir), "XDG_CACHE_HOME="+filepath.Dir(cache)) // where the others are kept
			p := screentest.Start(t, c.name, cmd, 120, 40, nil)
			p.Until("the first characters", func(screen string) bool { return strings.TrimSpace(screen) != "" && begun.MatchString(p.Raw()) })
			now := time.Now()
			at := begun.FindStringSubmatch(p.Raw())
			micros, err := strconv.ParseInt(at[1]+at[2], 10, 64)
			must(t, err)
			took = append(took, now.Sub(time.UnixMicro(micros)))
			time.Sleep(time.Second)
			memory = append(memory, resident(t, descendant(t, p.Pid(), c.process)))
			p.Kill()
		}
		slices.Sort(memory)
		aim := ""
		if c.name == "kchat-tui" {
			aim = fmt.Sprintf(" (aim: %v)", wantPaint)
		}
		told(t, "first characters on the screen, "+c.name, "%s%s", spread(took), aim)
		told(t, "memory, "+c.name, "%.0f MiB", memory[len(memory)/2])
	}
}

// descendant is the process of that name that a process has become or has started.
func descendant(t *testing.T, pid int, name string) int {
	t.Helper()
	comm, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "comm"))
	must(t, err)
	if strings.HasPrefix(strings.TrimSpace(string(comm)), name) {
		return pid
	}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", pid))
	must(t, err)
	for child := range strings.FieldsSeq(string(children)) {
		n, err := strconv.Atoi(child)
		must(t, err)
		if found := descendant(t, n, name); found != 0 {
			return found
		}
	}
	return 0
}
