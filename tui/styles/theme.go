// SPDX-License-Identifier: GPL-2.0-only

package styles

import (
	"fmt"
	"hash/fnv"
	"image/color"
)

// Palette is a set of colours by what they are for. The ground is the terminal's own: Ground is the one that the
// palette was chosen for, and what counts until the terminal has told its own.
type Palette struct {
	Name   string
	Light  bool    // for a light ground
	Ratio  float64 // the contrast that its text has at least
	Ground color.RGBA

	Text   color.RGBA
	Muted  color.RGBA // second in rank: topics, titles of panes
	Faint  color.RGBA // third: times, hints
	Accent color.RGBA // what is ours or active
	Good   color.RGBA
	Warn   color.RGBA
	Bad    color.RGBA
	Border color.RGBA // lines; not for text

	Mention color.RGBA // what names us
	Quote   color.RGBA
	Link    color.RGBA
	Match   color.RGBA // what was searched for

	Code, CodeKeyword, CodeString, CodeNumber, CodeComment color.RGBA

	Names []color.RGBA // of persons, told apart by eye
}

// token is a colour of a palette by its name in a theme's file.
type token struct {
	name string
	of   func(p *Palette) *color.RGBA
	line bool // it is not for text
}

// tokens are all colours but those of names.
func tokens() []token {
	return []token{
		{name: "text", of: func(p *Palette) *color.RGBA { return &p.Text }},
		{name: "muted", of: func(p *Palette) *color.RGBA { return &p.Muted }},
		{name: "faint", of: func(p *Palette) *color.RGBA { return &p.Faint }},
		{name: "accent", of: func(p *Palette) *color.RGBA { return &p.Accent }},
		{name: "good", of: func(p *Palette) *color.RGBA { return &p.Good }},
		{name: "warn", of: func(p *Palette) *color.RGBA { return &p.Warn }},
		{name: "bad", of: func(p *Palette) *color.RGBA { return &p.Bad }},
		{name: "border", of: func(p *Palette) *color.RGBA { return &p.Border }, line: true},
		{name: "mention", of: func(p *Palette) *color.RGBA { return &p.Mention }},
		{name: "quote", of: func(p *Palette) *color.RGBA { return &p.Quote }},
		{name: "link", of: func(p *Palette) *color.RGBA { return &p.Link }},
		{name: "match", of: func(p *Palette) *color.RGBA { return &p.Match }},
		{name: "code", of: func(p *Palette) *color.RGBA { return &p.Code }},
		{name: "code_keyword", of: func(p *Palette) *color.RGBA { return &p.CodeKeyword }},
		{name: "code_string", of: func(p *Palette) *color.RGBA { return &p.CodeString }},
		{name: "code_number", of: func(p *Palette) *color.RGBA { return &p.CodeNumber }},
		{name: "code_comment", of: func(p *Palette) *color.RGBA { return &p.CodeComment }},
	}
}

// Dark is for terminals with a dark ground.
func Dark() Palette {
	return Palette{
		Name: "dark", Ratio: TextRatio, Ground: hex(0x161920),
		Text: hex(0xdfe3ea), Muted: hex(0x9aa2b1), Faint: hex(0x7f8797), Border: hex(0x3c4352),
		Accent: hex(0x7cb7ff), Good: hex(0x7fd8a4), Warn: hex(0xf2c572), Bad: hex(0xff8f8f),
		Mention: hex(0xffd166), Quote: hex(0x9fb3c8), Link: hex(0x8ab4f8), Match: hex(0xffe08a),
		Code: hex(0xc9d1d9), CodeKeyword: hex(0xd2a8ff), CodeString: hex(0xa5d6a7), CodeNumber: hex(0xf2b482), CodeComment: hex(0x8b949e),
		Names: hues(0xf2a97e, 0x8fd694, 0xd6a2f2, 0xf2d06b, 0x7fd4d0, 0xf295b8, 0xa9c77a, 0xe0b48a, 0x6fcfa8, 0xc9a6d9, 0xe8a0a0, 0xb7b7f5),
	}
}

// Light is for terminals with a light ground.
func Light() Palette {
	return Palette{
		Name: "light", Light: true, Ratio: TextRatio, Ground: hex(0xffffff),
		Text: hex(0x22262e), Muted: hex(0x586070), Faint: hex(0x6b7382), Border: hex(0xc5cad3),
		Accent: hex(0x1a5fb4), Good: hex(0x1f7a46), Warn: hex(0x8f5d00), Bad: hex(0xb3261e),
		Mention: hex(0x9a4a00), Quote: hex(0x4f6479), Link: hex(0x1550a0), Match: hex(0x7a5200),
		Code: hex(0x2f3640), CodeKeyword: hex(0x7b2fa8), CodeString: hex(0x1f6f3f), CodeNumber: hex(0x9c4a10), CodeComment: hex(0x646c78),
		Names: hues(0xa84a12, 0x2f7a35, 0x7d3fa6, 0x7a5f00, 0x0f706c, 0xa5316a, 0x556b1c, 0x8a5524, 0x1d7357, 0x6d4584, 0xa03a3a, 0x4a4aa8),
	}
}

// contrastDark and contrastLight are for those who need more contrast than most.
func contrastDark() Palette {
	return Palette{
		Name: "contrast", Ratio: ContrastRatio, Ground: hex(0x000000),
		Text: hex(0xffffff), Muted: hex(0xe4e4e4), Faint: hex(0xcfcfcf), Border: hex(0xb0b0b0),
		Accent: hex(0x7fd0ff), Good: hex(0x7dffa8), Warn: hex(0xffe066), Bad: hex(0xffb0b0),
		Mention: hex(0xffff5c), Quote: hex(0xd0e4f5), Link: hex(0xa8d4ff), Match: hex(0xffff5c),
		Code: hex(0xffffff), CodeKeyword: hex(0xe6c8ff), CodeString: hex(0xb9ffc4), CodeNumber: hex(0xffcf9f), CodeComment: hex(0xcfcfcf),
		Names: hues(0xffc49c, 0xa9f5ad, 0xe6c0ff, 0xffe27a, 0x98f0ec, 0xffb3d1, 0xd0ee9c, 0xc4c4ff),
	}
}

func contrastLight() Palette {
	return Palette{
		Name: "contrast", Light: true, Ratio: ContrastRatio, Ground: hex(0xffffff),
		Text: hex(0x000000), Muted: hex(0x262626), Faint: hex(0x3a3a3a), Border: hex(0x5a5a5a),
		Accent: hex(0x003c9e), Good: hex(0x005522), Warn: hex(0x5c3a00), Bad: hex(0x940010),
		Mention: hex(0x7a2e00), Quote: hex(0x24394d), Link: hex(0x003c9e), Match: hex(0x553800),
		Code: hex(0x000000), CodeKeyword: hex(0x560a80), CodeString: hex(0x004d20), CodeNumber: hex(0x6e2c00), CodeComment: hex(0x3a3a3a),
		Names: hues(0x7a3000, 0x0f5216, 0x5b1c85, 0x574200, 0x004f4c, 0x7d1048, 0x3a4d00, 0x2e2e8c),
	}
}

// blindDark and blindLight take their hues from the palette of Okabe and Ito (Color Universal Design, 2002), which
// those can tell apart who do not see red or green as others do. Nothing in the screen is said by colour alone.
func blindDark() Palette {
	return Palette{
		Name: "colorblind", Ratio: TextRatio, Ground: hex(0x161920),
		Text: hex(0xe4e6ea), Muted: hex(0xa2a8b3), Faint: hex(0x848b97), Border: hex(0x434a58),
		Accent: hex(0x56b4e9), Good: hex(0x2fc79b), Warn: hex(0xf0e442), Bad: hex(0xe8710a),
		Mention: hex(0xf0e442), Quote: hex(0xa2a8b3), Link: hex(0x56b4e9), Match: hex(0xf0e442),
		Code: hex(0xe4e6ea), CodeKeyword: hex(0x56b4e9), CodeString: hex(0xe69f00), CodeNumber: hex(0xf0e442), CodeComment: hex(0x9aa0aa),
		Names: hues(0xe69f00, 0x56b4e9, 0x009e73, 0xf0e442, 0x0072b2, 0xd55e00, 0xcc79a7),
	}
}

func blindLight() Palette {
	return Palette{
		Name: "colorblind", Light: true, Ratio: TextRatio, Ground: hex(0xffffff),
		Text: hex(0x1f2329), Muted: hex(0x555c68), Faint: hex(0x6a717d), Border: hex(0xc0c5ce),
		Accent: hex(0x0072b2), Good: hex(0x00664a), Warn: hex(0x7d6f00), Bad: hex(0xc24a00),
		Mention: hex(0xc24a00), Quote: hex(0x555c68), Link: hex(0x0072b2), Match: hex(0x7d6f00),
		Code: hex(0x1f2329), CodeKeyword: hex(0x0072b2), CodeString: hex(0xa34700), CodeNumber: hex(0x7d6f00), CodeComment: hex(0x666d79),
		Names: hues(0x7b5300, 0x387a9f, 0x008460, 0x44410c, 0x00426b, 0xbf5400, 0x6e3f59),
	}
}

// Theme is what one chooses: a palette for each kind of ground.
type Theme struct {
	Name        string
	dark, light Palette
}

// For is the theme's palette for a ground.
func (t Theme) For(light bool) Palette {
	if light {
		return t.light
	}
	return t.dark
}

// The names of the themes that are built in. Auto is what counts when none is chosen.
const (
	Auto       = "auto"
	DarkName   = "dark"
	LightName  = "light"
	Contrast   = "contrast"
	Colorblind = "colorblind"
)

// Themes are those that are built in.
func Themes() []Theme {
	return []Theme{
		{Auto, Dark(), Light()},
		{DarkName, Dark(), Dark()},
		{LightName, Light(), Light()},
		{Contrast, contrastDark(), contrastLight()},
		{Colorblind, blindDark(), blindLight()},
	}
}

// Builtin is the built-in theme of a name.
func Builtin(name string) (Theme, bool) {
	for _, t := range Themes() {
		if t.Name == name {
			return t, true
		}
	}
	return Theme{}, false
}

// version tells renderings by different styles apart.
func version(p Palette, o Options) uint64 {
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, p, o) // a hash never fails
	return h.Sum64()
}

func hues(all ...uint32) []color.RGBA {
	out := make([]color.RGBA, len(all))
	for i, rgb := range all {
		out[i] = hex(rgb)
	}
	return out
}
