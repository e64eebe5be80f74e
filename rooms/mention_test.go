// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"slices"
	"testing"

	"kchat/wire"
)

func TestWhomAMessageMeansGoesAndComesBesideItsWords(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, meAndAnna(), nil)
		crowd := make([]AccountID, MentionsMost+1)
		for i := range crowd {
			crowd[i] = AccountID(i + 100)
		}
		attached := &Attachment{Hash: Hash{1}, Size: 1, MIME: "image/png", Name: "x.png"}
		full := Message{Kind: KindText, Text: "all", Mentions: crowd[:MentionsMost], ReplyTo: MessageID{1}, Thread: MessageID{1}, Attached: attached}
		if err := talkOf(&full).Check(wire.TypeMsg); err != nil {
			t.Errorf("as many as there may be, with all else: %v", err)
		}
		if _, err := u.Send(Draft{Room: "lobby", Text: "all of you", Mentions: crowd}); err != nil {
			t.Fatal(err)
		}
		f := p.expectSoon(wire.TypeMsg)
		sent, err := wire.ParseTalk(f.Body)
		if err != nil || len(sent.Mentions) != MentionsMost || sent.Mentions[0] != 100 {
			t.Errorf("sent: %v, %v", sent.Mentions, err)
		}
		p.echo(f, epochOne, 1)
		said := said(epochOne, 2, annaID, wire.ID{2}, "")
		said.Body = wire.Talk{Text: []byte("hello"), Mentions: []uint64{myID, 7}}.Append(nil)
		p.relay(said)
		m := await(u, func(e MessageChanged) bool { return e.Message.Sender == annaID }).Message
		if !slices.Equal(m.Mentions, []AccountID{myID, 7}) {
			t.Errorf("came: %v", m.Mentions)
		}
	})
}
