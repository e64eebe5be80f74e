// SPDX-License-Identifier: GPL-2.0-only

// Package words is the catalogue of everything the interface says. A language is one file in catalogue/, named by its
// code; English is complete, and what another language lacks is said in English. Adding a file adds a language.
//
// An entry is a sentence with places in braces, as in "{name} has joined". Entries that count have two forms, KEY.one
// and KEY.other; languages without that difference give only KEY.other.
package words

import (
	"embed"
	"fmt"
	"path"
	"strings"

	"github.com/BurntSushi/toml"
)

//go:embed catalogue/*.toml
var files embed.FS

const fallback = "en"

// errorTable is the table of the catalogue with the sentences of errors, which in English are those of the errors
// themselves.
const errorTable = "error."

// Catalogue says things in one language.
type Catalogue struct {
	Language string
	entries  map[string]string
	errors   map[string]string // an error's sentence in English, and its key
}

// Load returns the catalogue for a locale such as "ko_KR.UTF-8", or for a language such as "zh-TW". Locales without a
// file get English.
func Load(locale string) (*Catalogue, error) {
	entries, err := read(fallback)
	if err != nil {
		return nil, err
	}
	c := &Catalogue{Language: fallback, entries: entries, errors: make(map[string]string)}
	for key, sentence := range entries {
		if strings.HasPrefix(key, errorTable) {
			c.errors[sentence] = key
		}
	}
	for _, code := range candidates(locale) {
		own, err := read(code)
		if err != nil {
			continue
		}
		c.Language = code
		c.take(own)
		break
	}
	return c, nil
}

// take puts a language over the one before. What it counts with one form only has no other.
func (c *Catalogue) take(own map[string]string) {
	for key, entry := range own {
		c.entries[key] = entry
		if base, counts := strings.CutSuffix(key, ".other"); counts && own[base+".one"] == "" {
			delete(c.entries, base+".one")
		}
	}
}

// Say returns the entry for key, with the places filled from pairs of place and value. A key that does not exist comes
// back as it is, so that a missing word shows.
func (c *Catalogue) Say(key string, pairs ...any) string {
	entry, ok := c.entries[key]
	if !ok {
		return key
	}
	if len(pairs) == 0 {
		return entry
	}
	fill := make([]string, 0, len(pairs))
	for i := 0; i+1 < len(pairs); i += 2 {
		fill = append(fill, fmt.Sprintf("{%v}", pairs[i]), fmt.Sprint(pairs[i+1]))
	}
	return strings.NewReplacer(fill...).Replace(entry)
}

// Count is Say for what is counted: it picks the form for n and fills {n}.
func (c *Catalogue) Count(key string, n int, pairs ...any) string {
	form := ".other"
	if n == 1 {
		if _, ok := c.entries[key+".one"]; ok {
			form = ".one"
		}
	}
	return c.Say(key+form, append([]any{"n", n}, pairs...)...)
}

// Translates reports whether errors are said otherwise than they say themselves.
func (c *Catalogue) Translates() bool { return c.Language != fallback }

// Translate gives what an error says, which is English, in this language, and whether the catalogue knows it. In English
// it is what it was.
func (c *Catalogue) Translate(sentence string) (string, bool) {
	key, known := c.errors[sentence]
	if !known || !c.Translates() {
		return sentence, false
	}
	return c.entries[key], true
}

// Languages are the codes of those that there are, in the order of the alphabet.
func Languages() []string {
	entries, err := files.ReadDir("catalogue")
	if err != nil {
		return []string{fallback}
	}
	var codes []string
	for _, entry := range entries {
		codes = append(codes, strings.TrimSuffix(entry.Name(), ".toml"))
	}
	return codes
}

// Has reports whether an entry exists.
func (c *Catalogue) Has(key string) bool {
	_, ok := c.entries[key]
	return ok
}

// Keys returns all keys.
func (c *Catalogue) Keys() []string {
	keys := make([]string, 0, len(c.entries))
	for key := range c.entries {
		keys = append(keys, key)
	}
	return keys
}

// candidates returns the names a locale's file can have: de_AT.UTF-8 is de-AT, then de. Where Chinese is written in
// traditional characters it is zh-TW; no other Chinese is taken for it, since its readers may prefer English.
func candidates(locale string) []string {
	locale, _, _ = strings.Cut(locale, ".")
	locale, _, _ = strings.Cut(locale, "@")
	locale = strings.ReplaceAll(locale, "_", "-")
	language, rest, _ := strings.Cut(locale, "-")
	if strings.EqualFold(language, "zh") {
		place, _, _ := strings.Cut(strings.ToLower(rest), "-")
		switch place {
		case "tw", "hk", "mo", "hant":
			return []string{"zh-TW"}
		}
		return nil
	}
	var out []string
	for _, code := range []string{locale, language} {
		if code != "" && !strings.ContainsAny(code, "/\\") {
			out = append(out, code)
		}
	}
	return out
}

func read(code string) (map[string]string, error) {
	data, err := files.ReadFile(path.Join("catalogue", code+".toml"))
	if err != nil {
		return nil, fmt.Errorf("words for %q: %w", code, err)
	}
	var tables map[string]any
	if err := toml.Unmarshal(data, &tables); err != nil {
		return nil, fmt.Errorf("words for %q: %w", code, err)
	}
	entries := make(map[string]string)
	flatten(entries, "", tables)
	return entries, nil
}

// flatten turns [login] title = "…" into login.title.
func flatten(entries map[string]string, prefix string, table map[string]any) {
	for key, value := range table {
		switch value := value.(type) {
		case string:
			entries[prefix+key] = value
		case map[string]any:
			flatten(entries, prefix+key+".", value)
		}
	}
}
