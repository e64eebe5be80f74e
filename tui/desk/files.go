// SPDX-License-Identifier: GPL-2.0-only

package desk

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"kchat/media"
	"kchat/rooms"
	"kchat/tui"
)

// Files does with blobs what one does with files.
type Files struct {
	store  *media.Store
	folder string
}

// NewFiles saves what is in a store into a folder, which is made when it is needed.
func NewFiles(store *media.Store, folder string) *Files { return &Files{store, folder} }

// Look implements tui.Files.
func (f *Files) Look(hash rooms.Hash) tui.Found {
	h := media.Hash(hash)
	part, _ := f.store.Partial(h) // what cannot be read does not count
	return tui.Found{Here: f.store.Has(h), Part: part, Kept: f.store.Pinned(h)}
}

// Save implements tui.Files.
func (f *Files) Save(_ context.Context, hash rooms.Hash, name string) (string, error) {
	if err := os.MkdirAll(f.folder, 0o755); err != nil {
		return "", fmt.Errorf("make the download folder: %w", err)
	}
	return f.store.Export(media.Hash(hash), f.folder, name)
}

// Keep implements tui.Files.
func (f *Files) Keep(hash rooms.Hash, keep bool) error {
	if keep {
		return f.store.Pin(media.Hash(hash))
	}
	return f.store.Unpin(media.Hash(hash))
}

// Drop implements tui.Files.
func (f *Files) Drop(hash rooms.Hash) { f.store.Drop(media.Hash(hash)) }

// AcceptUpTo takes what has a hash and is not too large to be taken unasked.
func AcceptUpTo(most uint64) func(rooms.Transfer) bool {
	return func(t rooms.Transfer) bool { return t.Attached.Size <= most && !t.Attached.Hash.IsZero() }
}

// acceptShown is AcceptUpTo where there is a screen, which shows live videos too: what is kept of them is bounded by
// the client.
func acceptShown(most uint64) func(rooms.Transfer) bool {
	small := AcceptUpTo(most)
	return func(t rooms.Transfer) bool {
		return small(t) || most > 0 && t.Kind == rooms.StreamVideo && t.Attached.Hash.IsZero()
	}
}

// DownloadFolder is where programs of this user save what comes: XDG_DOWNLOAD_DIR of the environment or of
// user-dirs.dirs (xdg-user-dirs), else Downloads in the home folder.
func DownloadFolder() (string, error) { return folderFor("XDG_DOWNLOAD_DIR", "Downloads") }

// PictureFolder is where this user's pictures are: XDG_PICTURES_DIR, else Pictures in the home folder, and the home
// folder where that is not there.
func PictureFolder() (string, error) {
	dir, err := folderFor("XDG_PICTURES_DIR", "Pictures")
	if err != nil {
		return "", err
	}
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return dir, nil
	}
	return os.UserHomeDir()
}

// folderFor is a folder of this user by its variable, or else by its name in the home folder.
func folderFor(variable, name string) (string, error) {
	if dir := os.Getenv(variable); filepath.IsAbs(dir) {
		return dir, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find the folder: %w", err)
	}
	config := os.Getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(config) {
		config = filepath.Join(home, ".config")
	}
	if dir, err := userFolder(filepath.Join(config, "user-dirs.dirs"), variable, home); dir != "" || err != nil {
		return dir, err
	}
	return filepath.Join(home, name), nil
}

// userFolder reads one folder of a user-dirs.dirs: lines such as XDG_DOWNLOAD_DIR="$HOME/Downloads". A folder that is not
// named is empty.
func userFolder(path, name, home string) (string, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("find the folder: %w", err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		value, ok := strings.CutPrefix(strings.TrimSpace(lines.Text()), name+"=")
		if !ok {
			continue
		}
		dir, err := strconv.Unquote(value)
		if err != nil {
			continue
		}
		if rest, ok := strings.CutPrefix(dir, "$HOME"); ok {
			dir = filepath.Join(home, rest)
		}
		if filepath.IsAbs(dir) {
			return dir, nil
		}
	}
	if err := lines.Err(); err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	return "", nil
}
