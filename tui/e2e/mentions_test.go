// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"regexp"
	"slices"
	"testing"

	"kchat/wire"
)

// Whom a client means it says beside the words, and that counts where the words name nobody.
func TestWhoIsMeantBesideTheWordsIsToldSo(t *testing.T) {
	anna := people.Start(t, "anna", withSettings(`notify = "osc9"`))
	eve := people.stranger(t, "eve", anna.Room)
	anna.Shows("2 here")
	anna.Say("eve, whom do you mean?")
	said := eve.heard("whom do you mean?")
	if talk, err := wire.ParseTalk(said.Body); err != nil || !slices.Equal(talk.Mentions, []uint64{eve.id}) {
		t.Errorf("anna's client means %v, %v; want eve, %d", talk.Mentions, err, eve.id)
	}
	side := anna.beside()
	anna.looksAway()
	eve.says("nobody in particular")
	if _, taken := eve.sends(wire.TypeMsg, wire.Talk{Text: []byte("the tallest of us"), Mentions: []uint64{said.Sender}}); !taken {
		t.Fatal("the server refuses a mention")
	}
	anna.Writes("\x1b]9;eve in #" + anna.Room + ": the tallest of us\a")
	anna.Writes("]2;(1) #" + side + " - kchat")
	anna.Until("it to be counted apart", func(screen string) bool {
		return regexp.MustCompile(`#` + anna.Room + ` +1 +@1`).MatchString(screen)
	})
	if anna.Wrote("nobody in particular\a") {
		t.Error("anna was told of what does not mean her")
	}
	anna.Focus(true)
	anna.Key("alt+m")
	anna.Shows("Where you were named", "the tallest of us")
	anna.ShowsNot("nobody in particular")
	anna.Key("enter")
	anna.inFront("#" + anna.Room + " ")
	anna.Key("esc") // what is selected has a bar too
	rowWith(anna, "▌", "the tallest of us")
	noRow(anna, "▌", "nobody in particular")
}
