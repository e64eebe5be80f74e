// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"kchat/rooms"
)

func BenchmarkPrint(b *testing.B) {
	m := rooms.Message{
		Room: "den", ID: rooms.MessageID{1, 2, 3}, Pos: rooms.Position{Epoch: 1 << 32, Seq: 12345}, Time: time.Now(), Sender: 7,
		Name: "Anna", Kind: rooms.KindText, Text: "a line of talk, as people write them, of about sixty-four bytes.",
	}
	for name, p := range map[string]printer{"json": jsonPrinter{}, "text": textPrinter{}} {
		b.Run(name, func(b *testing.B) {
			var line bytes.Buffer
			b.ReportAllocs()
			for b.Loop() {
				line.Reset()
				r := messageRecord(m)
				if err := p.print(&line, &r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestAnActionIsPrintedAsASentence(t *testing.T) {
	var line bytes.Buffer
	r := messageRecord(rooms.Message{Room: "den", Name: "Anna", Kind: rooms.KindText, Text: "/me waves\x1b[2J"})
	if err := (textPrinter{}).print(&line, &r); err != nil {
		t.Fatal(err)
	}
	if got := line.String(); !strings.HasSuffix(got, " * Anna waves␛[2J\n") {
		t.Errorf("printed %q", got)
	}
}
