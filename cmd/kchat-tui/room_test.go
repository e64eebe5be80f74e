// SPDX-License-Identifier: GPL-2.0-only

package main

import "testing"

func TestARoomIsNamedAsItIsShown(t *testing.T) {
	for typed, want := range map[string]string{"den": "den", "#den": "den", " #Den ": "den", "#한글": "한글", "@1-2": "@1-2"} {
		var room roomFlag
		if err := room.Set(typed); err != nil || string(room) != want {
			t.Errorf("--room %q is %q, %v", typed, room, err)
		}
	}
}
