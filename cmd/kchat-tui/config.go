// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"kchat/tui"
)

// configMost is how much of a configuration file is read, in bytes: far more than all settings take.
const configMost = 256 << 10

// configFile is the file with what is not to be typed every time. docs/settings.md says what the settings mean.
type configFile struct {
	Server       string `toml:"server"`
	User         string `toml:"user"`
	PasswordFile string `toml:"password_file"`
	SendTyping   *bool  `toml:"send_typing"`
	SendRead     *bool  `toml:"send_read"`
	fileSettings
	Images string `toml:"images"`
	screenSettings
	Mouse *bool      `toml:"mouse"`
	Keys  tui.Keymap `toml:"keys"`
}

// configPath is $XDG_CONFIG_HOME/kchat/config.toml.
func configPath() (string, error) {
	base := os.Getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(base) {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("finding the configuration: %w", err)
		}
		base = filepath.Join(home, ".config")
	}
	return filepath.Join(base, "kchat", "config.toml"), nil
}

// settingError is what is wrong with the value of a setting in the configuration. The sentence names the setting.
type settingError struct {
	key string
	error
}

// Unwrap gives the sentence.
func (e settingError) Unwrap() error { return e.error }

// settingErrorf makes one; the sentence goes on after the setting's key.
func settingErrorf(key, format string, args ...any) error {
	return settingError{key, fmt.Errorf(key+" "+format, args...)}
}

// readConfig is a configuration file that has been read. One that is not there has no settings.
type readConfig struct {
	configFile
	path  string
	lines map[string]int // where the settings stand
}

// mistake says of an error where in the file its cause stands, if it does there.
func (f *readConfig) mistake(err error) error {
	if setting, is := errors.AsType[settingError](err); is {
		err = fmt.Errorf("%s: %w", f.where(setting.key), err)
	}
	return coded{err, exitUsage}
}

// where is the place of a setting in the file; "" if it is not there.
func (f *readConfig) where(key string) string {
	if f.lines[key] == 0 {
		return ""
	}
	return fmt.Sprintf("%s:%d", f.path, f.lines[key])
}

// readConfigFile reads the settings in a file. Everything is named that is no setting or has no such value, each with its
// line; whether a value can be used at all is for those who use it.
func readConfigFile(path string) (*readConfig, error) {
	f := &readConfig{path: path, lines: map[string]int{}}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return f, coded{fmt.Errorf("reading the configuration: %w", err), exitUsage}
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, configMost+1))
	if err != nil {
		return f, coded{fmt.Errorf("reading the configuration %s: %w", path, err), exitUsage}
	}
	if len(data) > configMost {
		return f, coded{fmt.Errorf("%s is larger than %d bytes: it is no configuration", path, configMost), exitUsage}
	}
	if err := f.decode(string(data)); err != nil {
		return f, coded{err, exitUsage}
	}
	return f, nil
}

// decode takes the settings out of TOML.
func (f *readConfig) decode(text string) error {
	var given map[string]toml.Primitive
	meta, err := toml.Decode(text, &given)
	if syntax, is := errors.AsType[toml.ParseError](err); is {
		return fmt.Errorf("%s:%d: %s", f.path, syntax.Position.Line, notTOML(syntax))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	known := settingsOf(reflect.ValueOf(&f.configFile).Elem())
	for key, value := range given {
		f.lines[key] = lineOf(&meta, value)
	}
	var wrong []error
	keys := slices.SortedFunc(maps.Keys(given), func(a, b string) int { return cmp.Compare(f.lines[a], f.lines[b]) })
	for _, key := range keys {
		into, is := known[key]
		if is && key == keysSetting {
			wrong = append(wrong, f.decodeKeys(&meta, given[key])...)
			continue
		}
		if !is {
			err = fmt.Errorf("%s", noSuch("setting", key, slices.Sorted(maps.Keys(known))))
		} else {
			err = assign(&meta, given[key], key, into)
		}
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s:%d: %w", f.path, f.lines[key], err))
		}
	}
	return errors.Join(wrong...)
}

// notTOML says in a sentence what the parser has found.
func notTOML(e toml.ParseError) string {
	if key, again := strings.CutPrefix(e.Message, "Key '"); again {
		key, _, _ = strings.Cut(key, "'")
		return key + " stands here a second time: keep one of the two"
	}
	words := "this is not TOML: " + e.Message
	if e.LastKey != "" {
		words += fmt.Sprintf(" (after %s)", e.LastKey)
	}
	return words + `; a setting is written as key = "value"`
}

// settingsOf are the fields of a configuration by their keys.
func settingsOf(v reflect.Value) map[string]reflect.Value {
	all := map[string]reflect.Value{}
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.Anonymous {
			maps.Copy(all, settingsOf(v.Field(i)))
		} else {
			all[field.Tag.Get("toml")] = v.Field(i)
		}
	}
	return all
}

// seen takes a value of any type as it stands in a file.
type seen struct{ value any }

// UnmarshalTOML implements toml.Unmarshaler.
func (s *seen) UnmarshalTOML(value any) error {
	s.value = value
	return nil
}

// refused takes no value: it is a way to be told where one stands.
type refused struct{}

// UnmarshalTOML implements toml.Unmarshaler.
func (*refused) UnmarshalTOML(any) error { return errors.New("refused") }

// lineOf is the line that a value stands in.
func lineOf(meta *toml.MetaData, value toml.Primitive) int {
	refusal, _ := errors.AsType[toml.ParseError](meta.PrimitiveDecode(value, &refused{}))
	if refusal.Position.Line > 0 {
		return refusal.Position.Line
	}
	inside, _ := tableOf(meta, value) // of "a.b = 1" only b has a place
	first := 0
	for _, one := range inside {
		if at := lineOf(meta, one); first == 0 || at < first {
			first = at
		}
	}
	return first
}

// assign gives a setting its value, if that is of the type that the setting has.
func assign(meta *toml.MetaData, value toml.Primitive, key string, into reflect.Value) error {
	var given seen
	if err := meta.PrimitiveDecode(value, &given); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	wanted, ok := "", false
	switch kind := into.Type(); {
	case kind.Kind() == reflect.String:
		var text string
		if text, ok = given.value.(string); ok {
			into.SetString(text)
		}
		wanted = "text in quotes"
	case kind == reflect.TypeFor[*bool]():
		var on bool
		if on, ok = given.value.(bool); ok {
			into.Set(reflect.ValueOf(&on))
		}
		wanted = "true or false, without quotes"
	case kind == reflect.TypeFor[any]():
		switch given.value.(type) {
		case string, bool, int64:
			into.Set(reflect.ValueOf(given.value))
			ok = true
		}
		wanted = "text in quotes"
	}
	if !ok {
		return fmt.Errorf("%s is %s, and not %s", key, wanted, tomlType(given.value))
	}
	return nil
}

// tomlType names the type of a value in a file.
func tomlType(value any) string {
	switch value := value.(type) {
	case string:
		return fmt.Sprintf("the text %q", value)
	case bool:
		return fmt.Sprintf("%t", value)
	case int64, float64:
		return fmt.Sprintf("the number %v", value)
	case time.Time:
		return "a date"
	case map[string]any:
		return "a table"
	case []any, []map[string]any:
		return "a list"
	}
	return "this"
}

// noSuch says that a key means nothing, and which one may have been meant.
func noSuch(what, key string, known []string) string {
	words := fmt.Sprintf("there is no %s %q", what, key)
	if near := nearest(key, known); near != "" {
		return words + fmt.Sprintf("; did you mean %s?", near)
	}
	return words + "; there are " + strings.Join(known, ", ")
}

// nearest is the word of a list that most resembles another one, or "" if none does.
func nearest(word string, known []string) string {
	best, fewest := "", max(2, len(word)/3)+1
	for _, k := range known {
		if n := changes(strings.ToLower(word), k); n < fewest {
			best, fewest = k, n
		}
	}
	return best
}

// changes is how many letters have to be put in, taken out or replaced to make one word of another (Levenshtein).
func changes(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			here := before
			if a[i] != b[j] {
				here++
			}
			before = row[j+1]
			row[j+1] = min(here, row[j]+1, before+1)
		}
	}
	return row[len(b)]
}
