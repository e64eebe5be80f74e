// SPDX-License-Identifier: GPL-2.0-only

package desk

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"kchat/tui"
)

func TestTheBrowserIsTheUsersOrTheDesktops(t *testing.T) {
	for _, tc := range []struct {
		name string
		env  map[string]string
		have []string
		want []string
	}{
		{"the user's", map[string]string{"BROWSER": "firefox", "DISPLAY": ":0"}, []string{"firefox", "xdg-open"}, []string{"firefox"}},
		{"the first that is there", map[string]string{"BROWSER": "none:lynx -x %s"}, []string{"lynx"}, []string{"lynx", "-x", "%s"}},
		{"the desktop's", map[string]string{"WAYLAND_DISPLAY": "wayland-0"}, []string{"xdg-open"}, []string{"xdg-open"}},
		{"that of Windows", map[string]string{"WSL_DISTRO_NAME": "Debian"}, []string{"wslview"}, []string{"wslview"}},
		{"none without a desktop", nil, []string{"xdg-open"}, nil},
		{"none that is there", map[string]string{"DISPLAY": ":0", "BROWSER": " : "}, nil, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := browser(func(name string) string { return tc.env[name] }, func(name string) (string, error) {
				if slices.Contains(tc.have, name) {
					return name, nil
				}
				return "", exec.ErrNotFound
			})
			if !slices.Equal(got, tc.want) || (tc.want == nil) != errors.Is(err, tui.ErrNoBrowser) {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func TestALinkIsOneArgumentAndNoShellSeesIt(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	script := "#!/bin/sh\nprintf '%s\\n' \"$@\" >" + out + ".part && mv " + out + ".part " + out + "\n"
	if err := os.WriteFile(filepath.Join(dir, "show"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	t.Setenv("BROWSER", "show --new-tab")
	const link = "https://example.com/a;touch%20x?$(reboot)&b='`id`'"
	if err := OpenLink(t.Context(), link); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(out); err != nil || string(got) != "--new-tab\n"+link+"\n" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestWhatIsNoLinkOpensNothing(t *testing.T) {
	t.Setenv("BROWSER", "false")
	for _, link := range []string{
		"", "file:///etc/passwd", "javascript:alert(1)", "-o/tmp/x", "--help", "http://", "mailto:", "HTTP://x", "ssh://host",
		"https://example.com/\x1b]0;x\a", "https://example.com/ --flag", "https://exämple.com",
	} {
		if err := OpenLink(t.Context(), link); !errors.Is(err, errNoLink) {
			t.Errorf("%q: %v", link, err)
		}
	}
	if err := OpenLink(t.Context(), "https://example.com"); err == nil || errors.Is(err, errNoLink) {
		t.Errorf("a browser that fails: %v", err)
	}
}
