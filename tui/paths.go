// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// maxPath is the longest path that is looked for, in bytes (PATH_MAX of linux/limits.h).
const maxPath = 4096

// pathsIn returns the paths that pasted or typed words can mean, the most likely first: as they stand, without the
// quotes or backslashes that shells and file managers put around them, or as a file: address (RFC 8089); with letters
// composed or taken apart, since systems keep names differently.
func pathsIn(words string) []string {
	words = strings.TrimSpace(words)
	if words == "" || len(words) > maxPath || strings.ContainsAny(words, "\n\r\x00") {
		return nil
	}
	var out []string
	add := func(path string) {
		path = expand(path)
		for _, form := range []string{path, norm.NFC.String(path), norm.NFD.String(path)} {
			known := false
			for _, p := range out {
				known = known || p == form
			}
			if form != "" && !known {
				out = append(out, form)
			}
		}
	}
	if address, ok := ofAddress(words); ok {
		add(address)
		return out
	}
	add(words)
	if plain, ok := unquoted(words); ok {
		add(plain)
	}
	return out
}

// ofAddress is the path of a file: address on this machine.
func ofAddress(words string) (string, bool) {
	if len(words) < 6 || !strings.EqualFold(words[:5], "file:") {
		return "", false
	}
	u, err := url.Parse(words)
	if err != nil || !strings.HasPrefix(u.Path, "/") {
		return "", false
	}
	host, _ := os.Hostname() // without a name only our own addresses are known
	if u.Host != "" && u.Host != "localhost" && !strings.EqualFold(u.Host, host) {
		return "", false
	}
	return u.Path, true
}

// unquoted undoes what a shell would: quotes of both kinds, and backslashes before single characters. It reports
// whether the words are one such word.
func unquoted(words string) (string, bool) {
	var b strings.Builder
	var quote byte
	changed := false
	for i := 0; i < len(words); i++ {
		switch ch := words[i]; {
		case quote == 0 && (ch == '\'' || ch == '"'):
			quote, changed = ch, true
		case quote != 0 && ch == quote:
			quote = 0
		case ch == '\\' && quote != '\'' && i+1 < len(words):
			i++
			changed = true
			b.WriteByte(words[i])
		default:
			b.WriteByte(ch)
		}
	}
	return b.String(), changed && quote == 0
}

// looksLikePath reports whether words can only be meant as a path from somewhere.
func looksLikePath(words string) bool {
	words = strings.TrimLeft(strings.TrimSpace(words), `'"`)
	for _, begin := range []string{"/", "~/", "./", "../", "file:"} {
		if strings.HasPrefix(words, begin) {
			return true
		}
	}
	return false
}

// fileOf returns the first of the paths that is a file, or the first of all.
func fileOf(paths []string) (path string, found bool) {
	for _, p := range paths {
		p = onDisk(filepath.Clean(p))
		if info, err := os.Stat(p); err == nil && info.Mode().IsRegular() {
			return p, true
		}
	}
	if len(paths) == 0 {
		return "", false
	}
	return paths[0], false
}

// onDisk returns a path as the system keeps it: where a part of it is not there as it is written, the one whose letters
// are the same is taken, composed or taken apart. A path that is not there stays.
func onDisk(path string) string {
	if _, err := os.Lstat(path); err == nil {
		return path
	}
	folder, base := filepath.Split(path)
	if base == "" || folder == path {
		return path
	}
	if folder = filepath.Clean(folder); folder != "." {
		folder = onDisk(folder)
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return path
	}
	for _, e := range entries {
		if norm.NFC.String(e.Name()) == norm.NFC.String(base) {
			return filepath.Join(folder, e.Name())
		}
	}
	return filepath.Join(folder, base)
}

// shellSpecial are the characters that a backslash goes before in a completed path.
const shellSpecial = " \t'\"\\"

// escaped writes a name so that it is one word.
func escaped(name string) string {
	var b strings.Builder
	for _, r := range name {
		if strings.ContainsRune(shellSpecial, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// unescaped is the path that a typed word means, with the home folder in place of ~.
func unescaped(word string) string {
	if plain, ok := unquoted(word); ok {
		word = plain
	}
	return expand(word)
}
