// SPDX-License-Identifier: GPL-2.0-only

package media

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSafeName(t *testing.T) {
	for name, want := range map[string]string{
		"cat.png":                        "cat.png",
		"고양이 사진.jpg":                     "고양이 사진.jpg",
		"../../etc/passwd":               "passwd",
		`C:\Windows\system32\evil.exe`:   "evil.exe",
		"/":                              "file",
		"":                               "file",
		".":                              "file",
		"..":                             "file",
		"   . . ":                        "file",
		".bashrc":                        "bashrc",
		"...hidden":                      "hidden",
		"-rf":                            "_-rf",
		"~root":                          "_~root",
		"a\x00b\x1b[31mc\x7f.txt":        "ab[31mc.txt",
		"two\nlines\t.txt":               "two lines .txt",
		"photo\u202egnp.exe":             "photognp.exe",
		"\u2066left\u2069\u200b\ufeff.a": "left.a",
		"bad\xffutf8.txt":                "badutf8.txt",
		"CON":                            "_CON",
		"nul.txt":                        "_nul.txt",
		"lpt1.tar.gz":                    "_lpt1.tar.gz",
		"COM¹":                           "_COM¹",
		"console.txt":                    "console.txt",
		"what?<is>|this*.txt":            "what__is__this_.txt",
		"trailing. . ":                   "trailing",
		"\u1112\u1161\u11ab.txt":         "한.txt", // three jamo become one syllable
		"space\u00a0\u3000here":          "space here",
		"\u200d\u200c":                   "file",
	} {
		if got := SafeName(name); got != want {
			t.Errorf("SafeName(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestSafeNameShortensBetweenCharactersAndKeepsTheEnding(t *testing.T) {
	got := SafeName(strings.Repeat("한", 200) + ".jpeg")
	if len(got) > maxName || !strings.HasSuffix(got, "한.jpeg") {
		t.Errorf("%d bytes: %q", len(got), got)
	}
	if got := SafeName("x" + strings.Repeat("\u0301", 500) + ".png"); len(got) > maxName || !strings.HasSuffix(got, ".png") || got[0] == '.' {
		t.Errorf("marks: %q", got)
	}
	if got := SafeName("a." + strings.Repeat("b", 400)); len(got) != maxName {
		t.Errorf("long ending: %d bytes", len(got))
	}
}

// FuzzSafeName: whatever comes, one harmless path element comes out, and a second turn changes nothing.
func FuzzSafeName(f *testing.F) {
	f.Add("../\u202eCON.png")
	f.Add(strings.Repeat("e\u0301", 150) + ".tar.gz")
	f.Fuzz(func(t *testing.T, name string) {
		got := SafeName(name)
		if got == "" || len(got) > maxName+1 || strings.ContainsAny(got, "/\\\x00\n\x1b") || got[0] == '.' || got[0] == '-' ||
			got != filepath.Base(got) {
			t.Errorf("SafeName(%q) = %q", name, got)
		}
		if again := SafeName(got); again != got {
			t.Errorf("SafeName(%q) = %q, then %q", name, got, again)
		}
	})
}

func TestExportNeverWritesOverAnotherFile(t *testing.T) {
	s := openStore(t, StoreOptions{})
	h := put(t, s, []byte("new"))
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "cat.tar.gz"), []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "elsewhere"), filepath.Join(dir, "cat.tar (2).gz")); err != nil {
		t.Fatal(err)
	}
	path, err := s.Export(h, dir, "../cat.tar.gz")
	if err != nil || filepath.Base(path) != "cat.tar (3).gz" || filepath.Dir(path) != dir {
		t.Fatalf("%s, %v", path, err)
	}
	for name, want := range map[string]string{"cat.tar.gz": "old", "cat.tar (3).gz": "new"} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != want {
			t.Errorf("%s holds %q, %v", name, got, err)
		}
	}
	if _, err := os.Lstat(filepath.Join(dir, "elsewhere")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a link was followed")
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) != 3 {
		t.Errorf("left over: %v, %v", names, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode()&0o111 != 0 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestExportIntoAFolderThatIsNotThere(t *testing.T) {
	s := openStore(t, StoreOptions{})
	h := put(t, s, []byte("new"))
	if _, err := s.Export(h, filepath.Join(t.TempDir(), "absent"), "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if _, err := s.Export(Hash{1}, t.TempDir(), "x"); !errors.Is(err, ErrNotStored) {
		t.Errorf("got %v", err)
	}
}
