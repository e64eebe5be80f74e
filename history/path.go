// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// DefaultPath is where the history of a login name lies: $XDG_DATA_HOME/kchat/NAME/history.db, with ~/.local/share
// for an unset or relative XDG_DATA_HOME, as the XDG Base Directory Specification says. Each name has its own file,
// so that two people on one machine's account do not read each other's rooms. The name is lower-cased, and escaped
// where it could leave the directory.
func DefaultPath(user string) (string, error) {
	if user == "" {
		return "", errors.New("history: no login name")
	}
	dir, err := dataDir()
	return filepath.Join(dir, escapeName(user), fileName), err
}

const fileName = "history.db"

func dataDir() (string, error) {
	base := os.Getenv("XDG_DATA_HOME")
	if !filepath.IsAbs(base) {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("history: finding the data directory: %w", err)
		}
		base = filepath.Join(home, ".local", "share")
	}
	return filepath.Join(base, "kchat"), nil
}

// Users returns the login names that have a history where DefaultPath puts it.
func Users() (names []string, err error) {
	dir, err := dataDir()
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("history: looking for histories: %w", err)
	}
	for _, e := range entries {
		if _, err := os.Stat(filepath.Join(dir, e.Name(), fileName)); err != nil {
			continue
		}
		if name, err := url.PathUnescape(e.Name()); err == nil {
			names = append(names, name)
		}
	}
	return names, nil
}

func escapeName(user string) string {
	name := url.PathEscape(strings.ToLower(normal(user)))
	if strings.Trim(name, ".") == "" {
		name = strings.ReplaceAll(name, ".", "%2E")
	}
	return name
}

// makePrivate makes the directory of path (mode 0700) and the file itself (0600), and takes the rights of others off
// a file that is there. It never opens an existing file: closing it again would drop the locks that another
// connection of this process holds on it (fcntl(2), "record locks").
func makePrivate(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("history: making the directory of %s: %w", path, err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	switch {
	case err == nil:
		return f.Close()
	case !errors.Is(err, os.ErrExist):
		return fmt.Errorf("history: making %s: %w", path, err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("history: looking at %s: %w", path, err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("history: %s is not a file", path)
	}
	if info.Mode().Perm()&0o077 != 0 {
		if err := os.Chmod(path, 0o600); err != nil {
			return fmt.Errorf("history: taking the rights of others off %s: %w", path, err)
		}
	}
	return nil
}
