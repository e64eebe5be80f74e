// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"

	"kchat/tui"
	"kchat/tui/desk"
	"kchat/tui/notify"
	"kchat/tui/styles"
	"kchat/tui/words"
)

// screenSettings are the lines of the configuration about how the screen looks and calls.
type screenSettings struct {
	Language   string `toml:"language"`
	Theme      string `toml:"theme"`
	ASCII      any    `toml:"ascii"`
	AwayAfter  any    `toml:"away_after"`
	Notify     string `toml:"notify"`
	NotifyText any    `toml:"notify_text"`
}

// screenLooks is what the settings come to.
type screenLooks struct {
	locale    string // or the language that was set
	theme     string // for this run, by flag or environment; empty: none is set
	usual     string // the configuration's; empty: none is set
	usualAt   string // where that stands
	ascii     bool
	notify    notify.Method
	hideWords bool
}

// complete checks the settings. The flags count before them: themeFlag and asciiFlag are empty where none is given.
func (s screenSettings) complete(themeFlag, asciiFlag string) (screenLooks, error) {
	l := screenLooks{theme: cmp.Or(themeFlag, os.Getenv("KCHAT_THEME")), usual: s.Theme}
	var err error
	if l.locale, err = spoken(s.Language); err != nil {
		return l, err
	}
	if l.notify, err = notify.ParseMethod(s.Notify); err != nil {
		return l, settingError{"notify", err}
	}
	words, err := switched("notify_text", s.NotifyText, true)
	if err != nil {
		return l, err
	}
	l.hideWords = !words
	ascii := s.ASCII
	if asciiFlag != "" {
		ascii = asciiFlag
	}
	if ascii == "auto" {
		ascii = nil
	}
	l.ascii, err = switched("ascii", ascii, !speaksUnicode(cmp.Or(os.Getenv("LC_ALL"), os.Getenv("LC_CTYPE"), os.Getenv("LANG"))))
	if err != nil && asciiFlag != "" {
		return l, fmt.Errorf("--%s", err) // no mistake of the configuration
	}
	return l, err
}

// spoken is the language that is set, or the locale where none is. A locale whose terminal does not take UTF-8 could
// show English only.
func spoken(language string) (string, error) {
	locale := cmp.Or(os.Getenv("LC_ALL"), os.Getenv("LC_MESSAGES"), os.Getenv("LANG"))
	switch {
	case slices.Contains(words.Languages(), language):
		return language, nil
	case language != "" && language != "auto":
		return "", settingErrorf("language", `is "auto" or one of "%s", not %q`, strings.Join(words.Languages(), `", "`), language)
	case !speaksUnicode(locale):
		return "", nil
	default:
		return locale, nil
	}
}

// switched reads on and off, as a word or as TOML's true and false.
func switched(key string, value any, otherwise bool) (bool, error) {
	switch value {
	case nil:
		return otherwise, nil
	case "on", true:
		return true, nil
	case "off", false:
		return false, nil
	}
	also := ""
	if key == "ascii" {
		also = `"auto", `
	}
	return false, settingErrorf(key, `is %s"on" or "off", not %q`, also, fmt.Sprint(value))
}

// speaksUnicode reports whether what is written in a locale is UTF-8. One that names no character set is taken to be,
// as none is where nothing was set up; C and POSIX are ASCII.
func speaksUnicode(locale string) bool {
	if locale == "C" || locale == "POSIX" {
		return false
	}
	_, charset, named := strings.Cut(locale, ".")
	charset, _, _ = strings.Cut(charset, "@")
	return !named || strings.EqualFold(strings.ReplaceAll(charset, "-", ""), "utf8")
}

// wear loads the theme: the one that was set for this run, else the one that was chosen in the screen last time, else the
// configuration's. That the chosen one has gone or is damaged keeps nobody out.
func (l screenLooks) wear(ctx context.Context, themes *desk.Themes, chosen string, log *slog.Logger) (tui.Looks, error) {
	looks := tui.Looks{Themes: themes, ASCII: l.ascii, Plain: os.Getenv("NO_COLOR") != ""}
	looks.Usual = cmp.Or(l.usual, styles.Auto)
	if l.theme == "" && chosen != "" {
		theme, err := themes.Load(ctx, chosen)
		if err == nil {
			looks.Theme = theme
			return looks, nil
		}
		log.Warn("the theme of last time cannot be used", "error", err)
		looks.ThemeErr = err
	}
	theme, err := themes.Load(ctx, cmp.Or(l.theme, looks.Usual))
	if err != nil && l.theme == "" && l.usualAt != "" {
		return looks, coded{fmt.Errorf("%s: theme: %w", l.usualAt, err), exitUsage}
	}
	if err != nil {
		return looks, coded{fmt.Errorf("theme: %w", err), exitUsage}
	}
	looks.Theme = theme
	return looks, nil
}
