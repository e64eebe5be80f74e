// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"context"
	"fmt"
	"testing"
	"time"

	"kchat/rooms"
)

func at(epoch, seq uint64) rooms.Position { return rooms.Position{Epoch: epoch, Seq: seq} }

// counted saves messages 1 to n, whose texts are their numbers.
func counted(t testing.TB, s *Store, n int) {
	t.Helper()
	var list []rooms.Message
	for i := 1; i <= n; i++ {
		list = append(list, said(i, fmt.Sprint(i)))
	}
	save(t, s, list...)
}

func TestReadingGoesBackAndForthFromAPosition(t *testing.T) {
	ctx, s := context.Background(), openTest(t)
	counted(t, s, 10)
	equal(t, "last", texts(must(s.Last(ctx, lobby, 3))(t)), []string{"8", "9", "10"})
	equal(t, "before", texts(must(s.Before(ctx, lobby, at(1, 8), 3))(t)), []string{"5", "6", "7"})
	equal(t, "before the first", texts(must(s.Before(ctx, lobby, at(1, 1), 3))(t)), nil)
	equal(t, "after", texts(must(s.After(ctx, lobby, at(1, 8), 9))(t)), []string{"9", "10"})
	equal(t, "from the beginning", texts(must(s.After(ctx, lobby, rooms.Position{}, 2))(t)), []string{"1", "2"})
	equal(t, "around", texts(must(s.Around(ctx, lobby, at(1, 5), 2))(t)), []string{"3", "4", "5", "6", "7"})
	equal(t, "nothing asked", texts(must(s.Last(ctx, lobby, 0))(t)), nil)
	equal(t, "unknown room", texts(must(s.Last(ctx, Key{Room: "nowhere"}, 5))(t)), nil)
	equal(t, "since", texts(gather(t, s.Since(ctx, lobby, noon.Add(9*time.Second)))), []string{"9", "10"})
	equal(t, "since later", texts(gather(t, s.Since(ctx, lobby, noon.Add(time.Hour)))), nil)
}

func TestPositionsDecideTheOrderAlsoWhenTheClockWentBackwards(t *testing.T) {
	ctx, s := context.Background(), openTest(t)
	old, later := said(1, "before the restart"), said(2, "after it")
	later.Pos, later.Time = at(2, 1), noon.Add(-time.Hour)
	save(t, s, later, old)
	equal(t, "talk", texts(must(s.Last(ctx, lobby, 5))(t)), []string{"before the restart", "after it"})
	equal(t, "since", texts(gather(t, s.Since(ctx, lobby, noon))), []string{"before the restart", "after it"})
}

func TestWhatClaimsOnePositionIsAllThereInWhateverPages(t *testing.T) {
	ctx, s := context.Background(), openTest(t)
	const n = 2*pageSize + 3
	var list []rooms.Message
	for i := 1; i <= n; i++ {
		m := said(i, "same")
		m.Pos, m.Time = at(1, 7), noon
		list = append(list, m)
	}
	save(t, s, list...)
	equal(t, "entries", len(gather(t, s.All(ctx, lobby))), n)
	equal(t, "own", len(gather(t, s.Own(ctx, testCommunity, "lobby", bob, at(1, 6), at(1, 7)))), n)
}

func TestOwnYieldsTheRawMessagesOfOneSenderInAWant(t *testing.T) {
	ctx, s := context.Background(), openTest(t)
	edit := to(2, rooms.KindEdit, said(5, "edited"))
	save(t, s, said(1, "1"), said(2, "2"), by(ann, "ann", said(3, "3")), said(4, "4"), edit, said(6, "6"))
	next := said(7, "7")
	next.Pos = at(2, 1)
	save(t, s, next)
	own := func(from, to rooms.Position) (words []string) {
		for _, m := range gather(t, s.Own(ctx, testCommunity, "lobby", bob, from, to)) {
			words = append(words, m.Text)
		}
		return words
	}
	equal(t, "after 1 up to 5", own(at(1, 1), at(1, 5)), []string{"2", "4", "edited"})
	equal(t, "the rest of epoch 1", own(at(1, 5), at(2, 0)), []string{"6"})
	equal(t, "into epoch 2", own(at(1, 5), at(2, 1)), []string{"6", "7"})
}

func TestEditsDeletionsAndReactionsAreApplied(t *testing.T) {
	edit := func(n int, text string) rooms.Message { return to(1, rooms.KindEdit, said(n, text)) }
	react := func(n int, who rooms.AccountID, what string, removed bool) rooms.Message {
		m := to(1, rooms.KindReact, by(who, "x", said(n, what)))
		m.Removed = removed
		return m
	}
	original := said(1, "first words")
	edited := original
	edited.Text = "third words"
	withdrawn := original
	withdrawn.Text = ""
	for name, tc := range map[string]struct {
		then []rooms.Message
		want Entry
	}{
		"nothing": {nil, Entry{Message: original}},
		"edited twice": {
			[]rooms.Message{edit(2, "second words"), edit(3, "third words")},
			Entry{Message: edited, Edited: noon.Add(3 * time.Second), Original: "first words"},
		},
		"edited, the later edit saved first": {
			[]rooms.Message{edit(3, "third words"), edit(2, "second words")},
			Entry{Message: edited, Edited: noon.Add(3 * time.Second), Original: "first words"},
		},
		"edited by another": {[]rooms.Message{by(ann, "ann", edit(2, "forged"))}, Entry{Message: original}},
		"deleted":           {[]rooms.Message{to(1, rooms.KindDelete, said(2, ""))}, Entry{Message: withdrawn, Deleted: true}},
		"deleted by another": {
			[]rooms.Message{by(ann, "ann", to(1, rooms.KindDelete, said(2, "")))}, Entry{Message: original},
		},
		"deleted, then edited and reacted to": {
			[]rooms.Message{to(1, rooms.KindDelete, said(2, "")), edit(3, "back"), react(4, ann, "👍", false)},
			Entry{Message: withdrawn, Deleted: true},
		},
		"reactions in the order of their coming": {
			[]rooms.Message{react(2, ann, "👍", false), react(3, bob, "🎉", false), react(4, bob, "👍", false)},
			Entry{Message: original, Reactions: []Reaction{{"👍", []rooms.AccountID{ann, bob}}, {"🎉", []rooms.AccountID{bob}}}},
		},
		"a reaction twice, and taken back": {
			[]rooms.Message{react(2, ann, "👍", false), react(3, ann, "👍", false), react(4, bob, "👍", true), react(5, ann, "👍", true)},
			Entry{Message: original},
		},
	} {
		for _, targetFirst := range []bool{true, false} {
			t.Run(fmt.Sprint(name, ", target first: ", targetFirst), func(t *testing.T) {
				s := openTest(t)
				if targetFirst {
					save(t, s, original)
				}
				save(t, s, tc.then...)
				if !targetFirst {
					save(t, s, original)
				}
				equal(t, "entries", must(s.Last(context.Background(), lobby, 10))(t), []Entry{tc.want})
			})
		}
	}
}

func TestListOfRooms(t *testing.T) {
	ctx, s := context.Background(), openTest(t)
	past := said(2, "before we came")
	past.Backfill = true
	save(t, s, said(1, "read"), past, said(3, "unread"), by(ann, "ann", said(4, "mine")), to(3, rooms.KindReact, said(5, "👍")))
	for _, step := range []error{
		s.SetRead(ctx, lobby, at(1, 1)),
		s.Remember(ctx, lobby, RoomState{Open: true, Draft: "half a wo", Favourite: true, Notify: 2, Read: at(0, 9)}),
	} {
		if step != nil {
			t.Fatal(step)
		}
	}
	equal(t, "rooms", must(s.Rooms(ctx, testCommunity, ann))(t), []Room{{
		Key: lobby, Unread: 1, First: noon.Add(time.Second), Last: noon.Add(5 * time.Second), Read: at(1, 1), Open: true,
		Draft: "half a wo", Favourite: true, Notify: 2,
	}})
	equal(t, "draft", must(s.Draft(ctx, lobby))(t), "half a wo")
	equal(t, "entries", must(s.Count(ctx, lobby))(t), 4)
	equal(t, "other community", must(s.Rooms(ctx, rooms.UUID{2}, ann))(t), nil)
}

func TestPeopleHaveTheNameTheyWereSeenWithLast(t *testing.T) {
	ctx, s := context.Background(), openTest(t)
	save(t, s, by(bob, "robert", said(2, "x")), by(bob, "bob", said(1, "x")), by(ann, "ann", said(3, "x")))
	equal(t, "name", must(s.NameOf(ctx, testCommunity, bob))(t), "robert")
	equal(t, "unknown", must(s.NameOf(ctx, testCommunity, 99))(t), "")
	equal(t, "people", must(s.People(ctx, testCommunity))(t), []Person{
		{testCommunity, ann, "ann", noon.Add(3 * time.Second)}, {testCommunity, bob, "robert", noon.Add(2 * time.Second)},
	})
}

func TestPinsAreKeptByAddress(t *testing.T) {
	ctx, s := context.Background(), openTest(t)
	_, found, err := s.Pin(ctx, "127.0.0.1:10106")
	equal(t, "unknown address", must(found, err)(t), false)
	pin := rooms.Pin{
		Address: "127.0.0.1:10106", Server: rooms.UUID{3}, Community: testCommunity, Name: "here", Iterations: 4096,
		Salts: map[string][]byte{"ann": {1, 2, 3}},
	}
	for range 2 {
		if err := s.SetPin(ctx, pin); err != nil {
			t.Fatal(err)
		}
		pin.Salts["bob"] = []byte{4}
	}
	got, _, err := s.Pin(ctx, pin.Address)
	equal(t, "pin", must(got, err)(t), pin)
}
