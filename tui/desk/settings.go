// SPDX-License-Identifier: GPL-2.0-only

package desk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/BurntSushi/toml"

	"kchat/tui"
)

// Settings keeps what was chosen in the screen in a file. The file is the program's: what its user writes is in the
// configuration.
type Settings struct{ path string }

// NewSettings keeps them in a file, which need not be there yet.
func NewSettings(path string) *Settings { return &Settings{path} }

// settingsFile is the file's form.
type settingsFile struct {
	Theme string     `toml:"theme,omitempty"`
	Quiet bool       `toml:"do_not_disturb,omitempty"`
	Until *time.Time `toml:"until,omitempty"` // of quiet; nil: until it is ended
}

// Load reads what was kept. Nothing kept is the zero value.
func (s *Settings) Load() (tui.Settings, error) {
	var file settingsFile
	if _, err := toml.DecodeFile(s.path, &file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return tui.Settings{}, fmt.Errorf("reading %s: %w", s.path, err)
	}
	now := tui.Settings{Theme: file.Theme, Quiet: tui.Quiet{On: file.Quiet}}
	if file.Until != nil {
		now.Quiet.Until = *file.Until
	}
	return now, nil
}

// Keep changes what is kept. Two programs at once each change what they change, and never leave half a file. One that
// cannot be read, as it was damaged, begins anew.
func (s *Settings) Keep(_ context.Context, change func(*tui.Settings)) error {
	now, _ := s.Load()
	change(&now)
	var out bytes.Buffer
	file := settingsFile{Theme: now.Theme, Quiet: now.Quiet.On}
	if until := now.Quiet.Until; !until.IsZero() {
		file.Until = &until
	}
	if err := toml.NewEncoder(&out).Encode(file); err != nil {
		return fmt.Errorf("writing %s: %w", s.path, err)
	}
	return replace(s.path, out.Bytes())
}

// replace puts a file into the place of another one, whole.
func replace(path string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing %s: %w", path, err), os.Remove(f.Name()))
	}
	return nil
}
