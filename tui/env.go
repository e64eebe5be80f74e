// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"image/color"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"kchat/media"
	"kchat/tui/notify"
	"kchat/tui/pixels"
	"kchat/tui/styles"
	"kchat/tui/talk"
	"kchat/tui/words"
)

// askFor is how long a question to the server or the disk may take.
const askFor = 20 * time.Second

// env is what all parts of the screen share.
type env struct {
	cfg      *Config
	words    *words.Catalogue
	st       *styles.Styles
	look     *talk.Look
	theme    styles.Theme
	light    bool
	back     color.RGBA // the terminal's ground, as far as it is known
	keyboard keyboard
	color    media.Profile    // what the terminal has
	term     *pixels.Terminal // what else it has
	paint    *pixels.Painter  // what is not cells goes to the terminal by it
	window   *videoWindow     // of frames that the terminal has not taken
	ending   <-chan struct{}  // closed when the program is told to end
	notice   *notify.Terminal // how it gets attention; nil until its environment is known
	blurred  bool             // the terminal has said that it lost the focus
	settings Settings
	send     func(tea.Msg)                   // into the program, for its goroutines
	own      func(func(ctx context.Context)) // runs a goroutine that ends with the program
}

func newEnv(cfg *Config) (*env, error) {
	cfg.fill()
	w, err := words.Load(cfg.Locale)
	if err != nil {
		return nil, err
	}
	if cfg.ASCII {
		w.ASCII(styles.Marks())
	}
	e := &env{cfg: cfg, words: w, theme: cfg.Theme, color: media.TrueColor, settings: cfg.Settings}
	e.window = &videoWindow{now: cfg.Clock}
	e.paint = pixels.NewPainter(pixels.NewOutput(cfg.Output))
	e.look = &talk.Look{Words: w, Zone: cfg.Zone, NoPictures: cfg.Images == pixels.Off}
	e.dress()
	return e, nil
}

// dress makes the styles for the terminal's ground.
func (e *env) dress() {
	e.st = styles.New(e.theme.For(e.light), styles.Options{
		Ground: e.back, ASCII: e.cfg.ASCII, Plain: e.cfg.Plain || e.color == media.NoColor, Sixteen: e.color == media.ANSI16, Indexed: e.color == media.ANSI256,
	})
	e.look.Styles = e.st
}

// profileOf translates what the program found out about the terminal's colours.
func profileOf(p colorprofile.Profile) media.Profile {
	switch {
	case p >= colorprofile.TrueColor:
		return media.TrueColor
	case p == colorprofile.ANSI256:
		return media.ANSI256
	case p == colorprofile.ANSI:
		return media.ANSI16
	default:
		return media.NoColor
	}
}

// plainly is something of ours that is no word of the catalogue, such as the name of a key, as the terminal can draw it.
func (e *env) plainly(s string) string {
	if !e.cfg.ASCII {
		return s
	}
	return words.Plain(styles.Marks()).Replace(s)
}

// labelled is a table of keys, as they were changed, with names that the terminal can draw.
func (e *env) labelled(name string, table []binding) []binding {
	table = e.cfg.Keys.apply(name, table)
	for i, b := range table {
		table[i].keys.SetHelp(e.plainly(b.keys.Help().Key), "")
	}
	return table
}

func (e *env) say(key string, pairs ...any) string { return e.words.Say(key, pairs...) }

// ask runs something that waits, outside of Update, and brings back what is to be done with its result.
func ask(do func(ctx context.Context) tea.Msg) tea.Cmd { return askWithin(askFor, do) }

// askWithin is ask for what may take another time.
func askWithin(limit time.Duration, do func(ctx context.Context) tea.Msg) tea.Cmd {
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		return do(ctx)
	}
}
