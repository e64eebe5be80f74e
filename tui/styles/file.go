// SPDX-License-Identifier: GPL-2.0-only

package styles

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"image/color"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
)

// MaxFile is the largest theme that is read, in bytes.
const MaxFile = 64 << 10

// maxNames is how many colours of names a theme may have.
const maxNames = 64

// FileError says what is wrong with a theme's file, and where.
type FileError struct {
	Line int    // 0: the file as a whole
	Key  string // empty: it is no key's
	Why  string
}

// Error implements error.
func (e *FileError) Error() string {
	var at []string
	if e.Line > 0 {
		at = append(at, "line "+strconv.Itoa(e.Line))
	}
	if e.Key != "" {
		at = append(at, e.Key)
	}
	return strings.Join(append(at, e.Why), ": ")
}

// Parse reads a theme from TOML: base, the built-in theme that gives what is not said (else auto); a colour for each
// token, as "#7cb7ff"; and names, a list of such colours.
func Parse(name string, data []byte) (Theme, error) {
	if len(data) > MaxFile {
		return Theme{}, &FileError{Why: fmt.Sprintf("%d bytes are too many for a theme; %d are the most", len(data), MaxFile)}
	}
	var file map[string]any
	if err := toml.Unmarshal(data, &file); err != nil {
		if syntax, ok := errors.AsType[toml.ParseError](err); ok {
			return Theme{}, &FileError{Line: syntax.Position.Line, Why: syntax.Message}
		}
		return Theme{}, &FileError{Why: err.Error()}
	}
	theme, _ := Builtin(Auto)
	if base, given := file["base"]; given {
		var known bool
		if theme, known = Builtin(fmt.Sprint(base)); !known {
			return Theme{}, wrong(data, "base", fmt.Sprintf("there is no theme %q to begin with; %s are built in", base, strings.Join(builtinNames(), ", ")))
		}
	}
	theme.Name, theme.dark.Name, theme.light.Name = name, name, name
	for _, key := range slices.Sorted(maps.Keys(file)) {
		if err := theme.set(key, file[key]); err != nil {
			return Theme{}, wrong(data, key, err.Error())
		}
	}
	return theme, nil
}

// set gives a token its colour in both palettes: what a file says counts on every ground.
func (t *Theme) set(key string, value any) error {
	switch key {
	case "base":
		return nil
	case "names":
		all, err := colorsOf(value)
		t.dark.Names, t.light.Names = all, all
		return err
	}
	for _, k := range tokens() {
		if k.name == key {
			c, err := colorOf(value)
			*k.of(&t.dark), *k.of(&t.light) = c, c
			return err
		}
	}
	known := []string{"base", "names"}
	for _, k := range tokens() {
		known = append(known, k.name)
	}
	return fmt.Errorf("there is no such colour; there are %s", strings.Join(known, ", "))
}

var written = regexp.MustCompile(`^#[0-9A-Fa-f]{6}$`)

func colorOf(value any) (color.RGBA, error) {
	s, ok := value.(string)
	if !ok || !written.MatchString(s) {
		return color.RGBA{}, fmt.Errorf("%v is no colour; one is written as \"#7cb7ff\"", value)
	}
	rgb, err := strconv.ParseUint(s[1:], 16, 32)
	return hex(uint32(rgb)), err
}

func colorsOf(value any) ([]color.RGBA, error) {
	list, ok := value.([]any)
	if !ok || len(list) == 0 || len(list) > maxNames {
		return nil, fmt.Errorf("a list of 1 to %d colours is wanted, as [\"#f2a97e\", \"#8fd694\"]", maxNames)
	}
	out := make([]color.RGBA, len(list))
	for i, v := range list {
		c, err := colorOf(v)
		if err != nil {
			return nil, err
		}
		out[i] = c
	}
	return out, nil
}

// wrong is what is wrong with a key, with the line that it stands in.
func wrong(data []byte, key, why string) error {
	at := regexp.MustCompile(`^\s*(\[?\s*)?["']?` + regexp.QuoteMeta(key) + `["']?\s*[=.\]]`)
	lines := bufio.NewScanner(bytes.NewReader(data))
	for n := 1; lines.Scan(); n++ {
		if at.Match(lines.Bytes()) {
			return &FileError{Line: n, Key: key, Why: why}
		}
	}
	return &FileError{Key: key, Why: why}
}

func builtinNames() []string {
	var out []string
	for _, t := range Themes() {
		out = append(out, t.Name)
	}
	return out
}
