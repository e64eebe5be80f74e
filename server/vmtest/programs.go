// SPDX-License-Identifier: GPL-2.0-only

package vmtest

import (
	"maps"
	"os/exec"
	"strings"
	"testing"

	"kchat/server"
)

// Programs are programs of this machine in /bin of the guest, and the libraries that they need at the places they have
// here: the path in the guest, and that here.
func Programs(t testing.TB, names ...string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, name := range names {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		files["/bin/"+name] = path
		out, err := exec.Command("ldd", path).Output()
		if err != nil {
			t.Fatalf("ask what %s needs: %v", path, err)
		}
		for word := range strings.FieldsSeq(string(out)) {
			if strings.HasPrefix(word, "/") {
				files[word] = word
			}
		}
	}
	return files
}

// WithPrograms puts programs of this machine into the guest.
func WithPrograms(t testing.TB, names ...string) Option {
	t.Helper()
	files := Programs(t, names...)
	return func(cfg *server.Config) { maps.Copy(cfg.Files, files) }
}
