// SPDX-License-Identifier: GPL-2.0-only

package desk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"kchat/tui"
)

// browserSoon is how long a browser may take to say that it cannot open something. One that still runs then shows it.
const browserSoon = 5 * time.Second

var errNoLink = errors.New("this is no address of a web page or a letter")

// OpenLink has a link shown by the program of $BROWSER, or the one that the desktop has for it. No shell sees it.
// tui.ErrNoBrowser: there is none.
func OpenLink(ctx context.Context, link string) error {
	if !harmless(link) {
		return errNoLink
	}
	line, err := browser(os.Getenv, exec.LookPath)
	if err != nil {
		return err
	}
	cmd := exec.Command(line[0], withLink(line[1:], link)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // it has nothing to do with our terminal, and outlives us
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", filepath.Base(line[0]), err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(line[0]), err)
		}
	case <-time.After(browserSoon):
	case <-ctx.Done():
	}
	return nil
}

// harmless reports whether a link is what links in messages may be. Who shows them has checked it already; a program is
// started here.
func harmless(link string) bool {
	for i := range len(link) {
		if link[i] <= ' ' || link[i] > '~' {
			return false
		}
	}
	for _, begin := range []string{"http://", "https://", "mailto:"} {
		if rest, is := strings.CutPrefix(link, begin); is && rest != "" {
			return true
		}
	}
	return false
}

// browser is the command line of the program for links. BROWSER is a list with colons, as xdg-open(1) has it.
func browser(getenv func(string) string, find func(string) (string, error)) ([]string, error) {
	var lines [][]string
	for _, line := range strings.Split(getenv("BROWSER"), ":") {
		if words := strings.Fields(line); len(words) > 0 {
			lines = append(lines, words)
		}
	}
	if getenv("DISPLAY") != "" || getenv("WAYLAND_DISPLAY") != "" {
		lines = append(lines, []string{"xdg-open"}) // without a desktop it takes a browser for terminals, and ours is in use
	}
	if getenv("WSL_DISTRO_NAME") != "" {
		lines = append(lines, []string{"wslview"})
	}
	for _, line := range lines {
		if path, err := find(line[0]); err == nil {
			return append([]string{path}, line[1:]...), nil
		}
	}
	return nil, tui.ErrNoBrowser
}

// withLink puts a link into arguments: for %s, or behind them.
func withLink(arguments []string, link string) []string {
	out, put := make([]string, 0, len(arguments)+1), false
	for _, a := range arguments {
		put = put || strings.Contains(a, "%s")
		out = append(out, strings.ReplaceAll(a, "%s", link))
	}
	if !put {
		out = append(out, link)
	}
	return out
}
