// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"kchat/tui/words"
)

// Every word that the code asks for is in the catalogue, and every word of the catalogue is asked for.
func TestTheCatalogueAndTheCodeAgree(t *testing.T) {
	c, err := words.Load("C")
	if err != nil {
		t.Fatal(err)
	}
	used := make(map[string]bool)
	call := regexp.MustCompile(`\b(?:say|Say|Count|bind)\(\s*"([a-z_.]+)"`)
	literal := regexp.MustCompile(`"([a-z_]+\.[a-z_.]+)"`)
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	inner, err := filepath.Glob("talk/*.go")
	if err != nil {
		t.Fatal(err)
	}
	lines, err := filepath.Glob("plain/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range slices.Concat(paths, inner, lines) {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range call.FindAllStringSubmatch(string(source), -1) {
			key := m[1]
			if strings.HasSuffix(key, ".") {
				continue // put together at run time
			}
			if !c.Has(key) && !c.Has(key+".other") && !c.Has(key+".some") {
				t.Errorf("%s asks for %q, which is not in the catalogue", path, key)
			}
		}
		for _, m := range literal.FindAllStringSubmatch(string(source), -1) {
			used[m[1]] = true
		}
	}
	for _, cmd := range commandTable() {
		used["command."+cmd.words+".usage"], used["command."+cmd.words+".help"] = true, true
	}
	for _, counter := range shownCounters {
		used["counter."+strings.ToLower(counter.name)] = true
	}
	for _, key := range c.Keys() {
		base := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(key, ".one"), ".other"), ".some")
		if !used[key] && !used[base] && !strings.HasPrefix(key, "weekday.") && !strings.HasPrefix(key, "month.") &&
			!strings.HasPrefix(key, "error.") { // reasons_test.go asks for those
			t.Errorf("nothing asks for %q", key)
		}
	}
	for _, table := range [][]binding{chatKeys(), selectionKeys()} {
		for _, b := range table {
			if !c.Has(b.words) {
				t.Errorf("the key %s has no words %q", b.keys.Help().Key, b.words)
			}
		}
	}
}
