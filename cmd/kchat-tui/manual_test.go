// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"flag"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kchat/server/vmtest"
)

var update = flag.Bool("update", false, "write the manual pages anew")

// manualPages are the folder of the pages, and what they are to be.
func manualPages(t *testing.T) (man string, pages map[string]string) {
	t.Helper()
	root, err := vmtest.Root()
	if err != nil {
		t.Fatal(err)
	}
	man = filepath.Join(root, "man")
	if pages, err = manual(man); err != nil {
		t.Fatal(err)
	}
	return man, pages
}

// The pages under man/ are what the commands, the module's table of limits, the errors of the protocol and the words of
// the screen say today, put between the sentences of man/src.
//
//	go test -run ManualPages ./cmd/kchat-tui -update
//
// writes them anew.
func TestTheManualPagesAreWhatTheCommandsSay(t *testing.T) {
	man, pages := manualPages(t)
	if *update {
		for path, page := range pages {
			path = filepath.Join(man, path)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for path, page := range pages {
		if kept, err := os.ReadFile(filepath.Join(man, path)); err != nil || string(kept) != page {
			t.Errorf("man/%s is not what it would be now (%v): \"make man\" writes it", path, err)
		}
	}
	err := filepath.WalkDir(man, func(path string, d fs.DirEntry, err error) error {
		name, _ := filepath.Rel(man, path)
		if err == nil && !d.IsDir() && !strings.HasPrefix(name, "src"+string(filepath.Separator)) && pages[name] == "" {
			t.Errorf("man/%s is of nothing that there is", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What groff finds to say of a page is a mistake in it, and so are characters that a page loses.
func TestTheManualPagesAreRenderedWithoutAWarning(t *testing.T) {
	if _, err := exec.LookPath("groff"); err != nil {
		t.Fatal("groff is missing: \"make setup\" installs it (groff-base)")
	}
	_, pages := manualPages(t)
	for _, path := range slices.Sorted(maps.Keys(pages)) {
		cmd := exec.CommandContext(t.Context(), "groff", "-k", "-K", "utf8", "-T", "utf8", "-man", "-ww", "-rLL=100n", "-P-cbou")
		if strings.HasPrefix(path, "zh_TW") {
			cmd.Args = append(cmd.Args, "-mzh") // where lines may be broken
		}
		cmd.Stdin = strings.NewReader(pages[path])
		var out, complaints bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &complaints
		if err := cmd.Run(); err != nil || complaints.Len() > 0 {
			t.Errorf("%s: %v: %s", path, err, complaints.String())
		}
		if strings.Contains(out.String(), "@") {
			t.Errorf("%s has a place that nothing was put into", path)
		}
		for _, word := range strings.Fields(pageWord[path]) {
			if !strings.Contains(out.String(), word) {
				t.Errorf("%s has no %q:\n%s", path, word, out.String())
			}
		}
	}
}

// pageWord is something that stands in the rendered pages.
var pageWord = map[string]string{
	"man1/kchat-tui.1":       "/send-image KCHAT_SERVER kchat-tui-admin(1)",
	"man1/kchat-tui-login.1": "--password-file --ascii",
	"man1/kchat-tui-admin.1": "drain unregister",
	"man4/kchat.4":           "room_idle_ms EHOSTDOWN ALONE 300000",
	"ko/man1/kchat-tui.1":    "/send-image 보내기 KCHAT_SERVER",
	"ko/man4/kchat.4":        "room_idle_ms EHOSTDOWN 없습니다. 메모리",
	"zh_TW/man1/kchat-tui.1": "/send-image 傳送 KCHAT_SERVER",
	"zh_TW/man4/kchat.4":     "room_idle_ms EHOSTDOWN ALONE 記憶體",
}
