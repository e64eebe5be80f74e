// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"compress/gzip"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// counted is a file as gcov writes it.
func counted(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "conn.gcov.json.gz")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	packed := gzip.NewWriter(f)
	if _, err := packed.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := packed.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestALineRanIfOneOfItsCopiesDid(t *testing.T) {
	module := lines{}
	for _, text := range []string{
		`{"files": [{"file": "/src/.cache/kmod/kchat/coverage/conn.c", "lines": [
			{"line_number": 3, "count": 0}, {"line_number": 3, "count": 2}, {"line_number": 4, "count": 0}]},
		  {"file": "./include/linux/list.h", "lines": [{"line_number": 1, "count": 0}]}]}`,
		`{"files": [{"file": "../conn.c", "lines": [{"line_number": 4, "count": 0}, {"line_number": 5, "count": 1}]},
		  {"file": "test_conn.c", "lines": [{"line_number": 1, "count": 0}]}]}`,
	} {
		if err := module.read(counted(t, text)); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := module.shares(), []share{{"kmod/conn.c", 2, 3}}; !slices.Equal(got, want) {
		t.Errorf("counted %v, want %v", got, want)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "conn.c"), []byte("int run(void)\n{\n\ta();\n\t  b(  1 );\n\tc();\n}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	all, err := module.outcomes(dir)
	want := []outcome{{line{"conn.c", "run", "a();"}, 3, true}, {line{"conn.c", "run", "b( 1 );"}, 4, false}, {line{"conn.c", "run", "c();"}, 5, true}}
	if err != nil || !slices.Equal(all, want) {
		t.Errorf("%v, %v; want %v", all, err, want)
	}
}

func TestABlockOfGoRanIfOneOfItsPackagesTestsDid(t *testing.T) {
	path := filepath.Join(t.TempDir(), "go.out")
	text := "mode: set\nkchat/wire/a.go:1.2,3.4 2 0\nkchat/wire/b.go:1.2,3.4 3 0\nmode: set\nkchat/wire/a.go:1.2,3.4 2 1\n"
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	code := profile{}
	if err := code.read(path); err != nil {
		t.Fatal(err)
	}
	if got, want := code.shares(), []share{{"kchat/wire", 2, 5}}; !slices.Equal(got, want) {
		t.Errorf("counted %v, want %v", got, want)
	}
}
