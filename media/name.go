// SPDX-License-Identifier: GPL-2.0-only

package media

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxName is the longest file name SafeName gives, in bytes: file systems take 255, and a number has to fit in.
const maxName = 200

// noName stands in where nothing of a name was fit to be kept.
const noName = "file"

// SafeName makes a name that came from somebody else fit to name a file in a folder of ours: one path element, NFC,
// without control, formatting or bidirectional characters, not hidden, not an option to a command, not a device on
// any system, at most 200 bytes with its ending kept. It is never empty.
func SafeName(name string) string {
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = norm.NFC.String(strings.Map(safeRune, strings.ToValidUTF8(name, "")))
	name = strings.Join(strings.Fields(name), " ")
	name = strings.Trim(strings.TrimLeft(name, ". "), ". ")
	if strings.HasPrefix(name, "-") || strings.HasPrefix(name, "~") || isDevice(name) {
		name = "_" + name
	}
	if name == "" {
		return noName
	}
	return shorten(name)
}

// safeRune maps what must not stand in a file's name: -1 takes it out.
func safeRune(r rune) rune {
	switch {
	case r == '\t' || r == '\n' || r == '\r':
		return ' '
	case unicode.In(r, unicode.Zs, unicode.Zl, unicode.Zp):
		return ' '
	case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs), r == utf8.RuneError:
		return -1
	case !unicode.IsPrint(r):
		return -1
	case strings.ContainsRune(`<>:"|?*`, r):
		return '_'
	}
	return r
}

// isDevice reports whether a name means a device on Windows, with any ending.
func isDevice(name string) bool {
	stem, _, _ := strings.Cut(strings.ToUpper(name), ".")
	stem = strings.TrimSpace(stem)
	if slices.Contains([]string{"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"}, stem) {
		return true
	}
	rest, ok := strings.CutPrefix(stem, "COM")
	if !ok {
		rest, ok = strings.CutPrefix(stem, "LPT")
	}
	return ok && slices.Contains([]string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "¹", "²", "³"}, rest)
}

// shorten cuts a name in front of its ending, between characters.
func shorten(name string) string {
	if len(name) <= maxName {
		return name
	}
	ext := filepath.Ext(name)
	if len(ext) > 20 {
		ext = ""
	}
	stem := name[:maxName-len(ext)]
	for len(stem) > 0 && !startsCharacter(name[len(stem):]) {
		stem = stem[:len(stem)-1]
	}
	if stem = strings.TrimRight(stem, ". "); stem == "" {
		stem = noName
	}
	return stem + ext
}

// startsCharacter reports whether s begins with a rune that does not belong to the one before it.
func startsCharacter(s string) bool {
	return utf8.RuneStart(s[0]) && norm.NFC.PropertiesString(s).BoundaryBefore()
}

// Export copies a blob into a folder under a safe form of a name, never over another file: where the name is taken,
// a number is added. It returns the path it chose. Nothing half-written is left under that path.
func (s *Store) Export(h Hash, dir, name string) (path string, err error) {
	src, err := s.Open(h)
	if err != nil {
		return "", err
	}
	defer src.Close()
	tmp, err := os.CreateTemp(dir, ".kchat-*")
	if err != nil {
		return "", fmt.Errorf("save file: %w", diskFull(err))
	}
	defer func() {
		tmp.Close()
		if err != nil {
			_ = os.Remove(tmp.Name()) // the first error is the one to report
		}
	}()
	if _, err := io.Copy(tmp, src); err != nil {
		return "", fmt.Errorf("save file: %w", diskFull(err))
	}
	if err := tmp.Sync(); err != nil {
		return "", fmt.Errorf("save file: %w", diskFull(err))
	}
	path, mode, err := reserve(dir, SafeName(name))
	if err != nil {
		return "", fmt.Errorf("save file: %w", diskFull(err))
	}
	if err = errors.Join(tmp.Chmod(mode), os.Rename(tmp.Name(), path)); err != nil {
		_ = os.Remove(path)
		return "", fmt.Errorf("save file: %w", err)
	}
	return path, nil
}

// reserve makes an empty file under a free name. Its mode is what the user's umask makes of an ordinary file.
func reserve(dir, name string) (string, fs.FileMode, error) {
	ext := filepath.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	for i := 1; ; i++ {
		path := filepath.Join(dir, name)
		if i > 1 {
			path = filepath.Join(dir, stem+" ("+strconv.Itoa(i)+")"+ext)
		}
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", 0, err
		}
		info, err := f.Stat()
		if err = errors.Join(err, f.Close()); err != nil {
			return "", 0, err
		}
		return path, info.Mode().Perm(), nil
	}
}
