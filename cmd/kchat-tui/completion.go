// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kchat/server"
	"kchat/tui/pixels"
	"kchat/tui/styles"
)

// flagValues are what the shells' completion offers for flags of these names; nil: nothing, and no files either. Other
// flags take files.
func flagValues() map[string][]string {
	return map[string][]string{
		"room": nil, "server": nil, "user": nil, "port": nil, "wait": nil, "timeout": nil, "since": nil, "number": nil, "uid": nil,
		"community": nil, "listen": nil, "for": nil, "reason": nil, "name": nil, "ether": nil, "session": nil,
		"images": {string(pixels.Auto), string(pixels.KittyOnly), string(pixels.SixelOnly), string(pixels.Blocks), string(pixels.Off)},
		"theme":  {styles.Auto, styles.DarkName, styles.LightName, styles.Contrast, styles.Colorblind},
		"ascii":  {"auto", "on", "off"},
		"mode":   {string(server.ModeAuto), string(server.ModeVM), string(server.ModeNative)},
	}
}

// offerValues tells the shells' completion what the flags of a command, and of those below it, take.
func offerValues(cmd *cobra.Command, values map[string][]string) {
	offer := func(f *pflag.Flag) {
		if these, known := values[f.Name]; known {
			// It is refused where another command has the same flag: that one has it already.
			_ = cmd.RegisterFlagCompletionFunc(f.Name, cobra.FixedCompletions(these, cobra.ShellCompDirectiveNoFileComp))
		}
	}
	cmd.Flags().VisitAll(offer)
	cmd.PersistentFlags().VisitAll(offer)
	for _, below := range cmd.Commands() {
		offerValues(below, values)
	}
}
