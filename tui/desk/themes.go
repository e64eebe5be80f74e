// SPDX-License-Identifier: GPL-2.0-only

package desk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"kchat/tui/styles"
)

// themeEnding is that of a theme's file; what is before it is the theme's name.
const themeEnding = ".toml"

// Themes are those that are built in and those in a folder.
type Themes struct{ dir string }

// NewThemes reads themes from a folder, which need not be there.
func NewThemes(dir string) *Themes { return &Themes{dir} }

// Names implements tui.Themes: the built-in ones first, then the files by name.
func (t *Themes) Names(context.Context) ([]string, error) {
	var names []string
	for _, theme := range styles.Themes() {
		names = append(names, theme.Name)
	}
	entries, err := os.ReadDir(t.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return names, fmt.Errorf("looking for themes: %w", err)
	}
	for _, e := range entries {
		name, is := strings.CutSuffix(e.Name(), themeEnding)
		if is && name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names, nil
}

// Load implements tui.Themes. A file is read anew each time, so that who writes one sees it at once.
func (t *Themes) Load(ctx context.Context, name string) (styles.Theme, error) {
	if theme, known := styles.Builtin(name); known {
		return theme, nil
	}
	path := filepath.Join(t.dir, name+themeEnding)
	if name == "" || name != filepath.Base(name) || strings.HasPrefix(name, ".") {
		return styles.Theme{}, fmt.Errorf("%q is no name of a theme", name)
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		names, _ := t.Names(ctx)
		return styles.Theme{}, fmt.Errorf("there is no theme %q and no file %s; there are %s", name, path, strings.Join(names, ", "))
	}
	if err != nil {
		return styles.Theme{}, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, styles.MaxFile+1))
	if err != nil {
		return styles.Theme{}, fmt.Errorf("reading %s: %w", path, err)
	}
	theme, err := styles.Parse(name, data)
	if err != nil {
		return styles.Theme{}, fmt.Errorf("%s: %w", path, err)
	}
	return theme, nil
}
