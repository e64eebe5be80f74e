// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"cmp"
	"maps"
	"slices"

	"kchat/rooms"
	"kchat/tui/mention"
)

// namesFor are the people whom a message can name: who is in its room, then everybody whose name was seen.
func (c *chat) namesFor(draft rooms.Draft) []rooms.Person {
	if draft.Kind > rooms.KindEdit {
		return nil
	}
	names := maps.Clone(c.book.names)
	here := make(map[rooms.AccountID]bool)
	if r := c.book.find(draft.Room); r != nil {
		for id, p := range r.people {
			names[id], here[id] = p.Name, true
		}
	}
	delete(names, c.me.ID)
	people := make([]rooms.Person, 0, len(names))
	for id, name := range names {
		people = append(people, rooms.Person{ID: id, Name: name})
	}
	slices.SortFunc(people, func(a, b rooms.Person) int {
		if here[a.ID] != here[b.ID] {
			if here[a.ID] {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.ID, b.ID)
	})
	return people
}

// meant are those whom words name, by the rule that shows it to them.
func meant(words string, people []rooms.Person) []rooms.AccountID {
	var ids []rooms.AccountID
	for _, p := range people {
		if len(ids) < rooms.MentionsMost && len(mention.In(words, p.Name)) > 0 {
			ids = append(ids, p.ID)
		}
	}
	return ids
}
