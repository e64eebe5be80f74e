// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"kchat/tui"
)

// keysSetting is the table of the configuration that says which keys do what: those of the chat in it, those of other parts
// of the screen in tables of their own within.
const keysSetting = "keys"

// decodeKeys takes the keys out of their table.
func (f *readConfig) decodeKeys(meta *toml.MetaData, value toml.Primitive) (wrong []error) {
	actions := map[string][]string{} // by table
	for _, a := range tui.Actions() {
		actions[a.Table] = append(actions[a.Table], a.Name)
	}
	at := f.lines[keysSetting]
	tell := func(line int, format string, args ...any) {
		wrong = append(wrong, fmt.Errorf("%s:%d: "+format, append([]any{f.path, line}, args...)...))
	}
	given, is := tableOf(meta, value)
	if !is {
		tell(at, `keys is a table: [keys], and below it lines such as search = "ctrl+s"`)
		return wrong
	}
	f.Keys = tui.Keymap{}
	lines := map[string]int{}
	take := func(table, name, key string, value toml.Primitive) {
		line := lineOf(meta, value)
		lines[table+" "+name] = line
		var v seen
		if err := meta.PrimitiveDecode(value, &v); err != nil {
			tell(line, "%s: %w", key, err)
			return
		}
		keys, err := keysOf(v.value)
		switch {
		case !slices.Contains(actions[table], name):
			tell(line, "%s: %s", key, noSuch("action", name, actions[table]))
		case err != nil:
			tell(line, "%s: %w", key, err)
		default:
			if f.Keys[table] == nil {
				f.Keys[table] = map[string][]string{}
			}
			f.Keys[table][name] = keys
		}
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if name == tui.KeysChat || actions[name] == nil {
			take(tui.KeysChat, name, keysSetting+"."+name, given[name])
			continue
		}
		within, is := tableOf(meta, given[name])
		if !is {
			tell(lineOf(meta, given[name]), `keys.%s is a table: [keys.%s]`, name, name)
			continue
		}
		for _, action := range slices.Sorted(maps.Keys(within)) {
			take(name, action, keysSetting+"."+name+"."+action, within[action])
		}
	}
	for _, fault := range f.Keys.Check() {
		key := strings.ReplaceAll(keysSetting+"."+fault.Table+"."+fault.Action, "."+tui.KeysChat+".", ".")
		tell(lines[fault.Table+" "+fault.Action], "%s: %w", key, fault.Err)
	}
	return wrong
}

// tableOf are the values in a table, if it is one.
func tableOf(meta *toml.MetaData, value toml.Primitive) (within map[string]toml.Primitive, is bool) {
	var whole seen
	if err := meta.PrimitiveDecode(value, &whole); err != nil {
		return nil, false
	}
	if _, is = whole.value.(map[string]any); !is {
		return nil, false
	}
	return within, meta.PrimitiveDecode(value, &within) == nil
}

// keysOf reads one key or a list of keys.
func keysOf(value any) ([]string, error) {
	list, is := value.([]any)
	if !is {
		list = []any{value}
	}
	keys := make([]string, len(list))
	for i, one := range list {
		text, is := one.(string)
		if !is {
			return nil, fmt.Errorf("a key in quotes is wanted, or a list of them, and not %s", tomlType(one))
		}
		key, err := tui.ParseKey(text)
		if err != nil {
			return nil, err
		}
		if slices.Contains(keys[:i], key) {
			return nil, fmt.Errorf("%q stands there twice", text)
		}
		keys[i] = key
	}
	return keys, nil
}
