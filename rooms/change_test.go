// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"testing"
	"testing/synctest"

	"kchat/wire"
)

// changesOfEachKind are drafts that change a message, with the frames that they go in.
func changesOfEachKind(target MessageID) map[wire.Type]Draft {
	return map[wire.Type]Draft{
		wire.TypeEdit:   {Room: "lobby", Kind: KindEdit, Target: target, Text: "hello there"},
		wire.TypeDelete: {Room: "lobby", Kind: KindDelete, Target: target},
		wire.TypeReact:  {Room: "lobby", Kind: KindReact, Target: target, Text: "👍", Removed: true},
	}
}

func talkIn(t *testing.T, f wire.Frame) wire.Talk {
	t.Helper()
	talk, err := wire.ParseTalk(f.Body)
	if err != nil {
		t.Fatal(err)
	}
	return talk
}

func TestChangesWaitForAConnectionAsWordsDo(t *testing.T) {
	for kind := range changesOfEachKind(MessageID{}) {
		bubble(t, func(t *testing.T, n *network) {
			u, p := open(t, n, meAndAnna(), nil)
			id, p := into(t, n, u, p, StateSent)
			n.setDown(true)
			p.conn.Close()
			await[Disconnected](u, nil)
			m, err := u.Send(changesOfEachKind(id)[kind])
			if err != nil {
				t.Fatal(err)
			}
			u.awaitState(m.ID, StateWaiting)
			synctest.Wait()
			if kept, ok := u.store.find(m.ID); !ok || kept.Target != id {
				t.Errorf("kept: %+v, %v", kept, ok)
			}
			p = n.back(epochOne, meAndAnna())
			f := p.expectSoon(kind)
			if MessageID(f.ID) != m.ID || MessageID(talkIn(t, f).Target) != id || (f.Flags&wire.FlagRemove != 0) != m.Removed {
				t.Errorf("sent: %+v", f)
			}
			p.echo(f, epochOne, 2)
			u.awaitState(m.ID, StateSent)
		})
	}
}

func TestChangesAreRefusedWhereNobodyElseIsAndCanBeSentAgain(t *testing.T) {
	for kind := range changesOfEachKind(MessageID{}) {
		bubble(t, func(t *testing.T, n *network) {
			u, p := open(t, n, meAndAnna(), nil)
			id, p := into(t, n, u, p, StateSent)
			m, err := u.Send(changesOfEachKind(id)[kind])
			if err != nil {
				t.Fatal(err)
			}
			p.refuse(p.expectSoon(kind), wire.ErrAlone, 0, 0)
			u.awaitState(m.ID, StateAlone)
			if err := u.Resend("lobby", m.ID); err != nil {
				t.Fatal(err)
			}
			p.echo(p.expectSoon(kind), epochOne, 2)
			u.awaitState(m.ID, StateSent)
		})
	}
}

func TestAnAnswerInAThreadSaysBoth(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, meAndAnna(), nil)
		m, err := u.Send(Draft{Room: "lobby", Text: "so it is", ReplyTo: MessageID{1}, Thread: MessageID{2}})
		if err != nil {
			t.Fatal(err)
		}
		f := p.expectSoon(wire.TypeMsg)
		if talk := talkIn(t, f); talk.ReplyTo != (wire.ID{1}) || talk.Thread != (wire.ID{2}) {
			t.Errorf("sent: %+v", talk)
		}
		p.echo(f, epochOne, 1)
		if got := u.awaitState(m.ID, StateSent); got.Thread != (MessageID{2}) {
			t.Errorf("it came back as %+v", got)
		}
		other := said(epochOne, 2, 2, wire.ID{9}, "")
		other.Body = wire.Talk{Thread: wire.ID{2}, Text: []byte("yes")}.Append(nil)
		p.relay(other)
		if got := await(u, func(e MessageChanged) bool { return e.Message.ID == MessageID{9} }); got.Message.Thread != (MessageID{2}) {
			t.Errorf("it came as %+v", got.Message)
		}
	})
}
